"""Comparing what a second person said with what it is to be compared with, once it stands."""

from typing import Final
from uuid import UUID

from django.db import transaction

from moderation.app.configuration import UNDO_ON_THE_WAY, house_rules
from moderation.app.models import Case, SecondLook
from moderation.app.services.case_effects import GATE, lock_undecided, open_case
from tidegate.assets.models import Asset
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.primitives.clock import now

_AT_ONCE: Final = 100
_STATE = SecondLook.State


def settle_second_looks() -> int:
    """Compare every answer that cannot be taken back any more; return how many."""
    # Whoever undoes at the last moment finds it untouched.
    before = now() - house_rules().undo - 2 * UNDO_ON_THE_WAY
    answered = SecondLook.objects.filter(state=_STATE.ANSWERED, answered_at__lt=before)
    keys = list(answered.order_by("answered_at").values_list("pk", "case__asset_id")[:_AT_ONCE])
    for look_id, asset_id in keys:
        settle(look_id, asset_id)
    return len(keys)


@transaction.atomic
def settle(look_id: UUID, asset_id: UUID) -> SecondLook:
    """Compare one answer. Where two disagree, senior staff decide, neither of the two among them.

    The output stays where it is until they have. Settling twice is once.
    """
    asset = Asset.objects.select_for_update(no_key=True).get(pk=asset_id)
    look = (
        SecondLook.objects.select_for_update(of=("self",), no_key=True)
        .select_related("case__verdict", "decision")
        .get(pk=look_id)
    )
    if look.state != _STATE.ANSWERED:
        return look
    if look.decision is not None and look.decision.reversed_at is not None:
        look.move_to(_STATE.VOID)
    else:
        look.move_to(_STATE.SETTLED)
        if _is_disagreement(look):
            look.adjudication = _adjudicated(look, asset) or _case_for(look, asset)
    look.settled_at = now()
    look.save(update_fields=["state", "settled_at", "adjudication"])
    record(
        Action.SECOND_LOOK_SETTLED,
        chain=f"organisation:{look.case.organisation_id}",
        actor=GATE,
        subject_type="moderation.case",
        subject_id=str(look.case_id),
        before=None,
        after={
            "second_look": str(look.pk),
            "state": str(look.state),
            "answer": str(look.answer),
            "expected": str(look.expected),
            "adjudication": str(look.adjudication_id or ""),
        },
        correlation_id=asset.correlation_id,
    )
    return look


def _is_disagreement(look: SecondLook) -> bool:
    if look.kind == SecondLook.Kind.GOLDEN or look.answer == SecondLook.Answer.REFER:
        return False
    return look.answer != look.expected


def _adjudicated(look: SecondLook, asset: Asset) -> Case | None:
    """Return the case in which others look, or looked, at the same output since: that one says."""
    later = Case.objects.filter(asset=asset, created_at__gt=look.case.created_at)
    later = later.exclude(pk=look.case_id).filter(adjudicates=None)
    return later.order_by("created_at").last()


def _case_for(look: SecondLook, asset: Asset) -> Case:
    undecided = lock_undecided(asset)
    if undecided is not None:
        # There is one about another disagreement; an output has one open case at a time.
        return undecided
    return open_case(
        asset=asset,
        because=Case.Because.DISAGREEMENT,
        severity=look.case.severity,
        hazards=look.case.grounds,
        verdict=look.case.verdict,
        actor=GATE,
        correlation_id=asset.correlation_id,
        not_by=look.first_by_id,
        proposed_by=look.reviewer_id,
        desk=Case.Desk.SENIOR,
    )
