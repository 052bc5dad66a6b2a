"""Reads of decisions: what was done about a case, what waits for agreement, what can be undone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from moderation.app.configuration import house_rules
from moderation.app.models import REFERRALS, BulkDecision, Case, Decision
from moderation.app.roles import require_lead, require_reader
from tidegate.accounts.viewers import Viewer
from tidegate.primitives.clock import now
from tidegate.primitives.errors import NotFound


@dataclass(frozen=True, slots=True)
class DecisionSummary:
    """A decision as staff read it. `undo_until` is None where its maker cannot undo it (now).

    A ruling ended its case; proposals and referrals did not.
    """

    id: UUID
    case_id: UUID
    action: str
    reason_code: str
    reason: str
    details: Mapping[str, Any]
    made_by: str
    made_at: datetime
    is_proposal: bool
    is_ruling: bool
    why_two: str
    is_own: bool
    undo_until: datetime | None
    reversed_by: str
    reversed_at: datetime | None
    reversal_reason: str
    bulk_id: UUID | None


def decisions_of(viewer: Viewer, case_id: UUID) -> tuple[DecisionSummary, ...]:
    """Return what people decided about a case, oldest first: proposals and referrals as well.

    Raises:
        NotAllowed: the viewer is no review staff.
    """
    require_reader(viewer)
    found = Decision.objects.filter(case_id=case_id)
    if viewer.organisation_id is not None:
        found = found.filter(case__organisation_id=viewer.organisation_id)
    rows = found.select_related("made_by", "reversed_by").order_by("created_at", "id")
    return tuple(_summary(row, viewer) for row in rows)


def decision_to_undo(viewer: Viewer, decision_id: UUID) -> DecisionSummary | None:
    """Return one's own decision while it can still be undone; else None."""
    require_reader(viewer)
    rows = Decision.objects.select_related("made_by", "reversed_by")
    row = rows.filter(pk=decision_id, made_by_id=viewer.user_id, is_proposal=False).first()
    summary = None if row is None else _summary(row, viewer)
    return summary if summary is not None and summary.undo_until is not None else None


def was_reversed() -> Exists:
    """Return the condition that the decision of a case was taken back: it does not count."""
    return Exists(Decision.objects.filter(case=OuterRef("pk"), reversed_at__isnull=False))


def bulk_decisions(viewer: Viewer) -> QuerySet[BulkDecision]:
    """Return decisions about many cases, newest first; a key sees those of its organisation.

    Raises:
        NotAllowed: the viewer is not senior staff.
    """
    require_lead(viewer)
    found = BulkDecision.objects.select_related("made_by", "reversed_by")
    if viewer.organisation_id is not None:
        found = found.filter(organisation_id=viewer.organisation_id)
    return found.order_by("-created_at", "-id")


def bulk_decision(viewer: Viewer, bulk_id: UUID) -> BulkDecision:
    """Return one of them. Raises NotAllowed as above, or NotFound."""
    found = bulk_decisions(viewer).filter(pk=bulk_id).first()
    if found is None:
        raise NotFound("There is no such bulk decision.", code="bulk_not_found")
    return found


def _summary(row: Decision, viewer: Viewer) -> DecisionSummary:
    until = row.created_at + house_rules().undo
    is_own = row.made_by_id == viewer.user_id
    is_ruling = row.action not in REFERRALS and not row.is_proposal
    can_undo = is_own and is_ruling and row.reversed_at is None and now() < until
    return DecisionSummary(
        id=row.pk,
        case_id=row.case_id,
        action=row.action,
        reason_code=row.reason_code,
        reason=row.reason,
        details=row.details,
        made_by=row.made_by.display_name,
        made_at=row.created_at,
        is_proposal=row.is_proposal,
        is_ruling=is_ruling,
        why_two=row.why_two,
        is_own=is_own,
        undo_until=until if can_undo else None,
        reversed_by=row.reversed_by.display_name if row.reversed_by else "",
        reversed_at=row.reversed_at,
        reversal_reason=row.reversal_reason,
        bulk_id=row.bulk_id,
    )


def last_decision(case: Case) -> Decision | None:
    """Return the decision that ended a case; None where the platform did, or nobody has."""
    made = case.decisions.filter(is_proposal=False).exclude(action__in=REFERRALS)
    return made.order_by("created_at", "id").last()


def open_proposal(case: Case) -> Decision | None:
    """Return what waits for another person's agreement."""
    proposals = case.decisions.filter(is_proposal=True, answer=None)
    return proposals.order_by("created_at", "id").last()
