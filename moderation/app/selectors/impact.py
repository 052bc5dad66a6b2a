"""How far a decision would reach, before it is taken."""

from uuid import UUID

from moderation.app.configuration import house_rules
from moderation.core.house_rules import Impact
from tidegate.accounts.models import StaffAppointment
from tidegate.assets.lineage import descendants_and_duplicates_of
from tidegate.assets.models import Visibility


def impact_of(*, action: str, restriction: str, asset_id: UUID, author_id: UUID) -> Impact:
    """Return what the house rules ask about a decision; works of others, up to what matters."""
    most = house_rules().second_level.descendants
    below = descendants_and_duplicates_of(asset_id).filter(visibility=Visibility.RELEASED)
    others = below.exclude(owner_id=author_id)
    appointed = StaffAppointment.objects.filter(user_id=author_id, ended_at=None)
    return Impact(
        action=action,
        restriction=restriction,
        descendants=0 if most is None else len(others.values_list("pk", flat=True)[:most]),
        is_by_staff=appointed.exists(),
    )
