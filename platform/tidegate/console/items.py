"""What reviewers have in hand: a case, or one that was decided and is looked at again.

Both have one page with one set of addresses, so that nobody can tell which it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from moderation.app import selectors, services
from moderation.app.models import SecondLook
from moderation.app.selectors import CaseEvidence, DecisionSummary
from tidegate.accounts.viewers import Viewer
from tidegate.primitives.clock import now


@dataclass(frozen=True, slots=True)
class Done:
    """What was decided and can be taken back until a moment; nothing to take back has none."""

    id: UUID
    action: str
    is_ruling: bool
    undo_until: datetime | None


def evidence_for(viewer: Viewer, item_id: UUID) -> CaseEvidence:
    """Return the evidence. Raises as `case_for`."""
    look = selectors.look_of(viewer, item_id)
    if look is not None:
        return selectors.second_look_for(viewer, look)
    return selectors.case_for(viewer, item_id)


def claim(viewer: Viewer, item_id: UUID) -> None:
    """Claim it, or renew the lease. Raises as `claim_case`."""
    look = selectors.look_of(viewer, item_id)
    if look is not None:
        services.renew_second_look(look=look, viewer=viewer)
    else:
        services.claim_case(case_id=item_id, viewer=viewer)


def give_back(viewer: Viewer, item_id: UUID) -> None:
    """Give it back. Raises as `release_claim`."""
    look = selectors.look_of(viewer, item_id)
    if look is not None:
        services.release_second_look(look=look, viewer=viewer)
    else:
        services.release_claim(case_id=item_id, viewer=viewer)


def decide(viewer: Viewer, item_id: UUID, given: Mapping[str, Any]) -> Done:
    """Decide it as the form says. Raises as `decide_case`."""
    look = selectors.look_of(viewer, item_id)
    if look is None:
        services.decide_case(case_id=item_id, viewer=viewer, **given)
        return _made(selectors.decisions_of(viewer, item_id)[-1])
    # It says nothing of the checks, and lists nothing: only the ruling is compared.
    asked = {name: given[name] for name in ("action", "reason", "reason_code", "details")}
    look = services.answer_second_look(look=look, viewer=viewer, **asked)
    return _done(look)


def undoable(viewer: Viewer, done_id: UUID) -> Done | None:
    """Return what the viewer decided while it can be taken back."""
    look = selectors.look_of(viewer, done_id)
    if look is not None:
        done = _done(look)
        is_in_time = done.undo_until is not None and now() < done.undo_until
        return done if is_in_time else None
    made = selectors.decision_to_undo(viewer, done_id)
    return None if made is None else _made(made)


def undo(viewer: Viewer, done_id: UUID) -> UUID:
    """Take back what was decided; return what is in the viewer's hand again."""
    look = selectors.look_of(viewer, done_id)
    if look is not None:
        return services.undo_second_look(look=look, viewer=viewer).pk
    return services.undo_decision(decision_id=done_id, viewer=viewer).pk


def _made(made: DecisionSummary) -> Done:
    return Done(made.id, made.action, made.is_ruling, made.undo_until)


def _done(look: SecondLook) -> Done:
    is_answered = look.state == SecondLook.State.ANSWERED
    is_ruling = look.answer != SecondLook.Answer.REFER
    return Done(
        id=look.pk,
        action=look.action,
        is_ruling=is_ruling,
        undo_until=selectors.undo_until(look) if is_answered and is_ruling else None,
    )
