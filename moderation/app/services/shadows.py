"""Writes of what shadows would have said: nothing else changes by them."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from moderation.app.configuration import configuration
from moderation.app.in_force import in_force
from moderation.app.judgement import Judgement
from moderation.app.models import ShadowDecision
from moderation.core.backtesting import because, decisions_again, together_again
from moderation.core.policy import Policy
from tidegate.assets.models import Asset
from tidegate.primitives.clock import now

_AT_ONCE: Final = 5_000


def note_shadows(judged: Iterable[tuple[Asset, Judgement]]) -> None:
    """Keep what every shadow says of what was seen, inside the caller's transaction.

    No detector is asked. A shadow that needs one which was not asked, or has no rules for a
    surface, says nothing, and that is counted.
    """
    shadows = in_force().shadows
    if not shadows:
        return
    ShadowDecision.objects.bulk_create(
        [
            _said(key, policy, asset, judgement)
            for asset, judgement in judged
            for key, policy in shadows
            if policy.version != judgement.policy.version
        ],
        ignore_conflicts=True,
    )


def _said(key: UUID, policy: Policy, asset: Asset, judgement: Judgement) -> ShadowDecision:
    decisions = decisions_again(policy, judgement.signals, judgement.hash_hits)
    decision = together_again(policy, judgement.signals, decisions) if decisions else None
    said = ""
    why: tuple[str, ...] = ()
    if decision is not None and all(one.rule != "detector_missing" for one in decision.reasons):
        said = decision.verdict.value
        why = because(decision) if said != judgement.verdict else ()
    return ShadowDecision(
        policy_id=key, asset=asset, live=judgement.verdict, shadow=said, because=list(why)
    )


def forget_shadows() -> int:
    """Remove what is older than is kept and return how many; called again until none is left."""
    before = now() - timedelta(days=configuration().shadow_days)
    with transaction.atomic():
        old = ShadowDecision.objects.filter(created_at__lt=before).order_by("created_at")
        keys = list(old.values_list("pk", flat=True)[:_AT_ONCE])
        ShadowDecision.objects.filter(pk__in=keys).delete()
    return len(keys)
