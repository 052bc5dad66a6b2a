"""Finding and locking a case, and refusing whoever may not decide it."""

from functools import partial
from uuid import UUID

from moderation.app.models import Case
from moderation.app.roles import desks_of
from moderation.app.selectors.care import is_theirs
from moderation.app.selectors.parties import part_in
from moderation.app.selectors.queues import works_in
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset
from tidegate.primitives.clock import now
from tidegate.primitives.errors import Conflict, NotAllowed, NotFound

_PARTS = {
    "own_asset": partial(NotAllowed, "Nobody reviews what they made themselves.", code="own_asset"),
    "own_decision": partial(
        NotAllowed, "An appeal is decided by somebody else.", code="own_decision"
    ),
    "own_appeal": partial(
        NotAllowed, "Nobody decides on an appeal of their own.", code="own_appeal"
    ),
    "own_proposal": partial(
        NotAllowed, "Whoever asked for another person's look does not decide.", code="own_proposal"
    ),
}


def visible_case(case_id: UUID, viewer: Viewer) -> Case:
    """Return a case with its asset, not locked; a key sees its own organisation's only.

    Raises:
        NotFound: there is no such case.
    """
    visible = Case.objects.select_related("asset").filter(pk=case_id)
    if viewer.organisation_id is not None:
        visible = visible.filter(organisation_id=viewer.organisation_id)
    case = visible.first()
    if case is None:
        raise NotFound("There is no such case.", code="case_not_found")
    return case


def lock_case(case_id: UUID, viewer: Viewer) -> tuple[Asset, Case]:
    """Lock the asset, then its case. Raises as `visible_case`."""
    asset_id = visible_case(case_id, viewer).asset_id
    asset = Asset.objects.select_for_update(no_key=True).get(pk=asset_id)
    case = Case.objects.select_for_update(no_key=True).get(pk=case_id)
    return asset, case


def require_decidable(case: Case, viewer: Viewer, user_id: UUID) -> None:
    """Refuse whoever may not decide a locked case now, for any of the reasons below."""
    refuse_party(case, user_id)
    refuse_decided(case)
    refuse_desk(case, viewer)
    refuse_queue(case, viewer)
    refuse_held_by_another(case, user_id)


def refuse_party(case: Case, user_id: UUID) -> None:
    """Raise NotAllowed for whoever has a part in it."""
    if part := part_in(case, user_id):
        refusal = _PARTS[part]()
        raise refusal


def refuse_desk(case: Case, viewer: Viewer) -> None:
    """Raise NotAllowed unless the viewer decides the cases of its desk."""
    if case.desk not in desks_of(viewer):
        raise NotAllowed(
            "This case waits for senior staff."
            if case.desk == Case.Desk.SENIOR
            else "This case waits for another desk.",
            code="other_desk",
            extra={"desk": str(case.desk)},
        )


def refuse_queue(case: Case, viewer: Viewer) -> None:
    """Raise NotAllowed unless the viewer works in its queue, or has it in hand already."""
    if not is_theirs(case, viewer.user_id) and not works_in(viewer, case.queue_id):
        raise NotAllowed(
            "This case waits in a queue that you do not work in.",
            code="other_queue",
            extra={"queue": case.queue.name if case.queue else ""},
        )


def refuse_decided(case: Case) -> None:
    """Raise Conflict for a case that is decided; `extra` names who and what."""
    if case.state == Case.State.DECIDED:
        by = case.decided_by.display_name if case.decided_by else "the platform"
        raise Conflict(
            f"This case was already decided by {by}: {case.outcome}.",
            code="case_decided",
            extra={"outcome": case.outcome, "decided_by": by},
        )


def refuse_held_by_another(case: Case, user_id: UUID) -> None:
    """Raise Conflict while somebody else's lease on it runs; `extra` names them."""
    if case.is_held_by_another(user_id, now()):
        holder = case.claimed_by.display_name if case.claimed_by else ""
        until = case.lease_expires_at.isoformat() if case.lease_expires_at else ""
        raise Conflict(
            f"{holder} is working on this case.",
            code="case_held",
            extra={"holder": holder, "lease_expires_at": until},
        )
