"""What an author made lately: the facts that the detector of spam scores."""

from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

from moderation.core.spam import Earlier
from tidegate.assets.models import Asset
from tidegate.primitives.statements import prepared

MOST: Final = 1_000
"""Outputs that are looked at: an author who made more has long been certain."""

# By the index assets_asset_of_owner, so that it costs the same however many assets there are.
_EARLIER: Final = """
SELECT wanted.asset_id, recent.id, coalesce(recent.job_id, recent.id),
       verdict.pdq, verdict.simhash
FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[]) AS wanted (asset_id, owner_id, made_at)
CROSS JOIN LATERAL (
    SELECT id, job_id FROM assets_asset
    WHERE owner_id = wanted.owner_id AND created_at <= wanted.made_at
      AND created_at > wanted.made_at - make_interval(secs => %s) AND id <> wanted.asset_id
    ORDER BY created_at DESC LIMIT %s
) AS recent
LEFT JOIN moderation_verdict AS verdict
  ON verdict.asset_id = recent.id AND verdict.supersedes_id IS NULL
"""


def earlier_outputs(
    assets: Sequence[Asset],
    *,
    seconds: float,
    reading_of: Callable[[UUID], str | None] = lambda _: None,
) -> dict[UUID, list[Earlier]]:
    """Return each owner's newest outputs of the time before, at most a thousand each. One query.

    Time is counted back from when the asset was made: judging it again tomorrow finds the same.
    `reading_of` says how an output reads that has no verdict yet, where somebody knows.
    """
    found: dict[UUID, list[Earlier]] = {asset.pk: [] for asset in assets}
    with prepared() as cursor:
        cursor.execute(
            _EARLIER,
            [
                list(found),
                [asset.owner_id for asset in assets],
                [asset.created_at for asset in assets],
                seconds,
                MOST,
            ],
        )
        for asset_id, other, request, pdq, reading in cursor.fetchall():
            known = reading_of(other) if reading is None else reading
            found[asset_id].append(Earlier(str(request), pdq or "", known or ""))
    return found


def request_of(asset: Asset) -> str:
    """Return what the outputs of one request have in common."""
    return str(asset.job_id or asset.pk)
