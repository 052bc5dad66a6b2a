"""What a viewer already did with assets, for buttons that show it."""

from collections.abc import Collection
from uuid import UUID

from recommendations.app.models import Reaction
from tidegate.accounts.viewers import Viewer


def reactions_to(viewer: Viewer, asset_ids: Collection[UUID]) -> dict[UUID, frozenset[str]]:
    """Return which of "like", "hide", "report", "seen" stand per asset. One query."""
    if viewer.user_id is None:
        return {}
    found: dict[UUID, set[str]] = {}
    rows = Reaction.objects.filter(user_id=viewer.user_id, asset_id__in=asset_ids)
    for asset_id, kind in rows.values_list("asset_id", "kind"):
        found.setdefault(asset_id, set()).add(kind)
    return {asset_id: frozenset(kinds) for asset_id, kinds in found.items()}
