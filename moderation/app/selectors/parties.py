"""Who has a part in a case, and so decides nothing in it."""

from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from moderation.app.models import Appeal, Case


def part_in(case: Case, user_id: UUID | None) -> str:
    """Return the code of somebody's part in a case (with its asset); empty where they have none.

    `own_proposal`: they asked for another person's look; `own_asset`: they made it;
    `own_decision`: the appeal is against what they decided; `own_appeal`: the appeal is theirs.
    """
    if case.asset.owner_id == user_id:
        return "own_asset"
    if case.not_by_id is not None and case.not_by_id == user_id:
        return "own_decision"
    if case.proposed_by_id is not None and case.proposed_by_id == user_id:
        return "own_proposal"
    if case.appeals.filter(appellant_id=user_id).exists():
        return "own_appeal"
    return ""


def takes_part(user_id: UUID) -> Q:
    """Return the cases that somebody has a part in, as `part_in` says it."""
    appealed = Appeal.objects.filter(answer=OuterRef("pk"), appellant_id=user_id)
    return (
        Q(asset__owner_id=user_id)
        | Q(not_by_id=user_id)
        | Q(proposed_by_id=user_id)
        | Q(Exists(appealed))
    )
