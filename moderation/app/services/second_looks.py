"""Second looks: given to somebody, let go, answered, taken back. None of it moves the output."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from moderation.app.configuration import UNDO_ON_THE_WAY, configuration
from moderation.app.models import Case, GoldenItem, ReviewerCare, SecondLook
from moderation.app.roles import require_decider
from moderation.app.selectors.care import is_kept_from
from moderation.app.selectors.exposure import break_of
from moderation.app.selectors.parties import part_in
from moderation.app.selectors.second_looks import undo_until
from moderation.app.services.actions import action_called
from moderation.app.services.care_at_work import lock_care, note_work
from moderation.app.services.grounds import grounds_of
from moderation.app.services.reasons import kept_reason
from tidegate.accounts.viewers import Viewer
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.primitives.clock import now
from tidegate.primitives.errors import Conflict, NotFound

_STATE = SecondLook.State
_TRIED: Final = 10
_Row = TypeVar("_Row", SecondLook, GoldenItem)


@transaction.atomic
def claim_second_look(
    *,
    viewer: Viewer,
    modality: str | None = None,
    because: str | None = None,
    besides: Iterable[UUID] = (),
) -> SecondLook | None:
    """Give the viewer the oldest ruling of somebody else that was drawn; None where there is none.

    Nobody is given what they made, decided, reported on appeal or opted out of. Whoever has to rest
    is given nothing.
    """
    user_id = require_decider(viewer)
    care = lock_care(user_id)
    if break_of(user_id, care) is not None:
        return None
    at = now()
    free = SecondLook.objects.filter(
        Q(state=_STATE.WAITING) | Q(state=_STATE.CLAIMED, lease_expires_at__lte=at),
        kind=SecondLook.Kind.SAMPLE,
        decision__reversed_at=None,
    )
    free = free.exclude(first_by_id=user_id).exclude(case__asset__owner_id=user_id)
    free = _like(free, viewer, modality=modality, because=because)
    passed = set(besides)
    while True:
        look = (
            free.exclude(pk__in=passed)
            .select_related("case__asset")
            .select_for_update(of=("self",), no_key=True, skip_locked=True)
            .order_by("created_at", "pk")
            .first()
        )
        if look is None:
            return None
        if _is_fit(look.case, user_id, care):
            return _take(look, viewer, care)
        passed.add(look.pk)


@transaction.atomic
def claim_golden(
    *,
    viewer: Viewer,
    modality: str | None = None,
    because: str | None = None,
    besides: Iterable[UUID] = (),
) -> SecondLook | None:
    """Give the viewer an item with a known answer that they never had; None where there is none.

    Nobody is given what they decided themselves, or whose answer they said.
    """
    user_id = require_decider(viewer)
    care = lock_care(user_id)
    if break_of(user_id, care) is not None:
        return None
    passed = set(besides)
    lapsed = (
        SecondLook.objects.select_related("case__asset")
        .filter(reviewer_id=user_id, kind=SecondLook.Kind.GOLDEN, state=_STATE.CLAIMED)
        .filter(lease_expires_at__lte=now())
        .exclude(pk__in=passed)
    )
    mine = _like(lapsed, viewer, modality=modality, because=because).first()
    if mine is not None:
        return _take(mine, viewer, care)
    given = SecondLook.objects.filter(golden=OuterRef("pk"), reviewer_id=user_id)
    known = GoldenItem.objects.filter(~Exists(given), retired_at=None).exclude(made_by_id=user_id)
    known = known.exclude(case__decided_by_id=user_id).exclude(case__asset__owner_id=user_id)
    known = _like(known, viewer, modality=modality, because=because)
    for golden in known.select_related("case__asset").order_by("?")[:_TRIED]:
        if not _is_fit(golden.case, user_id, care):
            continue
        look = SecondLook(
            kind=SecondLook.Kind.GOLDEN,
            case=golden.case,
            golden=golden,
            expected=golden.answer,
            chance=1.0,
        )
        return _take(look, viewer, care)
    return None


@transaction.atomic
def renew_second_look(*, look: SecondLook, viewer: Viewer) -> SecondLook:
    """Renew the lease of a look that is in the viewer's hand.

    Raises:
        Conflict: answered already, or somebody else has it by now.
    """
    user_id = require_decider(viewer)
    care = lock_care(user_id)
    locked = _in_hand(look, viewer)
    note_work(care)
    locked.lease_expires_at = now() + configuration().claim_lease
    locked.save(update_fields=["lease_expires_at"])
    return locked


@transaction.atomic
def release_second_look(*, look: SecondLook, viewer: Viewer) -> None:
    """Let go of a look: somebody else gets it. Doing so without holding it changes nothing."""
    require_decider(viewer)
    locked = _locked(look)
    if locked.state != _STATE.CLAIMED or locked.reviewer_id != viewer.user_id:
        return
    if locked.kind == SecondLook.Kind.GOLDEN:
        # It is theirs for good: they have seen it. It comes back to them later.
        locked.lease_expires_at = now()
        locked.save(update_fields=["lease_expires_at"])
        return
    locked.move_to(_STATE.WAITING)
    locked.reviewer, locked.claimed_at, locked.lease_expires_at = None, None, None
    locked.save(update_fields=["state", "reviewer", "claimed_at", "lease_expires_at"])
    _tell(Action.SECOND_LOOK_RELEASED, locked, viewer)


@transaction.atomic
def answer_second_look(
    *,
    look: SecondLook,
    viewer: Viewer,
    action: str,
    reason: str,
    reason_code: str = "",
    details: Mapping[str, Any] | None = None,
) -> SecondLook:
    """Keep what the viewer would have decided; the same checks as of a decision, and no effect.

    Raises:
        InvalidInput, NotAllowed: as `decide_case`.
        Conflict: answered already, or somebody else has it by now.
    """
    user_id = require_decider(viewer)
    chosen = action_called(action)
    chosen.require(viewer)
    words = kept_reason(reason, missing="A decision needs a reason.")
    care = lock_care(user_id)
    ground, _, rest = grounds_of(chosen, look.case, reason_code, details or {})
    chosen.read(rest)
    locked = _in_hand(look, viewer)
    note_work(care)
    locked.move_to(_STATE.ANSWERED)
    locked.answer = chosen.ruling or SecondLook.Answer.REFER
    locked.action, locked.reason_code, locked.reason = chosen.name, ground.code, words
    locked.answered_at, locked.lease_expires_at = now(), None
    locked.save()
    _tell(Action.SECOND_LOOK_ANSWERED, locked, viewer, reason=words)
    return locked


@transaction.atomic
def undo_second_look(*, look: SecondLook, viewer: Viewer) -> SecondLook:
    """Take an answer back while a decision could be; the look is in the viewer's hand again.

    Raises:
        Conflict: too late, or not answered.
    """
    require_decider(viewer)
    locked = _locked(look)
    if locked.state == _STATE.CLAIMED and locked.reviewer_id == viewer.user_id:
        return locked
    if locked.state != _STATE.ANSWERED or now() > undo_until(locked) + UNDO_ON_THE_WAY:
        raise Conflict("It is too late to undo this.", code="undo_too_late")
    locked.move_to(_STATE.CLAIMED)
    locked.answer, locked.action, locked.reason_code, locked.reason = "", "", "", ""
    locked.answered_at, locked.lease_expires_at = None, now() + configuration().claim_lease
    locked.save()
    _tell(Action.SECOND_LOOK_UNDONE, locked, viewer)
    return locked


def _like(
    rows: QuerySet[_Row], viewer: Viewer, *, modality: str | None, because: str | None
) -> QuerySet[_Row]:
    """Narrow to what the viewer works through, so that nothing stands out in it."""
    if viewer.organisation_id is not None:
        rows = rows.filter(case__organisation_id=viewer.organisation_id)
    if modality is not None:
        rows = rows.filter(case__asset__modality=modality)
    if because is not None:
        rows = rows.filter(case__because=because)
    return rows


def _is_fit(case: Case, user_id: UUID, care: ReviewerCare) -> bool:
    if part_in(case, user_id):
        return False
    return not is_kept_from(case, user_id, care)


def _take(look: SecondLook, viewer: Viewer, care: ReviewerCare) -> SecondLook:
    note_work(care)
    look.move_to(_STATE.CLAIMED)
    look.reviewer_id = viewer.user_id
    look.claimed_at = now()
    look.lease_expires_at = look.claimed_at + configuration().claim_lease
    look.save()
    _tell(Action.SECOND_LOOK_CLAIMED, look, viewer)
    return look


def _locked(look: SecondLook) -> SecondLook:
    found = SecondLook.objects.select_for_update(of=("self",), no_key=True)
    locked = found.select_related("case__asset").filter(pk=look.pk).first()
    if locked is None:
        raise NotFound("There is no such case.", code="case_not_found")
    return locked


def _in_hand(look: SecondLook, viewer: Viewer) -> SecondLook:
    locked = _locked(look)
    if locked.reviewer_id != viewer.user_id:
        raise Conflict("Somebody else is working on this case.", code="case_held")
    if locked.state != _STATE.CLAIMED:
        raise Conflict("You decided this already.", code="case_decided")
    return locked


def _tell(action: Action, look: SecondLook, viewer: Viewer, *, reason: str = "") -> None:
    """Leave an entry about the case that the look is about."""
    record(
        action,
        chain=f"organisation:{look.case.organisation_id}",
        actor=viewer.actor(),
        subject_type="moderation.case",
        subject_id=str(look.case_id),
        before=None,
        after={
            "second_look": str(look.pk),
            "kind": str(look.kind),
            "state": str(look.state),
            "answer": str(look.answer),
        },
        reason=reason,
        correlation_id=look.case.asset.correlation_id,
        person=look.case.asset.owner_id,
    )
