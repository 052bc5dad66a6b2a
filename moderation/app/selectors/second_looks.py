"""Reads of second looks: whose they are, and the case as it stood before anybody decided."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from moderation.app.configuration import house_rules
from moderation.app.masking import masked_evidence
from moderation.app.models import SecondLook
from moderation.app.roles import may_decide, require_reader
from moderation.app.selectors.care import care_for
from moderation.app.selectors.evidence import evidence_before
from moderation.app.selectors.views import CaseEvidence
from tidegate.accounts.viewers import Viewer
from tidegate.primitives.clock import now


def look_of(viewer: Viewer, look_id: UUID) -> SecondLook | None:
    """Return a second look that the viewer has, or had, in hand; None of others', and of cases."""
    found = SecondLook.objects.select_related("case__asset", "golden")
    return found.filter(pk=look_id, reviewer_id=require_reader(viewer)).first()


def second_look_for(viewer: Viewer, look: SecondLook) -> CaseEvidence:
    """Return the case that a look is about as if it were theirs and nobody had decided it.

    Raises:
        NotAllowed: the viewer is no review staff.
    """
    return masked_evidence(unmasked_look(viewer, look))


def unmasked_look(viewer: Viewer, look: SecondLook) -> CaseEvidence:
    """As `second_look_for`, with personal data: for the service alone that writes down who saw.

    Its times are those of the case, moved: it waited as long as it had when it was decided.
    """
    evidence = evidence_before(viewer, look.case)
    case, asset = evidence.case, evidence.asset
    began = look.claimed_at or now()
    waited = (look.case.decided_at or began) - look.case.created_at
    opened_at = began - waited
    allowed = look.case.due_at - look.case.created_at if look.case.due_at else None
    is_open = look.state == SecondLook.State.CLAIMED
    return replace(
        evidence,
        case=replace(
            case,
            id=look.pk,
            state="claimed",
            holder=_holder(look),
            lease_expires_at=look.lease_expires_at,
            is_mine=True,
            outcome="",
            reason="",
            decided_by="",
            decided_at=None,
            opened_at=opened_at,
            due_at=None if allowed is None else opened_at + allowed,
            is_late=allowed is not None and opened_at + allowed < now(),
            desk="first",
        ),
        asset=asset,
        refusal=_refusal(viewer, is_open=is_open),
        manner=care_for(viewer).manner_for(set(look.case.hazards)),
        stands_for=look.case_id,
    )


def undo_until(look: SecondLook) -> datetime:
    """Return until when an answer can be taken back."""
    return (look.answered_at or now()) + house_rules().undo


def _holder(look: SecondLook) -> str:
    return look.reviewer.display_name if look.reviewer else ""


def _refusal(viewer: Viewer, *, is_open: bool) -> str:
    if not may_decide(viewer):
        return "review_staff_only"
    return "" if is_open else "case_decided"
