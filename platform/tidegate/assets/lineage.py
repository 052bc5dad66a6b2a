"""What was made of what: remixes and pictures made from pictures, and the wholes of parts."""

from typing import Final
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from tidegate.assets.models import Asset

# A whole may be named by its parts before its row is there; it is just not found then. `UNION`
# meets nothing twice.
_BELOW: Final = """
WITH RECURSIVE family (id) AS (
    SELECT %s::uuid
    UNION
    SELECT made.id FROM family CROSS JOIN LATERAL (
        SELECT child.id FROM assets_asset AS child WHERE child.parent_id = family.id
        UNION ALL
        SELECT part.whole_id FROM assets_asset AS part
         WHERE part.id = family.id AND part.whole_id IS NOT NULL
    ) AS made
) SELECT id FROM family
"""
_ABOVE: Final = """
WITH RECURSIVE family (id) AS (
    SELECT %s::uuid
    UNION
    SELECT origin.id FROM family CROSS JOIN LATERAL (
        SELECT child.parent_id AS id FROM assets_asset AS child
         WHERE child.id = family.id AND child.parent_id IS NOT NULL
        UNION ALL
        SELECT part.id FROM assets_asset AS part WHERE part.whole_id = family.id
    ) AS origin
) SELECT id FROM family
"""


def descendants_of(asset_id: UUID) -> QuerySet[Asset]:
    """Return all that was made from an asset, at every remove, whoever made it."""
    return _but(asset_id, _BELOW)


def ancestors_of(asset_id: UUID) -> QuerySet[Asset]:
    """Return all that an asset was made from, at every remove."""
    return _but(asset_id, _ABOVE)


def _but(asset_id: UUID, family: str) -> QuerySet[Asset]:
    ids = RawSQL(family, [asset_id])  # noqa: S611 - our own text, the value beside it
    return Asset.objects.filter(pk__in=ids).exclude(pk=asset_id)
