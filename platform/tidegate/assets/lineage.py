"""What was made of what (remixes, pictures of pictures, wholes of parts); what is the same."""

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


# Of each asset the bytes of its original; texts have one, too.
_SAME: Final = """
SELECT twin.asset_id AS id FROM assets_rendition AS own
  JOIN assets_rendition AS twin ON twin.blob_id = own.blob_id AND twin.kind = 'original'
 WHERE own.asset_id = %s::uuid AND own.kind = 'original'
"""


def descendants_and_duplicates_of(asset_id: UUID) -> QuerySet[Asset]:
    """Return what was made from an asset, and what consists of the same bytes, whoever made it."""
    both = f"{_BELOW} UNION {_SAME}"
    ids = RawSQL(both, [asset_id, asset_id])  # noqa: S611 - our own text, the values beside it
    return Asset.objects.filter(pk__in=ids).exclude(pk=asset_id)


def duplicates_of(asset_id: UUID) -> QuerySet[Asset]:
    """Return what consists of the same bytes as an asset, whoever made it."""
    return _but(asset_id, _SAME)


def are_the_same(one: UUID, other: UUID) -> bool:
    """Whether two assets consist of the same bytes."""
    return duplicates_of(one).filter(pk=other).exists()


def descendants_of(asset_id: UUID) -> QuerySet[Asset]:
    """Return all that was made from an asset, at every remove, whoever made it."""
    return _but(asset_id, _BELOW)


def ancestors_of(asset_id: UUID) -> QuerySet[Asset]:
    """Return all that an asset was made from, at every remove."""
    return _but(asset_id, _ABOVE)


def _but(asset_id: UUID, family: str) -> QuerySet[Asset]:
    ids = RawSQL(family, [asset_id])  # noqa: S611 - our own text, the value beside it
    return Asset.objects.filter(pk__in=ids).exclude(pk=asset_id)
