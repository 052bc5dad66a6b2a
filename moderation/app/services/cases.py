"""What reviewers do with cases: claim, let go, decide."""

from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from moderation.app.configuration import configuration
from moderation.app.models import Case
from moderation.app.roles import require_decider
from moderation.app.selectors.care import CLAIM_ORDER, is_kept_from, kept_from, lateness_of
from moderation.app.selectors.parties import part_in, takes_part
from moderation.app.services import rulings
from moderation.app.services.care_at_work import lock_care, take_up
from moderation.app.services.case_effects import close_case, let_go, picture, record_case
from moderation.app.services.hash_rulings import (
    list_output,
    lock_alike,
    lock_listed_by_appealed,
    unlist,
)
from moderation.app.services.reasons import kept_reason
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset
from tidegate.audit.actions import Action
from tidegate.primitives.clock import now
from tidegate.primitives.errors import Conflict, InvalidInput, NotAllowed, NotFound

_PARTS = {
    "own_asset": partial(NotAllowed, "Nobody reviews what they made themselves.", code="own_asset"),
    "own_decision": partial(
        NotAllowed, "An appeal is decided by somebody else.", code="own_decision"
    ),
    "own_appeal": partial(
        NotAllowed, "Nobody decides on an appeal of their own.", code="own_appeal"
    ),
}


@transaction.atomic
def claim_case(*, case_id: UUID, viewer: Viewer) -> Case:
    """Give the viewer the case for the length of a lease, or renew the lease they hold.

    Raises:
        NotAllowed: not a reviewer, or party to it: the asset, the decision that is appealed
            against, or the appeal is the viewer's own; or they opted out of what it is about.
        NotFound: no such case.
        Conflict: decided, or somebody else's lease still runs; `extra` names them.
        TidegateError: `break_running`, the viewer has to rest.
    """
    user_id = require_decider(viewer)
    care = lock_care(user_id)
    asset, case = _lock(case_id, viewer)
    _refuse_party(case, user_id)
    _refuse_decided(case)
    _refuse_held_by_another(case, user_id)
    take_up(case, care)
    return _take(case, asset, viewer)


def claim_next_case(
    *,
    viewer: Viewer,
    modality: str | None = None,
    because: str | None = None,
    besides: Iterable[UUID] = (),
) -> Case | None:
    """Give the viewer the next case of the queue, claimed; None when none waits for them.

    What they hold already comes first, then the most severe; among those, what they want last comes
    last, and the oldest first. Cases of their own assets, of what they opted out of, those in
    `besides` and those that others hold are passed over. However many ask at once, no two get the
    same case.

    Raises:
        NotAllowed: not a reviewer.
        TidegateError: `break_running`, the viewer has to rest.
    """
    user_id = require_decider(viewer)
    waiting = Case.objects.exclude(takes_part(user_id))
    if viewer.organisation_id is not None:
        waiting = waiting.filter(organisation_id=viewer.organisation_id)
    if modality is not None:
        waiting = waiting.filter(asset__modality=modality)
    if because is not None:
        waiting = waiting.filter(because=because)
    is_running = Q(state=Case.State.CLAIMED, lease_expires_at__gt=now())
    theirs = waiting.filter(is_running, claimed_by_id=user_id)
    free = waiting.exclude(state=Case.State.DECIDED).exclude(is_running)
    passed = set(besides)
    # Only when there is nothing else, what somebody is at just now: it may become free.
    for cases, is_patient in ((theirs, True), (free, False), (free, True)):
        while (
            found := _first(cases.exclude(pk__in=passed), viewer, is_patient=is_patient)
        ) is not None:
            case, is_claimed = found
            if is_claimed:
                return case
            passed.add(case.pk)
    return None


@transaction.atomic
def _first(cases: QuerySet[Case], viewer: Viewer, *, is_patient: bool) -> tuple[Case, bool] | None:
    """Claim the first of these cases; False where somebody was faster, None where there is none.

    A transaction of its own: what was locked in vain is free before the next is looked for.
    """
    user_id = require_decider(viewer)
    care = lock_care(user_id)
    found = (
        cases.exclude(kept_from(user_id, care))
        .annotate(lateness=lateness_of(user_id, care))
        .order_by(*CLAIM_ORDER)
        .select_related("asset")
        .select_for_update(of=("asset",), no_key=True, skip_locked=not is_patient)
        .first()
    )
    if found is None:
        return None
    # It was found as it stood when the search began, and is read again under its lock.
    case = Case.objects.select_for_update(no_key=True).get(pk=found.pk)
    if case.state == Case.State.DECIDED or case.is_held_by_another(user_id, now()):
        return case, False
    if is_kept_from(case, user_id, care):
        return case, False
    take_up(case, care)
    return _take(case, found.asset, viewer), True


def _take(case: Case, asset: Asset, viewer: Viewer) -> Case:
    """Give the viewer a locked case for the length of a lease."""
    before = picture(case)
    is_renewal = case.state == Case.State.CLAIMED and case.claimed_by_id == viewer.user_id
    case.move_to(Case.State.CLAIMED)
    case.claimed_by_id = viewer.user_id
    case.lease_expires_at = now() + configuration().claim_lease
    case.save(update_fields=["state", "claimed_by", "lease_expires_at"])
    if not is_renewal:
        # Renewals come every minute from an open page and say nothing new.
        record_case(
            Action.CASE_CLAIMED,
            case,
            actor=viewer.actor(),
            before=before,
            correlation_id=asset.correlation_id,
        )
    return case


@transaction.atomic
def release_claim(*, case_id: UUID, viewer: Viewer) -> Case:
    """Let go of a case. Doing so without holding it changes nothing.

    Raises:
        NotAllowed, NotFound: as `claim_case`.
        Conflict: somebody else holds it.
    """
    user_id = require_decider(viewer)
    asset, case = _lock(case_id, viewer)
    _refuse_held_by_another(case, user_id)
    if case.state != Case.State.CLAIMED:
        return case
    let_go(case, actor=viewer.actor(), correlation_id=asset.correlation_id)
    return case


@transaction.atomic
def decide_case(
    *, case_id: UUID, outcome: str, viewer: Viewer, reason: str, list_hashes: bool = False
) -> Case:
    """Record a reviewer's ruling and all that follows from it, or nothing.

    A block gives its author a strike, and a restriction with enough of them; it holds what was
    made from the output. A release takes the strike of an earlier block back, and what followed;
    one that overturns a block on appeal takes its fingerprints off the lists, too.

    An open case need not be claimed first. Saying the same again returns the case unchanged.
    With `list_hashes` a block also puts the output's fingerprints on the block list, so the
    same bytes, and pictures that look the same, are blocked when they come next.

    Raises:
        NotAllowed: as `claim_case`.
        NotFound: no such case.
        InvalidInput: unknown outcome, or a reason that is empty or too long.
        Conflict: held by somebody else, or already decided otherwise.
        TidegateError: `break_running`, and the viewer did not claim it before.
    """
    user_id = require_decider(viewer)
    ruling, words = _ruling(outcome), kept_reason(reason, missing="A decision needs a reason.")
    care = lock_care(user_id)
    subject = _visible(case_id, viewer)
    is_block = ruling == Case.Ruling.BLOCK
    if is_block:
        plan = rulings.foresee_block(
            author_id=subject.asset.owner_id, asset_id=subject.asset_id, hazards=named_in(subject)
        )
    else:
        plan = rulings.foresee_release(author_id=subject.asset.owner_id, asset_id=subject.asset_id)
    asset, case = _lock(case_id, viewer)
    _refuse_party(case, user_id)
    if case.state == Case.State.DECIDED:
        if case.outcome == ruling and case.decided_by_id == user_id:
            return case
        _refuse_decided(case)
    _refuse_held_by_another(case, user_id)
    take_up(case, care)
    listed = [] if is_block else lock_listed_by_appealed(case)
    to_list = lock_alike(asset) if is_block and list_hashes else []
    reach = rulings.reach_block(plan, asset) if is_block else rulings.reach_release(plan, asset)
    case = close_case(
        asset=asset,
        case=case,
        ruling=ruling,
        reason=words,
        decided_by=user_id,
        actor=viewer.actor(),
    )
    if is_block:
        rulings.carry_out_block(plan, reach, asset=asset, ruling=case, actor=viewer.actor())
    else:
        rulings.carry_out_release(
            plan, reach, voided_by=user_id, actor=viewer.actor(), reason=words
        )
        unlist(listed, answer=case, viewer=viewer, reason=words)
    list_output(to_list, asset=asset, case=case, viewer=viewer, reason=words)
    return case


def note_recheck(*, case_id: UUID, pause: float | None) -> None:
    """Remember that the platform tried again and failed.

    It is not tried again for `pause` seconds; None leaves the case to people for good.
    """
    at = now()
    Case.objects.filter(pk=case_id).update(
        rechecked_at=at,
        retry_at=None if pause is None else at + timedelta(seconds=pause),
        is_given_up=pause is None,
    )


def _visible(case_id: UUID, viewer: Viewer) -> Case:
    """Return a case with its asset, not locked; a key sees its own organisation's only."""
    visible = Case.objects.select_related("asset").filter(pk=case_id)
    if viewer.organisation_id is not None:
        visible = visible.filter(organisation_id=viewer.organisation_id)
    case = visible.first()
    if case is None:
        raise NotFound("There is no such case.", code="case_not_found")
    return case


def _lock(case_id: UUID, viewer: Viewer) -> tuple[Asset, Case]:
    """Lock the asset, then its case."""
    asset_id = _visible(case_id, viewer).asset_id
    asset = Asset.objects.select_for_update(no_key=True).get(pk=asset_id)
    case = Case.objects.select_for_update(no_key=True).get(pk=case_id)
    return asset, case


def _refuse_party(case: Case, user_id: UUID) -> None:
    if part := part_in(case, user_id):
        refusal = _PARTS[part]()
        raise refusal


def _refuse_decided(case: Case) -> None:
    if case.state == Case.State.DECIDED:
        by = case.decided_by.display_name if case.decided_by else "the platform"
        raise Conflict(
            f"This case was already decided by {by}: {case.outcome}.",
            code="case_decided",
            extra={"outcome": case.outcome, "decided_by": by},
        )


def _refuse_held_by_another(case: Case, user_id: UUID) -> None:
    if case.is_held_by_another(user_id, now()):
        holder = case.claimed_by.display_name if case.claimed_by else ""
        until = case.lease_expires_at.isoformat() if case.lease_expires_at else ""
        raise Conflict(
            f"{holder} is working on this case.",
            code="case_held",
            extra={"holder": holder, "lease_expires_at": until},
        )


def _ruling(outcome: str) -> Case.Ruling:
    try:
        return Case.Ruling(outcome)
    except ValueError:
        raise InvalidInput(
            "The outcome must be release or block.", code="unknown_outcome", pointer="/outcome"
        ) from None


def named_in(case: Case) -> list[str]:
    """Return what a case is about: its hazards, or else what was reported."""
    reported = case.reports.exclude(reason="").values_list("reason", flat=True)
    return list(case.hazards) or sorted(set(reported))
