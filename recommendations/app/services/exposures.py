"""What viewers were shown."""

from collections.abc import Sequence
from datetime import timedelta

from django.db import connection

from recommendations.app.models import Exposure
from tidegate.primitives.clock import now

RETENTION = timedelta(days=90)
_BATCH = 10_000
_INSERT = """
INSERT INTO recommendations_exposure
    (user_id, asset_id, slate_id, position, source, propensity, at)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::smallint[], %s::text[], %s::float8[],
                     %s::timestamptz[])
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


def forget_exposures() -> int:
    """Delete what is past its retention, in batches that lock briefly; return how many."""
    forgotten = 0
    while True:
        old = Exposure.objects.filter(at__lt=now() - RETENTION).values("pk")[:_BATCH]
        deleted, _ = Exposure.objects.filter(pk__in=old).delete()
        forgotten += deleted
        if deleted < _BATCH:
            return forgotten
