"""How far a decision would reach, before it is taken, and whether that needs a second person."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from moderation.app.configuration import house_rules
from moderation.core.house_rules import TAKING, Impact
from tidegate.accounts.models import StaffAppointment
from tidegate.assets.lineage import descendants_and_duplicates_of
from tidegate.assets.models import Asset, Visibility


def why_two(asset: Asset, *, action: str, details: Mapping[str, Any]) -> str:
    """Return why a decision about an asset needs two people, as a code; empty: one is enough."""
    impact = Impact(action=action, restriction=details.get("kind", ""))
    if action in TAKING:
        # Only what takes something away reaches others; most decisions do not.
        impact = _reach(impact, asset)
    return house_rules().needs_two(impact)


def _reach(impact: Impact, asset: Asset) -> Impact:
    """Add works of others that would be held, up to what matters, and whether staff made it."""
    most = house_rules().second_level.descendants
    reached = descendants_and_duplicates_of(asset.pk).filter(visibility=Visibility.RELEASED)
    others = reached.exclude(owner_id=asset.owner_id).values_list("pk", flat=True)
    appointed = StaffAppointment.objects.filter(user_id=asset.owner_id, ended_at=None)
    return replace(
        impact,
        descendants=0 if most is None else len(others[:most]),
        is_by_staff=appointed.exists(),
    )
