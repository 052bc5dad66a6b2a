"""Giving a case to another desk: because somebody asks for it, or to have a decision agreed to."""

from typing import Literal, cast
from uuid import UUID

from moderation.app.models import Case, Decision, ReviewerCare
from moderation.app.public_reasons import public_reasons
from moderation.app.selectors.decisions import open_proposal
from moderation.app.services.actions.base import Order
from moderation.app.services.care_at_work import take_up
from moderation.app.services.case_effects import picture, record_case
from moderation.app.services.case_locks import lock_case, require_decidable
from moderation.app.services.statements import state_hold
from moderation.core.dsa import Automation, Source
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset, Visibility
from tidegate.assets.services import move_asset
from tidegate.audit.actions import Action
from tidegate.contracts.moderation import CaseReferred
from tidegate.events.services import announce

_SECOND_LOOK = "second_look"


def refer(order: Order, *, case_id: UUID, viewer: Viewer, care: ReviewerCare) -> Case:
    """Give a case to the desk of the action, and hold its output until that has decided.

    Saying so twice changes nothing.
    """
    asset, case = lock_case(case_id, viewer)
    if case.desk == order.action.desk and case.proposed_by_id == order.made_by:
        return case
    require_decidable(case, viewer, order.made_by)
    take_up(case, care)
    if asset.visibility == Visibility.RELEASED:
        _hold(asset, case, viewer)
    _give(order, asset, case, viewer=viewer, desk=order.action.desk, why="")
    return case


def propose(
    order: Order, *, case_id: UUID, viewer: Viewer, care: ReviewerCare, why: str
) -> Case | None:
    """Ask senior staff to agree to a decision; None where this is somebody's agreement to one.

    Nothing moves: whoever is asked may as well decide otherwise. Proposing twice changes nothing.
    """
    asset, case = lock_case(case_id, viewer)
    if case.state == Case.State.DECIDED:
        return None
    proposal = open_proposal(case)
    if proposal is not None and _is_same(proposal, order):
        return case if proposal.made_by_id == order.made_by else None
    require_decidable(case, viewer, order.made_by)
    take_up(case, care)
    _give(order, asset, case, viewer=viewer, desk=Case.Desk.SENIOR, why=why)
    return case


def _is_same(proposal: Decision, order: Order) -> bool:
    return proposal.action == order.action.name and proposal.details.get(
        "kind"
    ) == order.details.get("kind")


def _hold(asset: Asset, case: Case, viewer: Viewer) -> None:
    """Hold what others see while somebody else looks, and tell its author why."""
    move_asset(
        asset_id=asset.pk,
        to=Visibility.HELD,
        actor=viewer.actor(),
        reason="another person has to look",
        reasons=[{"hazard": "", "rule": _SECOND_LOOK}],
        public_reasons=[one.as_json() for one in public_reasons([_SECOND_LOOK])],
    )
    asset.refresh_from_db(fields=["visibility", "visibility_version"])
    state_hold(
        asset,
        case,
        because=_SECOND_LOOK,
        source=Source.REPORT if case.report_count else Source.OWN,
        automation=Automation.NONE,
        actor=viewer.actor(),
    )


def _give(order: Order, asset: Asset, case: Case, *, viewer: Viewer, desk: str, why: str) -> None:
    before = picture(case)
    is_proposal = bool(why)
    decision = order.row(case)
    decision.is_proposal, decision.why_two = is_proposal, why
    decision.save(force_insert=True)
    if case.state == Case.State.CLAIMED:
        case.move_to(Case.State.OPEN)
    case.desk, case.proposed_by_id = desk, order.made_by
    case.claimed_by, case.lease_expires_at = None, None
    case.save(update_fields=["state", "desk", "proposed_by", "claimed_by", "lease_expires_at"])
    announce(
        CaseReferred(
            case_id=case.pk,
            asset_id=asset.pk,
            organisation_id=case.organisation_id,
            desk=cast("Literal['senior', 'legal']", desk),
            action=order.action.name,
            is_proposal=is_proposal,
        ),
        correlation_id=asset.correlation_id,
    )
    record_case(
        Action.DECISION_PROPOSED if is_proposal else Action.CASE_REFERRED,
        case,
        actor=viewer.actor(),
        before=before,
        reason=order.reason,
        correlation_id=asset.correlation_id,
    )
