"""What viewers were shown."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from recommendations.app.models import Exposure, StoredSlate
from tidegate.primitives.clock import now
from tidegate.primitives.statements import insert

RETENTION = timedelta(days=90)
CURSORS_LIVE = timedelta(days=1)
_BATCH = 10_000
_INSERT = """
INSERT INTO recommendations_exposure
    (user_id, asset_id, slate_id, position, source, propensity, at)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::smallint[], %s::text[], %s::float8[],
                     %s::timestamptz[])
"""
# Whoever was tried counts it at once: a budget that is told of later would be overrun.
_TRIED = """
UPDATE recommendations_item SET shown = shown + 1
WHERE asset_id IN (SELECT asset_id FROM recommendations_item
                   WHERE asset_id = ANY(%s::uuid[]) ORDER BY asset_id FOR NO KEY UPDATE)
"""


def record_exposures(*, exposures: Sequence[Exposure]) -> None:
    """Write one page's exposures in one statement.

    Past the ORM: a page is read far more often than anything else here, and this is the only
    write in it.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            [
                [exposure.user_id for exposure in exposures],
                [exposure.asset_id for exposure in exposures],
                [exposure.slate_id for exposure in exposures],
                [exposure.position for exposure in exposures],
                [exposure.source for exposure in exposures],
                [exposure.propensity for exposure in exposures],
                [exposure.at for exposure in exposures],
            ],
        )


def count_tried(*, asset_ids: Sequence[UUID]) -> None:
    """Count a place of exploration for each of these, whoever it was shown to."""
    with connection.cursor() as cursor:
        cursor.execute(_TRIED, [sorted(asset_ids)])


def keep_slate(slate: StoredSlate) -> None:
    """Store a slate as it was composed."""
    insert(slate)


def forget_exposures() -> int:
    """Delete what is past its retention, in batches that lock briefly; return how many."""
    return (
        _forget(Exposure.objects.all(), RETENTION)
        + _forget(StoredSlate.objects.all(), RETENTION)
        # Of whoever is not followed about a slate is there for its cursors, and no longer.
        + _forget(StoredSlate.objects.filter(user_id=None), CURSORS_LIVE)
    )


def _forget(rows: QuerySet[Any], kept: timedelta) -> int:
    forgotten = 0
    while True:
        old = list(rows.filter(at__lt=now() - kept).values_list("pk", flat=True)[:_BATCH])
        deleted, _ = rows.filter(pk__in=old).delete()
        forgotten += deleted
        if len(old) < _BATCH:
            return forgotten
