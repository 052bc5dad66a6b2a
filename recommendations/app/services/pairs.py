"""What goes together, counted from the log as it grows.

A task reads the log where it stopped, in the order in which it was folded, and counts in one
transaction with how far it came: nothing is counted twice or left out, whenever it dies.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from recommendations.app.models import Interaction, Progress
from recommendations.app.services.folding import settled_place
from recommendations.core import heat as heats
from recommendations.core.taste import AGAINST, UNDONE
from recommendations.core.together import WINDOW, pairs_of, summed
from tidegate.primitives.clock import now

TASK: Final = "together"
KEPT: Final = 200
"""So many others are kept of each item."""
_BATCH: Final = 2_000
_SAYS_NOTHING: Final = AGAINST | set(UNDONE)

# Counts are stored as heat is: ln(count) + t/τ. Adding is ln(exp(a) + exp(b)).
_ADD = """
INSERT INTO recommendations_together AS t (item_id, other_id, weight)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::float8[])
ON CONFLICT (item_id, other_id) DO UPDATE SET weight =
    greatest(t.weight, EXCLUDED.weight)
    + ln(1 + exp(-abs(t.weight - EXCLUDED.weight)))
"""
_TAKE = """
UPDATE recommendations_together AS t
SET weight = CASE WHEN given.weight >= t.weight - 1e-9 THEN NULL
                  ELSE t.weight + ln(1 - exp(given.weight - t.weight)) END
FROM unnest(%s::uuid[], %s::uuid[], %s::float8[]) AS given(item_id, other_id, weight)
WHERE t.item_id = given.item_id AND t.other_id = given.other_id
"""
_DROP = """
DELETE FROM recommendations_together t
USING unnest(%s::uuid[], %s::uuid[], %s::float8[]) AS given(item_id, other_id, weight)
WHERE t.item_id = given.item_id AND t.other_id = given.other_id AND given.weight >= t.weight - 1e-6
"""
_PRUNE = """
DELETE FROM recommendations_together t USING (
    SELECT item_id, other_id,
           row_number() OVER (PARTITION BY item_id ORDER BY weight DESC) AS place
    FROM recommendations_together WHERE item_id = ANY(%s::uuid[])
) AS ranked
WHERE t.item_id = ranked.item_id AND t.other_id = ranked.other_id AND ranked.place > %s
  AND t.item_id <> t.other_id
"""


def count_together(*, most: int = 50) -> int:
    """Count what was folded since last time, in up to `most` batches; return how many deeds."""
    upto = settled_place()
    counted = 0
    for _ in range(most):
        done = _count_batch(upto)
        counted += done
        if done < _BATCH:
            break
    return counted


@transaction.atomic
def _count_batch(upto: int) -> int:
    progress, _ = Progress.objects.select_for_update().get_or_create(name=TASK)
    log = list(
        Interaction.objects.filter(folded_as__gt=progress.position, folded_as__lte=upto).order_by(
            "folded_as"
        )[:_BATCH]
    )
    if not log:
        return 0
    _add(_pairs_of_log(log, is_earlier_known=False))
    progress.position = log[-1].folded_as or progress.position
    progress.moment = now()
    progress.save()
    return len(log)


def forget_pairs_of(log: Sequence[Interaction]) -> int:
    """Take back what a viewer's whole log has added; return how many pairs it touched."""
    position = Progress.objects.filter(name=TASK).values_list("position", flat=True).first() or 0
    counted = [done for done in log if done.folded_as is not None and done.folded_as <= position]
    counted.sort(key=lambda done: done.folded_as or 0)
    given = _pairs_of_log(counted, is_earlier_known=True)
    if not given:
        return 0
    columns = _columns(given)
    with connection.cursor() as cursor:
        cursor.execute(_DROP, columns)
        cursor.execute(_TAKE, columns)
    return len(given)


def _pairs_of_log(
    log: Sequence[Interaction], *, is_earlier_known: bool
) -> Mapping[tuple[UUID, UUID], float]:
    """Return what these deeds add, each pair as a heat; `is_earlier_known`: the log is whole."""
    found: dict[tuple[UUID, UUID], float] = {}
    by_viewer = sorted(log, key=lambda done: (str(done.user_id), done.folded_as or 0))
    for user_id, deeds in groupby(by_viewer, key=lambda done: done.user_id):
        told = [done for done in deeds if done.kind not in _SAYS_NOTHING]
        if not told:
            continue
        before = [] if is_earlier_known else _before(user_id, told[0])
        for done in told:
            for key, weight in summed(pairs_of(done.asset_id, before)).items():
                found[key] = heats.added(found.get(key), weight, done.at)
            before = [done.asset_id, *(one for one in before if one != done.asset_id)][:WINDOW]
    return found


def _before(user_id: UUID, first: Interaction) -> list[UUID]:
    """Return what a viewer turned to before a deed, newest first, each once."""
    earlier = (
        Interaction.objects.filter(user_id=user_id, folded_as__lt=first.folded_as)
        .exclude(kind__in=_SAYS_NOTHING)
        .order_by("-folded_as")
        .values_list("asset_id", flat=True)[: 4 * WINDOW]
    )
    return list(dict.fromkeys(earlier))[:WINDOW]


def _columns(found: Mapping[tuple[UUID, UUID], float]) -> list[list[Any]]:
    """Return items, others and weights, in one order everywhere.

    Two runs that met at the same pairs in different orders would wait for each other.
    """
    keys = sorted(found)
    return [[a for a, _ in keys], [b for _, b in keys], [found[key] for key in keys]]


def _add(found: Mapping[tuple[UUID, UUID], float]) -> None:
    if not found:
        return
    with connection.cursor() as cursor:
        cursor.execute(_ADD, _columns(found))
        cursor.execute(_PRUNE, [sorted({item for item, _ in found}), KEPT])
