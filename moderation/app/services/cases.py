"""What reviewers do with cases before they decide: claim them, and let go."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from moderation.app.configuration import configuration
from moderation.app.models import Case
from moderation.app.roles import desks_of, require_decider
from moderation.app.selectors.care import CLAIM_ORDER, is_kept_from, kept_from, lateness_of
from moderation.app.selectors.parties import part_in, takes_part
from moderation.app.selectors.queues import open_to, works_in
from moderation.app.services.care_at_work import lock_care, take_up
from moderation.app.services.case_effects import let_go, picture, record_case
from moderation.app.services.case_locks import (
    lock_case,
    refuse_held_by_another,
    require_decidable,
)
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset
from tidegate.audit.actions import Action
from tidegate.primitives.clock import now


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
    asset, case = lock_case(case_id, viewer)
    require_decidable(case, viewer, user_id)
    take_up(case, care)
    return _take(case, asset, viewer)


def claim_next_case(
    *,
    viewer: Viewer,
    modality: str | None = None,
    because: str | None = None,
    queue: str | None = None,
    besides: Iterable[UUID] = (),
) -> Case | None:
    """Give the viewer the next case of their queues, claimed; None when none waits for them.

    What they hold already comes first, then whose turn it is (`CLAIM_ORDER`). Cases of their own
    assets, of what they opted out of, of queues that they do not work in or that are paused, those
    in `besides` and those that others hold are passed over. However many ask at once, no two get
    the same case.

    Raises:
        NotAllowed: not a reviewer.
        TidegateError: `break_running`, the viewer has to rest.
    """
    user_id = require_decider(viewer)
    waiting = Case.objects.filter(desk__in=desks_of(viewer)).exclude(takes_part(user_id))
    if viewer.organisation_id is not None:
        waiting = waiting.filter(organisation_id=viewer.organisation_id)
    if modality is not None:
        waiting = waiting.filter(asset__modality=modality)
    if because is not None:
        waiting = waiting.filter(because=because)
    if queue is not None:
        waiting = waiting.filter(queue__name=queue)
    is_running = Q(state=Case.State.CLAIMED, lease_expires_at__gt=now())
    theirs = waiting.filter(is_running, claimed_by_id=user_id)
    free = waiting.exclude(state=Case.State.DECIDED).exclude(is_running).filter(open_to(viewer))
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
    if case.desk not in desks_of(viewer) or part_in(case, user_id):
        return case, False
    is_mine = case.claimed_by_id == user_id and case.state == Case.State.CLAIMED
    if is_kept_from(case, user_id, care) or not (is_mine or works_in(viewer, case.queue_id)):
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
    asset, case = lock_case(case_id, viewer)
    refuse_held_by_another(case, user_id)
    if case.state != Case.State.CLAIMED:
        return case
    let_go(case, actor=viewer.actor(), correlation_id=asset.correlation_id)
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
