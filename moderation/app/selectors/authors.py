"""What is known of who asked for an output, and of what it was made from."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import connection

from moderation.app.selectors.strikes import points_of
from moderation.core.context import HISTORY_DAYS, Author, Lineage
from tidegate.assets.models import Asset, Visibility
from tidegate.primitives.clock import now

MOST_OUTPUTS: Final = 1_000
"""The newest outputs that count, so that asking costs the same for everybody."""
_DAY: Final = timedelta(days=1)

_FACTS = """
SELECT author.created_at,
       count(*) FILTER (WHERE recent.visibility = 'released'),
       count(*) FILTER (WHERE recent.visibility = 'held'),
       count(*) FILTER (WHERE recent.visibility = 'blocked')
FROM accounts_user AS author
LEFT JOIN LATERAL (
    SELECT asset.visibility FROM assets_asset AS asset
    WHERE asset.owner_id = author.id AND asset.created_at > %s AND asset.id <> %s
    ORDER BY asset.created_at DESC LIMIT %s
) AS recent ON true
WHERE author.id = %s
GROUP BY author.created_at
"""


def author_facts(author_id: UUID, *, besides: UUID) -> Author:
    """Return the history of an author, an output of theirs left out; two queries.

    Outputs count by where they stand now: those of the last 90 days, the newest thousand of them.
    """
    moment = now()
    with connection.cursor() as cursor:
        cursor.execute(
            _FACTS, [moment - timedelta(days=HISTORY_DAYS), besides, MOST_OUTPUTS, author_id]
        )
        created_at, released, held, blocked = cursor.fetchone()
    return Author(
        age_days=round(max(moment - created_at, timedelta(0)) / _DAY, 4),
        released=released,
        held=held,
        blocked=blocked,
        strike_points=points_of(author_id),
    )


def lineage_of(asset: Asset) -> Lineage:
    """Return what an output was made from; one query where it was made from anything."""
    if asset.parent_id is None:
        return Lineage()
    standing = Asset.objects.values_list("visibility", flat=True).get(pk=asset.parent_id)
    return Lineage(
        parents=1,
        blocked_parents=int(standing == Visibility.BLOCKED),
        held_parents=int(standing == Visibility.HELD),
    )
