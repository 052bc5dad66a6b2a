"""What is known of who asked for an output, and of what it was made from."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from moderation.core.context import HISTORY_DAYS, Author, Lineage
from tidegate.assets.models import Asset, Visibility
from tidegate.primitives.clock import now
from tidegate.primitives.statements import prepared

MOST_OUTPUTS: Final = 1_000
"""The newest outputs that count, so that asking costs the same for everybody."""
_DAY: Final = timedelta(days=1)

_FACTS: Final = """
SELECT wanted.asset_id, author.created_at, recent.released, recent.held, recent.blocked,
       strikes.points
FROM unnest(%s::uuid[], %s::uuid[]) AS wanted (asset_id, author_id)
JOIN accounts_user AS author ON author.id = wanted.author_id
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE latest.visibility = 'released') AS released,
           count(*) FILTER (WHERE latest.visibility = 'held') AS held,
           count(*) FILTER (WHERE latest.visibility = 'blocked') AS blocked
    FROM (
        SELECT asset.visibility FROM assets_asset AS asset
        WHERE asset.owner_id = author.id AND asset.created_at > %s AND asset.id <> wanted.asset_id
        ORDER BY asset.created_at DESC LIMIT %s
    ) AS latest
) AS recent
CROSS JOIN LATERAL (
    SELECT coalesce(sum(strike.points), 0) AS points FROM moderation_strike AS strike
    WHERE strike.author_id = author.id AND strike.voided_at IS NULL AND strike.expires_at > %s
) AS strikes
"""


def author_facts(author_id: UUID, *, besides: UUID) -> Author:
    """Return the history of an author, an output of theirs left out; see `facts_of_authors`."""
    return facts_of_authors({besides: author_id})[besides]


def facts_of_authors(authors: Mapping[UUID, UUID]) -> dict[UUID, Author]:
    """Return the history of each output's author, that output left out; one query.

    Outputs count by where they stand now: those of the last 90 days, the newest thousand of them.
    """
    moment = now()
    with prepared() as cursor:
        cursor.execute(
            _FACTS,
            [
                list(authors),
                list(authors.values()),
                moment - timedelta(days=HISTORY_DAYS),
                MOST_OUTPUTS,
                moment,
            ],
        )
        rows = cursor.fetchall()
    return {
        asset_id: Author(
            age_days=round(max(moment - created_at, timedelta(0)) / _DAY, 4),
            released=released,
            held=held,
            blocked=blocked,
            strike_points=int(points),
        )
        for asset_id, created_at, released, held, blocked, points in rows
    }


def lineage_of(asset: Asset) -> Lineage:
    """Return what an output was made from; see `lineages_of`."""
    return lineages_of([asset])[asset.pk]


def lineages_of(assets: Sequence[Asset]) -> dict[UUID, Lineage]:
    """Return what each output was made from; one query where any was made from anything."""
    parents = {asset.parent_id for asset in assets if asset.parent_id is not None}
    standing = (
        dict(Asset.objects.values_list("pk", "visibility").filter(pk__in=parents))
        if parents
        else {}
    )
    return {
        asset.pk: Lineage()
        if asset.parent_id is None
        else Lineage(
            parents=1,
            blocked_parents=int(standing[asset.parent_id] == Visibility.BLOCKED),
            held_parents=int(standing[asset.parent_id] == Visibility.HELD),
        )
        for asset in assets
    }
