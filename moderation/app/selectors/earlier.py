"""What an author made lately: the facts that the detector of spam scores."""

from datetime import timedelta
from typing import Final

from moderation.core.spam import Earlier
from tidegate.assets.models import Asset
from tidegate.primitives.statements import prepared

MOST: Final = 1_000
"""Outputs that are looked at: an author who made more has long been certain."""

# By the index assets_asset_of_owner, so that it costs the same however many assets there are.
_EARLIER: Final = """
WITH recent AS (
    SELECT id, job_id FROM assets_asset
    WHERE owner_id = %s AND created_at <= %s AND created_at > %s AND id <> %s
    ORDER BY created_at DESC LIMIT %s
)
SELECT coalesce(recent.job_id, recent.id), verdict.pdq, verdict.simhash
FROM recent LEFT JOIN moderation_verdict AS verdict
  ON verdict.asset_id = recent.id AND verdict.supersedes_id IS NULL
"""


def earlier_outputs(asset: Asset, *, seconds: float) -> list[Earlier]:
    """Return the owner's newest outputs of the time before this one, at most a thousand. One query.

    Time is counted back from when the asset was made: judging it again tomorrow finds the same.
    """
    since = asset.created_at - timedelta(seconds=seconds)
    with prepared() as cursor:
        cursor.execute(_EARLIER, [asset.owner_id, asset.created_at, since, asset.pk, MOST])
        rows = cursor.fetchall()
    return [Earlier(str(request), pdq or "", reading or "") for request, pdq, reading in rows]


def request_of(asset: Asset) -> str:
    """Return what the outputs of one request have in common."""
    return str(asset.job_id or asset.pk)
