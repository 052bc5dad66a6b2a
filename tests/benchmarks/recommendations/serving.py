"""How long a feed takes, and that nothing which was taken down is ever served.

A database and nothing else runs: no consumer lists or unlists anything, so the copies that
retrieval reads are stale from the first takedown on, for good. What keeps the feed clean is the
gate alone.
"""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random
from typing import Final
from uuid import UUID

from tests.benchmarks.figures import Result, Target, percentile

TAKEDOWNS: Final = 1_000
_PROJECTS: Final = 200
_THREADS: Final = 4
_MEASURED: Final = 400
_LIKES: Final = 12
_BATCH: Final = 1_000
_SEED: Final = 7


def measure(*, assets: int, viewers: int, requests: int) -> Result:
    """Return latencies of a fresh feed and of its next page, and what leaked."""
    # Only now: these modules need Django, which needs the database's address.
    from django.db import connection

    from recommendations.app import services
    from tests import factories as make
    from tests.factories.bulk import make_catalogue
    from tidegate.accounts.viewers import Viewer

    projects = [make.make_account(f"maker-{n}@example.test").project for n in range(_PROJECTS)]
    made = [asset.pk for asset in make_catalogue(projects, assets)]
    people = _people(viewers, made)
    services.measure_commons()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    readers = [
        Viewer(
            user_id=person,
            staff_roles=frozenset(),
            organisation_id=None,
            scopes=None,
            label="reader",
        )
        for person in people
    ]
    result = Result("recommendations_serving", {"assets_count": assets, "viewers_count": viewers})
    _latency(result, readers)
    _leaks(result, readers, made, requests)
    return result


def _people(count: int, assets: Sequence[UUID]) -> list[UUID]:
    """Make people with a taste: what a dozen likes of two topics leave behind."""
    from recommendations.app.models import Item, ViewerState
    from recommendations.app.services.folding import facets_of
    from recommendations.app.tastes import packed
    from recommendations.core.taste import Deed, Taste, fold
    from recommendations.core.vectors import vector
    from tidegate.accounts.models import User
    from tidegate.primitives.clock import now
    from tidegate.primitives.ids import new_id

    chance = Random(_SEED)  # no secret
    liked = {
        item.pk: item
        for item in Item.objects.select_related("meaning").filter(
            pk__in=chance.sample(list(assets), min(2_000, len(assets)))
        )
    }
    known = list(liked)
    moment = now()
    ids: list[UUID] = []
    for start in range(0, count, _BATCH):
        users = [
            User(id=new_id(), email=f"reader-{number}@example.test", display_name="Reader")
            for number in range(start, min(start + _BATCH, count))
        ]
        User.objects.bulk_create(users)
        states = []
        for user in users:
            taste = Taste.blank(moment)
            for back, key in enumerate(chance.sample(known, _LIKES)):
                item = liked[key]
                deed = Deed(
                    kind="like",
                    asset_id=key,
                    at=moment - timedelta(hours=_LIKES - back),
                    vector=vector(item.meaning.embedding),
                    facets=facets_of(
                        owner_id=item.owner_id,
                        tags=item.tags,
                        model=item.model,
                        modality=item.modality,
                    ),
                )
                taste = fold(taste, deed)
            states.append(ViewerState(user_id=user.pk, document=packed(taste), at=moment))
        ViewerState.objects.bulk_create(states)
        ids += [user.pk for user in users]
    return ids


def _latency(result: Result, readers: Sequence["Viewer"]) -> None:  # type: ignore[name-defined]  # noqa: F821  # imported where Django is there
    from recommendations.app import selectors

    chance = Random(_SEED)  # no secret
    first: list[float] = []
    following: list[float] = []
    for number in range(-20, _MEASURED):
        reader = chance.choice(readers)
        began = time.perf_counter()
        page = selectors.feed(reader, limit=20)
        middle = time.perf_counter()
        if page.next:
            selectors.feed(reader, cursor=page.next, limit=20)
        if number >= 0:  # the first ones warm up
            first.append((middle - began) * 1000)
            following.append((time.perf_counter() - middle) * 1000)
    for name, values in (("feed", first), ("next_page", following)):
        for share in (50, 95, 99):
            result.figures[f"{name}_p{share}_ms"] = percentile(values, share / 100)
    result.targets.append(Target("feed p99, ms", 50, result.figures["feed_p99_ms"]))


def _leaks(  # noqa: PLR0915  # one experiment, told in its order
    result: Result,
    readers: Sequence["Viewer"],  # type: ignore[name-defined]  # noqa: F821  # as above
    assets: Sequence[UUID],
    requests: int,
) -> None:
    """Take works down while many read on every way there is; count what was served afterwards."""
    from django.db import close_old_connections

    from recommendations.app import selectors
    from recommendations.app.models import Item
    from tidegate.assets.models import Asset
    from tidegate.assets.services import move_asset
    from tidegate.primitives.actor import Actor

    # Those that are shown most, or nobody would have met them anyway.
    shown: dict[UUID, int] = {}
    cursors: list[tuple[object, str]] = []
    chance = Random(_SEED)  # no secret
    for reader in chance.sample(list(readers), min(150, len(readers))):
        page = selectors.feed(reader, limit=40)
        if page.next:
            cursors.append((reader, page.next))
        for item in page.items:
            shown[item.asset.pk] = shown.get(item.asset.pk, 0) + 1
    hottest = list(
        Item.objects.filter(heat__isnull=False).order_by("-heat").values_list("pk", flat=True)[:300]
    )
    chosen = list(dict.fromkeys([*sorted(shown, key=lambda key: -shown[key]), *hottest, *assets]))
    chosen = chosen[:TAKEDOWNS]
    left = [key for key in assets if key not in set(chosen)]
    gone: set[UUID] = set()
    served = leaked = 0
    counted = threading.Lock()
    names = dict(Asset.objects.filter(pk__in=chosen).values_list("pk", "title"))
    words = list(names.values())

    def take_down() -> None:
        try:
            for key in chosen:
                move_asset(
                    asset_id=key, to="held", actor=Actor.system("bench"), reason="taken down"
                )
                gone.add(key)
        finally:
            close_old_connections()

    def read(seed: int) -> None:
        nonlocal served, leaked
        chance = Random(seed)  # no secret
        try:
            for number in range(requests // _THREADS):
                reader = chance.choice(readers)
                before = frozenset(gone)
                ways: dict[str, Callable[[], Sequence[UUID]]] = {
                    "page": lambda: _page(cursors, chance),
                    "similar": lambda reader=reader: [  # type: ignore[misc]  # bound now
                        item.asset.pk for item in selectors.similar(reader, chance.choice(left), 12)
                    ],
                    "search": lambda reader=reader: [  # type: ignore[misc]  # as above
                        item.asset.pk
                        for item in selectors.search(reader, chance.choice(words), limit=10)
                    ],
                    "feed": lambda reader=reader: [  # type: ignore[misc]  # as above
                        item.asset.pk for item in selectors.feed(reader, limit=20).items
                    ],
                    "creators": lambda reader=reader: [  # type: ignore[misc]  # as above
                        work.pk
                        for one in selectors.suggested(reader, limit=6)
                        for work in one.works
                    ],
                }
                # A fresh feed costs ten pages of an open one: most requests are for those.
                way = (
                    ("feed", "creators", "search")[number // 10 % 3]
                    if number % 10 == 0
                    else ("similar" if number % 10 == 1 else "page")
                )
                found = ways[way]()
                with counted:
                    served += 1
                    leaked += len(before & set(found))
        finally:
            close_old_connections()

    began = time.perf_counter()
    with ThreadPoolExecutor(_THREADS + 1) as pool:
        work = [pool.submit(take_down), *(pool.submit(read, seed) for seed in range(_THREADS))]
        for one in work:
            one.result()
    result.figures |= {
        "takedowns_count": len(gone),
        "takedown_requests_count": served,
        "takedown_requests_per_s": served / (time.perf_counter() - began),
        "leaks_count": leaked,
    }
    result.targets.append(Target("served after its takedown", 0, leaked))


def _page(cursors: Sequence[tuple[object, str]], chance: Random) -> list[UUID]:
    from recommendations.app import selectors

    reader, cursor = chance.choice(cursors)
    return [item.asset.pk for item in selectors.feed(reader, cursor=cursor, limit=20).items]  # type: ignore[arg-type]  # a viewer
