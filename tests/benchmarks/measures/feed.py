"""Reading the feed with ten thousand released assets, as people who have liked some of them."""

import time

from tests.benchmarks.figures import Result, percentile
from tests.benchmarks.stand import Client, Stand

_ASSETS = 10_000
_PROJECTS = 40
_PEOPLE = 6
_LIKES = 12
_TOPICS = 60
_REQUESTS = 300


def measure(stand: Stand) -> Result:
    """Return p50, p95 and p99 in milliseconds of the first page, over HTTP, one at a time."""
    from django.db import connection

    from recommendations.app.models import Item
    from tests import factories as make
    from tests.factories.bulk import make_catalogue

    stamp = time.time_ns()
    projects = [make.make_account(f"{stamp}-{n}@example.test").project for n in range(_PROJECTS)]
    missing = max(0, _ASSETS - Item.objects.filter(is_listed=True).count())
    assets = make_catalogue(projects, missing)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    people = [Client.fresh(stand.url) for _ in range(_PEOPLE)]
    for number, person in enumerate(people):
        for like in range(_LIKES):
            # Assets of one topic lie sixty apart; everybody likes two topics.
            topic = (7 * number + 11 * (like % 2)) % _TOPICS
            liked = assets[(topic + _TOPICS * like) % len(assets)]
            person.http.post(
                "/api/v1/interactions", json={"asset_id": str(liked.pk), "kind": "like"}
            ).raise_for_status()
    _until_learnt(people)
    taken = []
    personal = 0
    for number in range(-_PEOPLE, _REQUESTS):
        person = people[number % _PEOPLE]
        began = time.perf_counter()
        answer = person.http.get("/api/v1/feed", params={"limit": 20})
        if number >= 0:  # the first round warms up
            taken.append((time.perf_counter() - began) * 1000)
        answer.raise_for_status()
        personal += _is_personal(answer.json()["items"])
    return Result(
        "feed",
        {
            "assets_listed_count": Item.objects.filter(is_listed=True).count(),
            "requests_count": len(taken),
            "personal_share": personal / (_REQUESTS + _PEOPLE),
            "feed_p50_ms": percentile(taken, 0.5),
            "feed_p95_ms": percentile(taken, 0.95),
            "feed_p99_ms": percentile(taken, 0.99),
        },
    )


def _until_learnt(people: list[Client]) -> None:
    """Wait until the likes have reached everybody's taste."""
    deadline = time.monotonic() + 60
    for person in people:
        while not _is_personal(
            person.http.get("/api/v1/feed", params={"limit": 20}).json()["items"]
        ):
            if time.monotonic() > deadline:
                raise RuntimeError("likes did not change a feed within a minute")
            time.sleep(0.5)


def _is_personal(items: list[dict[str, dict[str, str]]]) -> bool:
    return any(item["reason"]["code"] in {"liked", "taste"} for item in items)
