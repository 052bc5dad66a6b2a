"""What a retro-run does, step by step: look, hold, release again.

A step locks the run, then the asset, then its case. The run's place moves in the transaction of
what was done there, and only from where this process knew it: one that dies loses nothing, and two
that work on the same run repeat nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from moderation.app.in_force import policy_of
from moderation.app.judgement import Judgement, judged_again
from moderation.app.models import Case, Outcome, RetroHold, RetroRun, Verdict
from moderation.app.services.case_effects import close_case, lock_undecided, open_case
from moderation.app.services.policy_records import GATE
from moderation.app.services.retro_runs import set_state
from moderation.app.services.statements import end_statements, state_hold
from moderation.app.services.verdicts import announce_verdict, insert_verdict, version_id_of
from moderation.core.dsa import Automation
from tidegate.assets.models import Asset, Visibility
from tidegate.assets.services import move_asset

_STATE = RetroRun.State
BATCH: Final = 200
MOST_EXAMPLES: Final = 20
_AGAINST: Final = frozenset({Outcome.HOLD, Outcome.BLOCK})
_UNDONE: Final = "The run that held it was undone."


@dataclass(frozen=True, slots=True)
class _Looked:
    """One released asset under the run's policy; None where its signals do not say."""

    asset_id: UUID
    verdict_id: UUID | None
    judgement: Judgement | None

    @property
    def is_against(self) -> bool:
        return self.judgement is not None and self.judgement.verdict in _AGAINST

    @property
    def is_unknown(self) -> bool:
        # A signal that the policy needs and that was never asked for convicts nobody.
        return self.judgement is None or self.judgement.verdict == Outcome.UNAVAILABLE


def advance_retro_runs(*, seconds: float) -> int:
    """Go on with all runs for about `seconds`; return how many assets were looked at."""
    until, done = monotonic() + seconds, 0
    working = (_STATE.PREVIEWING, _STATE.RUNNING, _STATE.UNDOING)
    runs = RetroRun.objects.filter(state__in=working).order_by("id")
    for run_id in runs.values_list("id", flat=True):
        while monotonic() < until and (count := advance_retro_run(run_id)):
            done += count
    return done


def advance_retro_run(run_id: UUID) -> int:
    """Do one batch of a run and return how many assets it was about; 0 when nothing is left."""
    run = RetroRun.objects.select_related("policy").get(pk=run_id)
    if run.state == _STATE.UNDOING:
        return _undo_batch(run)
    if run.state not in {_STATE.PREVIEWING, _STATE.RUNNING}:
        return 0
    batch = _look(run)
    return _preview(run, batch) if run.state == _STATE.PREVIEWING else _hold_batch(run, batch)


def _look(run: RetroRun) -> list[_Looked]:
    """Return the next released assets under the run's policy, from their latest verdicts."""
    assets = Asset.objects.filter(visibility=Visibility.RELEASED, created_at__lt=run.until)
    if run.place is not None:
        assets = assets.filter(pk__gt=run.place)
    keys = list(assets.order_by("pk").values_list("pk", flat=True)[:BATCH])
    verdicts = {
        verdict.asset_id: verdict
        for verdict in Verdict.objects.filter(asset__in=keys, superseded_by=None)
    }
    policy = policy_of(run.policy.source)
    return [
        _Looked(
            key,
            None if (verdict := verdicts.get(key)) is None else verdict.pk,
            None if verdict is None else judged_again(verdict, policy),
        )
        for key in keys
    ]


@transaction.atomic
def _preview(seen: RetroRun, batch: Sequence[_Looked]) -> int:
    run = _locked(seen)
    if run is None:
        return 0
    run.previewed += len(batch)
    run.would_hold += sum(one.is_against for one in batch)
    run.not_repeatable += sum(one.is_unknown for one in batch)
    examples = [_example(one) for one in batch if one.is_against]
    run.examples = [*run.examples, *examples][:MOST_EXAMPLES]
    _go_on(run, batch, _STATE.READY)
    return len(batch)


def _hold_batch(seen: RetroRun, batch: Sequence[_Looked]) -> int:
    counted = 0
    for number, one in enumerate(batch, 1):
        if one.is_against:
            if not _hold(seen, one, looked_at=number - counted):
                return number
            counted, seen.place = number, one.asset_id
    with transaction.atomic():
        run = _locked(seen)
        if run is None:
            return 0
        run.looked_at += len(batch) - counted
        _go_on(run, batch, _STATE.FINISHED)
    return len(batch)


@transaction.atomic
def _hold(seen: RetroRun, one: _Looked, *, looked_at: int) -> bool:
    """Hold one asset with a case, and move the run's place there; False: somebody else did."""
    run = _locked(seen)
    if run is None:
        return False
    asset = Asset.objects.select_for_update(no_key=True).get(pk=one.asset_id)
    latest = Verdict.objects.filter(asset=asset, superseded_by=None).first()
    is_as_seen = latest is not None and latest.pk == one.verdict_id
    run.place = one.asset_id
    run.looked_at += looked_at
    # Whoever moved it since, or judged it anew, knew more than what was looked at.
    is_held = asset.visibility == Visibility.RELEASED and is_as_seen
    run.held += is_held
    run.save(update_fields=["place", "looked_at", "held"])
    if is_held:
        assert one.judgement is not None  # noqa: S101 - it is against the asset
        assert latest is not None  # noqa: S101 - it is as seen
        _hold_asset(run, asset, latest, one.judgement)
    return True


def _hold_asset(run: RetroRun, asset: Asset, latest: Verdict, judgement: Judgement) -> None:
    verdict = insert_verdict(
        asset, judgement, version_id_of(judgement.policy), event_id=None, supersedes=latest
    )
    move_asset(
        asset_id=asset.pk,
        to=Visibility.HELD,
        actor=GATE,
        reason=f"held by a run of policy {run.policy.version[:12]} over what was released",
        reasons=[
            {"hazard": reason["hazard"], "rule": reason["rule"], "score": reason["score"]}
            for reason in judgement.reasons
        ],
        public_reasons=judgement.public,
    )
    case = lock_undecided(asset)
    is_new = case is None
    if case is None:
        case = open_case(
            asset=asset,
            because=Case.Because.HOLD,
            severity=judgement.severity,
            hazards=judgement.hazards,
            verdict=verdict,
            actor=GATE,
            correlation_id=asset.correlation_id,
        )
    else:
        case.severity = max(case.severity, judgement.severity)
        case.hazards = list(dict.fromkeys([*case.hazards, *judgement.hazards]))
        case.verdict = verdict
        case.save(update_fields=["severity", "hazards", "verdict"])
    state_hold(
        asset,
        case,
        because="review",
        automation=Automation.PARTIAL,
        verdict=verdict,
        actor=GATE,
    )
    RetroHold.objects.create(run=run, asset=asset, case=case, opened_case=is_new)
    announce_verdict(asset, verdict, asset.correlation_id)


def _undo_batch(seen: RetroRun) -> int:
    holds = RetroHold.objects.filter(run=seen)
    if seen.place is not None:
        holds = holds.filter(pk__gt=seen.place)
    batch = list(holds.order_by("pk")[:BATCH])
    for hold in batch:
        if not _release_again(seen, hold):
            return 0
        seen.place = hold.pk
    if len(batch) < BATCH:
        with transaction.atomic():
            run = _locked(seen)
            if run is not None:
                set_state(run, _STATE.UNDONE, actor=GATE, reason="the end was reached")
    return len(batch)


@transaction.atomic
def _release_again(seen: RetroRun, hold: RetroHold) -> bool:
    """Release what a run held, unless somebody decided about it or moved it since."""
    run = _locked(seen)
    if run is None:
        return False
    asset = Asset.objects.select_for_update(no_key=True).get(pk=hold.asset_id)
    case = Case.objects.select_for_update(no_key=True).get(pk=hold.case_id)
    is_released = asset.visibility == Visibility.HELD and case.state != Case.State.DECIDED
    run.place = hold.pk
    run.released_again += is_released
    run.save(update_fields=["place", "released_again"])
    if is_released:
        RetroHold.objects.filter(pk=hold.pk).update(undone=True)
        if hold.opened_case:
            close_case(
                asset=asset,
                case=case,
                ruling=Case.Ruling.RELEASE,
                reason=_UNDONE,
                decided_by=None,
                actor=GATE,
            )
        else:
            move_asset(
                asset_id=asset.pk,
                to=Visibility.RELEASED,
                actor=GATE,
                reason=_UNDONE,
                reasons=[],
                public_reasons=[],
            )
            end_statements(asset, tell=True)
    return True


def _locked(seen: RetroRun) -> RetroRun | None:
    """Lock the run; None when it is not any more where this process knew it to be."""
    run = RetroRun.objects.select_for_update(of=("self",)).select_related("policy").get(pk=seen.pk)
    return run if (run.state, run.place) == (seen.state, seen.place) else None


def _go_on(run: RetroRun, batch: Sequence[_Looked], end: str) -> None:
    if batch:
        run.place = batch[-1].asset_id
    if len(batch) < BATCH:
        set_state(run, end, actor=GATE, reason="the end was reached")
    else:
        run.save()


def _example(one: _Looked) -> dict[str, Any]:
    assert one.judgement is not None  # noqa: S101 - it is against the asset
    return {
        "asset_id": str(one.asset_id),
        "verdict": str(one.judgement.verdict),
        "hazards": list(one.judgement.hazards),
        "because": [
            f"{reason['rule']} {reason['hazard'] or reason['detector']}"
            for reason in one.judgement.reasons[:3]
        ],
    }
