"""What a viewer already did with assets, for buttons that show it."""

from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

from recommendations.app.models import Reaction
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset
from tidegate.assets.selectors import attach_renditions, visible_to


def reactions_to(viewer: Viewer, asset_ids: Collection[UUID]) -> dict[UUID, frozenset[str]]:
    """Return which of "like", "hide", "report", "seen" stand per asset. One query."""
    if viewer.user_id is None:
        return {}
    found: dict[UUID, set[str]] = {}
    rows = Reaction.objects.filter(user_id=viewer.user_id, asset_id__in=asset_ids)
    for asset_id, kind in rows.values_list("asset_id", "kind"):
        found.setdefault(asset_id, set()).add(kind)
    return {asset_id: frozenset(kinds) for asset_id, kinds in found.items()}


def saved(viewer: Viewer, *, before: UUID | None = None, limit: int = 48) -> list[Asset]:
    """Return what a viewer saved and may still see, the latest first.

    Args:
        viewer: whose.
        before: only what was saved before this one.
        limit: how many at most.
    """
    if viewer.user_id is None:
        return []
    kept = Reaction.objects.filter(user_id=viewer.user_id, kind=Reaction.Kind.SAVE)
    if before is not None:
        kept = kept.filter(at__lt=kept.filter(asset_id=before).values("at"))
    ids = list(kept.order_by("-at", "pk").values_list("asset_id", flat=True)[:limit])
    reader = replace(viewer, staff_roles=frozenset())
    found = {
        asset.pk: asset for asset in visible_to(reader).filter(pk__in=ids).select_related("owner")
    }
    attach_renditions(found.values())
    return [found[asset_id] for asset_id in ids if asset_id in found]
