"""Items whose right answer is known, and which reviewers are given among the others."""

from uuid import UUID

from django.db import transaction

from moderation.app.models import Case, GoldenItem
from moderation.app.roles import require_lead
from moderation.app.services.case_locks import visible_case
from moderation.app.services.reasons import kept_reason
from tidegate.accounts.viewers import Viewer
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.primitives.clock import now
from tidegate.primitives.errors import Conflict, InvalidInput, NotFound


@transaction.atomic
def make_golden(*, case_id: UUID, viewer: Viewer, answer: str, explanation: str) -> GoldenItem:
    """Make a decided case an item with a known answer; the same again is the item that is there.

    Its answer may differ from what was decided: people err, and others can learn from it.

    Raises:
        NotAllowed: not senior staff.
        NotFound: no such case.
        Conflict: the case waits yet, or is an item with another answer.
        InvalidInput: no such answer, or no explanation.
    """
    user_id = require_lead(viewer)
    words = kept_reason(explanation, missing="Say why this is the answer.")
    if answer not in Case.Ruling.values:
        raise InvalidInput(
            f"The answer is one of {', '.join(Case.Ruling.values)}.",
            code="unknown_answer",
            pointer="/answer",
        )
    case = visible_case(case_id, viewer)
    if case.state != Case.State.DECIDED:
        raise Conflict("Decide the case first.", code="case_undecided")
    golden, is_new = GoldenItem.objects.select_for_update(no_key=True).get_or_create(
        case=case, defaults={"answer": answer, "explanation": words, "made_by_id": user_id}
    )
    if not is_new and golden.answer != answer:
        raise Conflict("It is an item with another answer.", code="golden_exists")
    if is_new or golden.retired_at is not None:
        golden.retired_at, golden.retired_by = None, None
        golden.save(update_fields=["retired_at", "retired_by"])
        _tell(Action.GOLDEN_MADE, golden, viewer, reason=words)
    return golden


@transaction.atomic
def retire_golden(*, golden_id: UUID, viewer: Viewer) -> GoldenItem:
    """Give an item to nobody any more; what was answered stays. Twice is once.

    Raises:
        NotAllowed: not senior staff.
        NotFound: no such item.
    """
    user_id = require_lead(viewer)
    found = GoldenItem.objects.select_for_update(of=("self",), no_key=True)
    golden = found.select_related("case__asset").filter(pk=golden_id).first()
    if golden is None or viewer.organisation_id not in {None, golden.case.organisation_id}:
        raise NotFound("There is no such item.", code="golden_not_found")
    if golden.retired_at is None:
        golden.retired_at, golden.retired_by_id = now(), user_id
        golden.save(update_fields=["retired_at", "retired_by"])
        _tell(Action.GOLDEN_RETIRED, golden, viewer)
    return golden


def _tell(action: Action, golden: GoldenItem, viewer: Viewer, *, reason: str = "") -> None:
    record(
        action,
        chain=f"organisation:{golden.case.organisation_id}",
        actor=viewer.actor(),
        subject_type="moderation.case",
        subject_id=str(golden.case_id),
        before=None,
        after={"golden": str(golden.pk), "answer": str(golden.answer)},
        reason=reason,
        correlation_id=golden.case.asset.correlation_id,
    )
