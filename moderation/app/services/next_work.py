"""What a reviewer is given next: a case that waits, or now and then one that is decided already.

Which of them it is, nobody is told: a second look is worth something only while its maker does not
know that it is one.
"""

import random
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.db.models import Q

from moderation.app.configuration import quality_rules
from moderation.app.models import Case, SecondLook
from moderation.app.roles import desks_of, require_decider
from moderation.app.services.cases import claim_next_case
from moderation.app.services.second_looks import (
    claim_golden,
    claim_second_look,
    renew_second_look,
)
from tidegate.accounts.viewers import Viewer
from tidegate.primitives.clock import now

_coin: Final = random.SystemRandom()


def claim_next_work(
    *,
    viewer: Viewer,
    modality: str | None = None,
    because: str | None = None,
    queue: str | None = None,
    besides: Iterable[UUID] = (),
) -> UUID | None:
    """Give the viewer what comes next; None when nothing waits. The id is a case's or a look's.

    What they hold comes first, then what is late or as severe as the rules say. Among the others
    there are as many second looks, known answers and samples as the rules say. When no case waits,
    second looks do.

    Raises:
        NotAllowed, TidegateError: as `claim_next_case`.
    """
    user_id = require_decider(viewer)
    passed = set(besides)
    held = _in_hand(user_id, passed)
    if held is not None:
        return renew_second_look(look=held, viewer=viewer).pk
    only = {"modality": modality, "because": because}
    rules, drawn = quality_rules().given, _coin.random()
    is_free = not _holds_case(user_id, passed) and not _is_pressed(viewer, rules.never_before)
    if is_free and drawn < rules.golden:
        look = claim_golden(viewer=viewer, besides=passed, **only)
        if look is not None:
            return look.pk
    elif is_free and drawn < rules.golden + rules.second_reviews:
        look = claim_second_look(viewer=viewer, besides=passed, **only)
        if look is not None:
            return look.pk
    elif (
        is_free
        and because is None
        and drawn < sum((rules.golden, rules.second_reviews, rules.samples))
    ):
        sample = claim_next_case(
            viewer=viewer, modality=modality, because=Case.Because.SAMPLE, besides=passed
        )
        if sample is not None:
            return sample.pk
    case = claim_next_case(viewer=viewer, queue=queue, besides=passed, **only)
    if case is not None:
        return case.pk
    look = claim_second_look(viewer=viewer, besides=passed, **only)
    return None if look is None else look.pk


def _in_hand(user_id: UUID, besides: set[UUID]) -> SecondLook | None:
    held = SecondLook.objects.filter(
        reviewer_id=user_id, state=SecondLook.State.CLAIMED, lease_expires_at__gt=now()
    )
    return held.exclude(pk__in=besides).order_by("claimed_at").first()


def _holds_case(user_id: UUID, besides: set[UUID]) -> bool:
    held = Case.objects.filter(
        state=Case.State.CLAIMED, claimed_by_id=user_id, lease_expires_at__gt=now()
    )
    return held.exclude(pk__in=besides).exists()


def _is_pressed(viewer: Viewer, severity: int) -> bool:
    """Whether something waits that comes before any sample."""
    waiting = Case.objects.exclude(state=Case.State.DECIDED).filter(
        Q(severity__gte=severity) | Q(late_at__isnull=False), desk__in=desks_of(viewer)
    )
    is_running = Q(state=Case.State.CLAIMED, lease_expires_at__gt=now())
    if viewer.organisation_id is not None:
        waiting = waiting.filter(organisation_id=viewer.organisation_id)
    return waiting.exclude(is_running).exists()
