"""From a deed to the next feed, and how many deeds the consumer folds a second."""

import time
from typing import Final
from uuid import UUID

from django.db import connection

from tests.benchmarks.figures import Result, Target, percentile
from tests.benchmarks.stand import Client, Stand
from tidegate.contracts.interactions import SignalNoticed
from tidegate.events.direct import close
from tidegate.events.kafka_settings import kafka_config
from tidegate.primitives.ids import new_id
from tidegate.stack.processes import wait_for

_ASSETS: Final = 3_000
_TURNS: Final = 40
_PEOPLE: Final = 1_000
_SIGNALS: Final = 30_000
_CHUNK: Final = 2_000


def measure(stand: Stand) -> Result:
    """Return milliseconds until a like has turned the feed, and interactions folded a second."""
    from recommendations.app.models import Item
    from tests import factories as make
    from tests.factories.bulk import make_catalogue

    stamp = time.time_ns()
    projects = [make.make_account(f"{stamp}-{n}@example.test").project for n in range(40)]
    assets = make_catalogue(projects, _ASSETS)
    result = Result("interactions")
    taken = sorted(_turned(stand, str(assets[7 * number % _ASSETS].pk)) for number in range(_TURNS))
    result.figures |= {
        "turns_count": len(taken),
        "deed_to_feed_p50_ms": percentile(taken, 0.5),
        "deed_to_feed_p95_ms": percentile(taken, 0.95),
    }
    people = [make.make_user().pk for _ in range(_PEOPLE)]
    keys = list(Item.objects.order_by("pk").values_list("pk", flat=True)[:_ASSETS])
    rate = _folded(people, keys)
    result.figures |= {"signals_count": _SIGNALS, "folded_per_s": rate}
    result.targets += [
        Target("deed to next feed, p95 ms", 1_000, result.figures["deed_to_feed_p95_ms"]),
        Target("interactions folded per second", 3_000, rate, at_least=True),
    ]
    return result


def _turned(stand: Stand, asset_id: str) -> float:
    """Like as somebody new and ask for the feed until it says that it goes by it."""
    person = Client.fresh(stand.url)
    began = time.perf_counter()
    person.http.post(
        "/api/v1/interactions", json={"asset_id": asset_id, "kind": "like"}
    ).raise_for_status()
    while True:
        items = person.http.get("/api/v1/feed", params={"limit": 5}).raise_for_status().json()
        if any(item["reason"]["code"] in {"liked", "taste"} for item in items["items"]):
            person.http.close()
            return (time.perf_counter() - began) * 1000
        if time.perf_counter() - began > 30:  # far beyond what is promised
            raise RuntimeError("a like did not change a feed within half a minute")
        time.sleep(0.01)


def _folded(people: list[UUID], assets: list[UUID]) -> float:
    """Send views through the broker, faster than they are folded; return how many a second."""
    from tidegate.contracts.envelope import CONTENT_TYPE, wrap
    from tidegate.primitives.clock import now
    from tidegate.streams.producer import Producer
    from tidegate.streams.records import Outgoing

    before = _count()
    records = []
    for number in range(_SIGNALS):
        event = SignalNoticed(
            signal_id=new_id(),
            viewer_id=people[number % len(people)],
            asset_id=assets[(number * 31 + number // len(people)) % len(assets)],
            kind="view",
            slate_id=None,
            dwell_ms=None,
        )
        envelope = wrap(event, event_id=new_id(), time=now(), correlation_id=new_id())
        records.append(
            Outgoing(
                event.TOPIC.value,
                envelope.subject.encode(),
                envelope.encode(),
                (("content-type", CONTENT_TYPE.encode()),),
            )
        )
    began = time.perf_counter()
    with Producer(kafka_config()) as producer:
        for start in range(0, _SIGNALS, _CHUNK):
            producer.send_all(records[start : start + _CHUNK])
    if not wait_for(lambda: _count() - before >= _SIGNALS, seconds=300):
        raise RuntimeError(f"{_count() - before} of {_SIGNALS} views were folded in five minutes")
    taken = time.perf_counter() - began
    close()
    return _SIGNALS / taken


def _count() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM recommendations_interaction WHERE is_folded")
        return int(cursor.fetchone()[0])
