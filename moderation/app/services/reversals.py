"""Taking a decision back: everything that it did is undone by its opposite, and the case is open.

Nothing is deleted. The decision stays with who took it back and why, and the case that is open
again is a new one that follows it, as whenever a case is looked at again.
"""

from dataclasses import replace
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from moderation.app.configuration import UNDO_ON_THE_WAY, configuration, house_rules
from moderation.app.models import (
    Appeal,
    Case,
    Decision,
    HashEntry,
    Hold,
    Letter,
    Report,
    Statement,
    TakedownNotice,
)
from moderation.app.roles import require_decider, require_lead
from moderation.app.services import rulings
from moderation.app.services.actions import Carrying, action_called
from moderation.app.services.authors import lock_author
from moderation.app.services.care_at_work import lock_care
from moderation.app.services.case_effects import open_case
from moderation.app.services.case_locks import lock_case, visible_case
from moderation.app.services.hash_rulings import unlist
from moderation.app.services.letters import tell_restored
from moderation.app.services.reasons import kept_reason
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset, Visibility
from tidegate.assets.services import move_asset
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.contracts.moderation import DecisionReversed
from tidegate.events.services import announce
from tidegate.primitives.clock import now
from tidegate.primitives.errors import Conflict, NotAllowed, NotFound

UNDONE: Final = "undone at once"


@transaction.atomic
def undo_decision(*, decision_id: UUID, viewer: Viewer) -> Case:
    """Take back one's own decision, seconds after it; the case is the viewer's again.

    Who was to be written to has not been, and is not. Undoing twice returns the same case.

    Raises:
        NotAllowed: not a reviewer, or it is somebody else's decision.
        NotFound: no such decision.
        Conflict: too late, not to be taken back, or something has moved since; the code says.
    """
    user_id = require_decider(viewer)
    lock_care(user_id)
    decision = _visible(decision_id, viewer)
    if decision.made_by_id != user_id:
        raise NotAllowed("Only one's own decision can be undone.", code="not_own_decision")
    if decision.reopened is not None:
        return decision.reopened
    if now() > decision.created_at + house_rules().undo + UNDO_ON_THE_WAY:
        raise Conflict("It is too late to undo this.", code="undo_too_late")
    reopened = _take_back(decision, viewer=viewer, reason=UNDONE)
    reopened.move_to(Case.State.CLAIMED)
    reopened.claimed_by_id = user_id
    reopened.lease_expires_at = now() + configuration().claim_lease
    reopened.save(update_fields=["state", "claimed_by", "lease_expires_at"])
    return reopened


@transaction.atomic
def reverse_decision(*, decision_id: UUID, viewer: Viewer, reason: str) -> Case:
    """Take back anybody's decision, at any time; the case waits again. Twice is once.

    Raises:
        NotAllowed: not senior staff.
        InvalidInput: no reason.
        NotFound, Conflict: as `undo_decision`.
    """
    require_lead(viewer)
    words = kept_reason(reason, missing="Taking a decision back needs a reason.")
    decision = _visible(decision_id, viewer)
    if decision.reopened is not None:
        return decision.reopened
    return _take_back(decision, viewer=viewer, reason=words)


def _visible(decision_id: UUID, viewer: Viewer) -> Decision:
    found = Decision.objects.select_related("case__asset", "reopened", "restriction")
    if viewer.organisation_id is not None:
        found = found.filter(case__organisation_id=viewer.organisation_id)
    decision = found.filter(pk=decision_id).first()
    if decision is None:
        raise NotFound("There is no such decision.", code="decision_not_found")
    return decision


def _take_back(decision: Decision, *, viewer: Viewer, reason: str) -> Case:
    action = action_called(decision.action)
    if not action.is_reversible or decision.is_proposal:
        raise Conflict("This is not a ruling: decide the case.", code="not_reversible")
    subject = visible_case(decision.case_id, viewer)
    if action.ruling == Case.Ruling.BLOCK:
        plan = rulings.foresee_release(author_id=subject.asset.owner_id, asset_id=subject.asset_id)
        imposed = decision.restriction
        if imposed is not None and imposed.ended_at is None:
            plan = replace(plan, lift=(*plan.lift, imposed))
    else:
        lock_author(subject.asset.owner_id)
        plan = rulings.Plan()
    asset, case = lock_case(subject.pk, viewer)
    decision.refresh_from_db()
    if decision.reopened is not None:
        return decision.reopened
    _refuse_moved_on(decision, asset, case)
    listed = list(
        HashEntry.objects.select_for_update(of=("self",))
        .select_related("bank")
        .filter(source_case=case)
        .order_by("pk")
    )
    reach = rulings.reach_release(plan, asset)
    actor = viewer.actor()
    reopened = _reopen(case, asset, viewer)
    rulings.carry_out_release(plan, reach, voided_by=viewer.user_id, actor=actor, reason=reason)
    unlist(listed, answer=case, viewer=viewer, reason=reason)
    _move_back(decision, asset, viewer, reason)
    action.take_back(Carrying(asset, case, decision.details, reason, actor), decision.before)
    _give_back_holds(decision, reopened, asset)
    _unsay(decision, asset)
    decision.reversed_at, decision.reversed_by_id = now(), viewer.user_id
    decision.reversal_reason, decision.reopened = reason, reopened
    decision.save(update_fields=["reversed_at", "reversed_by", "reversal_reason", "reopened"])
    announce(
        DecisionReversed(
            decision_id=decision.pk,
            case_id=case.pk,
            reopened_id=reopened.pk,
            asset_id=asset.pk,
            organisation_id=case.organisation_id,
            action=decision.action,
        ),
        correlation_id=asset.correlation_id,
    )
    record(
        Action.DECISION_REVERSED,
        chain=f"organisation:{case.organisation_id}",
        actor=actor,
        subject_type="moderation.case",
        subject_id=str(case.pk),
        before={"action": decision.action, "outcome": str(case.outcome)},
        after={"reopened": str(reopened.pk), "visibility": str(asset.visibility)},
        reason=reason,
        correlation_id=asset.correlation_id,
        person=asset.owner_id,
    )
    return reopened


def _refuse_moved_on(decision: Decision, asset: Asset, case: Case) -> None:
    """Raise Conflict where undoing would undo more than this decision."""
    if Appeal.objects.filter(Q(answer=case) | Q(case=case)).exists():
        raise Conflict("An appeal hangs on it: decide that.", code="appeal_depends")
    if decision.version is None or asset.visibility_version != decision.version:
        raise Conflict("The output has moved since: decide anew.", code="moved_on")
    if Case.objects.filter(previous=case).exists():
        raise Conflict("The case was opened again since.", code="moved_on")
    if decision.was == Visibility.BLOCKED and case.outcome == Case.Ruling.RELEASE:
        raise Conflict("It overturned a block: decide anew.", code="not_reversible")


def _reopen(case: Case, asset: Asset, viewer: Viewer) -> Case:
    """Open what was decided again as it was: nothing that somebody said about it is lost."""
    reopened = open_case(
        asset=asset,
        because=Case.Because(case.because),
        severity=case.severity,
        hazards=case.hazards,
        verdict=case.verdict,
        actor=viewer.actor(),
        correlation_id=asset.correlation_id,
        not_by=case.not_by_id,
        like=case,
    )
    Report.objects.filter(case=case).update(case=reopened, outcome="")
    TakedownNotice.objects.filter(case=case).update(case=reopened)
    return reopened


def _move_back(decision: Decision, asset: Asset, viewer: Viewer, reason: str) -> None:
    asset.refresh_from_db(fields=["visibility", "visibility_version"])
    if asset.visibility == decision.was:
        return
    move_asset(
        asset_id=asset.pk,
        to=Visibility(decision.was),
        actor=viewer.actor(),
        reason=reason,
        reasons=decision.before["reasons"],
        public_reasons=decision.before["public_reasons"],
    )
    asset.refresh_from_db()


def _give_back_holds(decision: Decision, reopened: Case, asset: Asset) -> None:
    """Let what held the output before the decision hold it again."""
    if decision.was != Visibility.HELD:
        return
    Hold.objects.filter(
        asset=asset, ended_because=Hold.Ended.DECIDED, ended_at=decision.case.decided_at
    ).filter(
        Q(restriction__isnull=True) | Q(restriction__ended_at=None),
        Q(spread__isnull=True) | Q(spread__ended_at=None),
    ).update(case=reopened, ended_at=None, ended_because="", version=asset.visibility_version)


def _unsay(decision: Decision, asset: Asset) -> None:
    """Withdraw what nobody has read of it, and let stand what was said before the decision.

    Whoever has read already that something was blocked hears of it when somebody decides again;
    until then that statement stands.
    """
    case, at = decision.case, now()
    unread = Letter.objects.filter(
        read_at=None, sent_at=None, withdrawn_at=None, created_at__gte=decision.created_at
    )
    unread.filter(report__asset=asset).update(withdrawn_at=at)
    ended = Statement.objects.filter(asset=asset, ended_at__gte=decision.created_at).order_by("pk")
    before = ended.exclude(case=case, measure="blocked").last()
    own = Statement.objects.filter(asset=asset, case=case, ended_at=None).first()
    if own is not None:
        is_unread = unread.filter(statement=own).update(withdrawn_at=at)
        if not is_unread and asset.visibility == Visibility.HELD:
            return
        own.ended_at = at
        own.save(update_fields=["ended_at"])
        if not is_unread:
            tell_restored(own)
    if before is not None:
        unread.filter(statement=before, kind=Letter.Kind.RESTORED).update(withdrawn_at=at)
        before.ended_at = None
        before.save(update_fields=["ended_at"])
