"""What is looked at again: rulings of people by other people, and what the checks decided alone."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from moderation.app.configuration import quality_rules
from moderation.app.models import Case, Decision, Outcome, SecondLook, Verdict
from moderation.app.selectors.calls import calls_in
from moderation.app.selectors.records import record_of
from moderation.app.services.case_effects import GATE, lock_undecided, open_case
from moderation.core.draws import is_drawn
from moderation.core.sampling import chance_of
from tidegate.assets.models import Asset, Visibility
from tidegate.primitives.clock import now
from tidegate.primitives.ids import least_id_at

LOOKS_BACK: Final = timedelta(minutes=5)
"""How far back each run over the checks' verdicts goes: several periods of its schedule."""
_AT_ONCE: Final = 50
_SHOWN_AS: Final = {
    Outcome.RELEASE.value: Visibility.RELEASED,
    Outcome.BLOCK.value: Visibility.BLOCKED,
}


def draw_decision(decision: Decision, case: Case, verdict: Verdict | None) -> SecondLook | None:
    """Draw whether somebody else looks at a ruling, too, in the transaction of the ruling."""
    margins = [(call.score, call.hold_at) for call in calls_in(verdict)]
    chance = chance_of(
        quality_rules().second_review, margins=margins, record=record_of(decision.made_by_id)
    )
    if not is_drawn("second review", str(decision.pk), share=chance.value):
        return None
    look = SecondLook(
        kind=SecondLook.Kind.SAMPLE,
        case=case,
        decision=decision,
        expected=case.outcome,
        first_by_id=decision.made_by_id,
        chance=chance.value,
        uncertainty=chance.uncertainty,
        doubt=chance.doubt,
    )
    look.save(force_insert=True)
    return look


def draw_gate() -> int:
    """Open cases about some of what the checks decided alone a moment ago; return how many.

    Run again over the same time it draws the same, and what has a case already has one.
    """
    rules = quality_rules().automation
    shares = {Outcome.RELEASE.value: rules.releases, Outcome.BLOCK.value: rules.blocks}
    if not any(shares.values()):
        return 0
    waiting = Case.objects.exclude(state=Case.State.DECIDED).filter(because=Case.Because.SAMPLE)
    room = min(_AT_ONCE, rules.most_waiting - waiting.count())
    recent = Verdict.objects.filter(
        pk__gte=least_id_at(now() - LOOKS_BACK), supersedes=None, verdict__in=shares
    )
    opened = 0
    rows = recent.order_by("pk").values_list("pk", "asset_id", "verdict").iterator()
    for verdict_id, asset_id, outcome in rows:
        if opened >= room:
            break
        if is_drawn("automation", str(verdict_id), share=shares[outcome]):
            opened += _open(asset_id, verdict_id)
    return opened


@transaction.atomic
def _open(asset_id: UUID, verdict_id: UUID) -> bool:
    asset = Asset.objects.select_for_update(no_key=True).get(pk=asset_id)
    verdict = Verdict.objects.get(pk=verdict_id)
    if asset.visibility != _SHOWN_AS[verdict.verdict] or lock_undecided(asset) is not None:
        return False
    if Case.objects.filter(asset=asset).exists():
        # A person has looked, or the draw was carried out before.
        return False
    open_case(
        asset=asset,
        because=Case.Because.SAMPLE,
        severity=0,
        hazards=verdict.hazards,
        verdict=verdict,
        actor=GATE,
        correlation_id=asset.correlation_id,
    )
    return True
