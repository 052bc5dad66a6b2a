"""What reviewers decide about cases, with all that follows, in one transaction."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from moderation.app.models import BulkDecision, Case, Decision, ReviewerCare
from moderation.app.roles import require_decider
from moderation.app.selectors.decisions import last_decision, open_proposal
from moderation.app.selectors.impact import why_two
from moderation.app.services import rulings
from moderation.app.services.actions import Carrying, action_called
from moderation.app.services.actions.base import Order
from moderation.app.services.call_verdicts import known_word
from moderation.app.services.care_at_work import lock_care, take_up
from moderation.app.services.case_effects import close_case
from moderation.app.services.case_locks import (
    lock_case,
    refuse_decided,
    refuse_desk,
    refuse_held_by_another,
    refuse_party,
    refuse_queue,
    visible_case,
)
from moderation.app.services.grounds import grounds_of, named_by
from moderation.app.services.hash_rulings import (
    list_output,
    lock_alike,
    lock_listed_by_appealed,
    unlist,
)
from moderation.app.services.quality import note_ruling
from moderation.app.services.reasons import kept_reason
from moderation.app.services.referrals import propose, refer
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset


@transaction.atomic
def decide_case(
    *,
    case_id: UUID,
    action: str,
    viewer: Viewer,
    reason: str,
    reason_code: str = "",
    details: Mapping[str, Any] | None = None,
    list_hashes: bool = False,
    calls: str = "",
    bulk: BulkDecision | None = None,
) -> Case:
    """Do one of `actions.ACTIONS` about a case, and all that follows from it, or nothing.

    A block gives its author a strike, and a restriction with enough of them; it holds what was
    made from the output, and what is the same. A release takes the strike of an earlier block back,
    and what followed; one that overturns a block on appeal takes its fingerprints off the lists,
    too. What the house rules let nobody do alone becomes a proposal: the case goes to the senior
    desk, where another person decides.

    An open case need not be claimed first. Saying the same again returns the case unchanged.
    With `list_hashes` a block also puts the output's fingerprints on the block list, so the
    same bytes, and pictures that look the same, are blocked when they come next. Without a
    `reason_code` the decision rests on the case's first hazard.

    `calls` says whether the checks were right, in so many words (`call_verdicts.WORDS`): an output
    may be released although what they found is there.

    Raises:
        NotAllowed: as `claim_case`, or the action is not for the viewer's roles.
        NotFound: no such case.
        InvalidInput: unknown action or reason, one that does not justify the other, something
            that these need and nobody gave, or a reason in words that is empty or too long.
        Conflict: held by somebody else, or already decided otherwise.
        TidegateError: `break_running`, and the viewer did not claim it before.
    """
    user_id = require_decider(viewer)
    chosen = action_called(action)
    chosen.require(viewer)
    words = kept_reason(reason, missing="A decision needs a reason.")
    care = lock_care(user_id)
    subject = visible_case(case_id, viewer)
    ground, filled, rest = grounds_of(chosen, subject, reason_code, details or {})
    order = Order(
        action=chosen,
        reason_code=ground.code,
        reason=words,
        details={**chosen.read(rest), **filled},
        hazards=named_by(ground, reason_code, subject),
        list_hashes=list_hashes or chosen.lists_hashes,
        author_id=subject.asset.owner_id,
        made_by=user_id,
        calls=known_word(calls),
    )
    if chosen.ruling is None:
        return refer(order, case_id=case_id, viewer=viewer, care=care)
    if why := why_two(subject.asset, action=chosen.name, details=order.details):
        decided = propose(order, case_id=case_id, viewer=viewer, care=care, why=why)
        if decided is not None:
            return decided
    if chosen.ruling == Case.Ruling.BLOCK:
        return _block(order, subject, viewer=viewer, care=care, bulk=bulk)
    return _release(order, subject, viewer=viewer, care=care, bulk=bulk)


def _block(
    order: Order, subject: Case, *, viewer: Viewer, care: ReviewerCare, bulk: BulkDecision | None
) -> Case:
    plan = rulings.foresee_block(
        author_id=order.author_id,
        asset_id=subject.asset_id,
        hazards=order.hazards,
        by_hand=order.action.restriction(order),
    )
    asset, case = lock_case(subject.pk, viewer)
    if _is_decided(case, order, viewer):
        return case
    if bulk is None:
        # Of many at once nobody looks at any: that is no exposure.
        take_up(case, care)
    to_list = lock_alike(asset) if order.list_hashes else []
    reach = rulings.reach_block(plan, asset)
    decision = _close(order, asset, case, viewer=viewer, bulk=bulk)
    decision.restriction = rulings.carry_out_block(
        plan, reach, asset=asset, ruling=case, actor=viewer.actor()
    )
    list_output(to_list, asset=asset, case=case, viewer=viewer, reason=order.reason)
    _keep(decision, asset)
    note_ruling(decision, case, asset, calls=order.calls)
    return case


def _release(
    order: Order, subject: Case, *, viewer: Viewer, care: ReviewerCare, bulk: BulkDecision | None
) -> Case:
    plan = rulings.foresee_release(author_id=order.author_id, asset_id=subject.asset_id)
    asset, case = lock_case(subject.pk, viewer)
    if _is_decided(case, order, viewer):
        return case
    if bulk is None:
        # Of many at once nobody looks at any: that is no exposure.
        take_up(case, care)
    listed = lock_listed_by_appealed(case)
    reach = rulings.reach_release(plan, asset)
    decision = _close(order, asset, case, viewer=viewer, bulk=bulk)
    rulings.carry_out_release(
        plan, reach, voided_by=order.made_by, actor=viewer.actor(), reason=order.reason
    )
    unlist(listed, answer=case, viewer=viewer, reason=order.reason)
    decision.before |= order.action.carry_out(
        Carrying(asset, case, order.details, order.reason, viewer.actor())
    )
    _keep(decision, asset)
    note_ruling(decision, case, asset, calls=order.calls)
    return case


def _is_decided(case: Case, order: Order, viewer: Viewer) -> bool:
    """Whether the same was said before; raises where it may not be said."""
    refuse_party(case, order.made_by)
    if case.state == Case.State.DECIDED:
        last = last_decision(case)
        if last is not None and (last.made_by_id, last.action) == (
            order.made_by,
            order.action.name,
        ):
            return True
        refuse_decided(case)
    refuse_desk(case, viewer)
    refuse_queue(case, viewer)
    refuse_held_by_another(case, order.made_by)
    return False


def _close(
    order: Order, asset: Asset, case: Case, *, viewer: Viewer, bulk: BulkDecision | None
) -> Decision:
    """End a locked case as it was ordered, and write down who did; the rest of it comes after."""
    decision = order.row(case)
    decision.bulk, decision.was, decision.answers = bulk, asset.visibility, open_proposal(case)
    decision.before = {"reasons": asset.reasons, "public_reasons": asset.public_reasons}
    # First: the statement of reasons reads it.
    decision.save(force_insert=True)
    assert order.action.ruling is not None  # noqa: S101  # those without one were referred
    close_case(
        asset=asset,
        case=case,
        ruling=order.action.ruling,
        reason=order.reason,
        decided_by=order.made_by,
        actor=viewer.actor(),
        ruled_on=order.hazards,
    )
    return decision


def _keep(decision: Decision, asset: Asset) -> None:
    asset.refresh_from_db(fields=["visibility_version"])
    decision.version = asset.visibility_version
    decision.save(update_fields=["version", "before", "restriction"])
