"""Writes of backtests: started by people, run in batches by whoever has time."""

from datetime import datetime
from time import monotonic
from typing import Final
from uuid import UUID

from django.db import transaction

from moderation.app.in_force import policy_of
from moderation.app.models import BacktestRun
from moderation.app.roles import require_policy_admin
from moderation.app.selectors.backtests import decisions_after
from moderation.app.selectors.policies import backtest_run_for, policy_version_for
from moderation.app.services.policy_records import PLATFORM
from moderation.core.backtesting import Backtest
from tidegate.accounts.viewers import Viewer
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.primitives.clock import now
from tidegate.primitives.errors import Conflict, FieldError, InvalidInput

_STATE = BacktestRun.State
BATCH: Final = 1_000
MOST_RUNNING: Final = 5


@transaction.atomic
def start_backtest(
    *, version_id: UUID, since: datetime, until: datetime, viewer: Viewer
) -> BacktestRun:
    """Start a run of a version over the decisions of a period; the same while it runs is that run.

    Raises:
        NotAllowed: not a policy admin.
        NotFound: no such version.
        InvalidInput: the period ends before it begins.
        Conflict: as many run already as may.
    """
    user_id = require_policy_admin(viewer)
    version = policy_version_for(viewer, version_id)
    if since >= until:
        raise _out_of_range("/until", "The period ends before it begins.")
    # What is decided from now on is not in it: a run has an end.
    until = min(until, now())
    running = BacktestRun.objects.filter(state=_STATE.RUNNING)
    same = running.filter(policy=version, since=since, asked_by_id=user_id).first()
    if same is not None:
        return same
    if running.count() >= MOST_RUNNING:
        raise Conflict(f"There are {MOST_RUNNING} backtests running.", code="backtest_limit")
    if since >= until:
        raise _out_of_range("/since", "The period is yet to come.")
    run = BacktestRun(policy=version, since=since, until=until, asked_by_id=user_id)
    run.save(force_insert=True)
    _record(run, Action.BACKTEST_STARTED, viewer)
    return run


@transaction.atomic
def cancel_backtest(*, run_id: UUID, viewer: Viewer) -> BacktestRun:
    """Give a backtest up; what it counted stays. Twice, or when it is over, changes nothing.

    Raises:
        NotAllowed, NotFound: as `start_backtest`.
    """
    require_policy_admin(viewer)
    backtest_run_for(viewer, run_id)
    run = BacktestRun.objects.select_for_update().get(pk=run_id)
    if run.state != _STATE.RUNNING:
        return run
    run.move_to(_STATE.CANCELLED)
    run.finished_at = now()
    run.save(update_fields=["state", "finished_at"])
    _record(run, Action.BACKTEST_CANCELLED, viewer)
    return run


def advance_backtests(*, seconds: float) -> int:
    """Go on with running backtests for about `seconds`; return how many decisions were repeated.

    Figures and place commit together, so a process that dies repeats its batch and counts nothing
    twice; a run that another process works on is left to it.
    """
    until, done = monotonic() + seconds, 0
    for run_id in (
        BacktestRun.objects.filter(state=_STATE.RUNNING).order_by("id").values_list("id", flat=True)
    ):
        while monotonic() < until and (count := _advance(run_id)):
            done += count
    return done


@transaction.atomic
def _advance(run_id: UUID) -> int:
    run = (
        BacktestRun.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("policy")
        .filter(pk=run_id, state=_STATE.RUNNING)
        .first()
    )
    if run is None:
        return 0
    backtest = Backtest.from_json(policy_of(run.policy.source), run.counted)
    place = None
    if run.done_until is not None and run.done_id is not None:
        place = (run.done_until, run.done_id)
    batch = decisions_after(place, since=run.since, until=run.until, at_most=BATCH)
    for _, stored in batch:
        backtest.add(stored)
    if batch:
        run.done_until, run.done_id = batch[-1][0]
    run.counted = backtest.to_json()
    if len(batch) < BATCH:
        run.move_to(_STATE.FINISHED)
        run.finished_at = now()
    run.save()
    return len(batch)


def _out_of_range(pointer: str, message: str) -> InvalidInput:
    return InvalidInput(message, errors=[FieldError(pointer, "out_of_range", message)])


def _record(run: BacktestRun, action: Action, viewer: Viewer) -> None:
    record(
        action,
        chain=PLATFORM,
        actor=viewer.actor(),
        subject_type="moderation.backtest_run",
        subject_id=str(run.pk),
        before=None,
        after={
            "policy": run.policy.version,
            "since": run.since.isoformat(),
            "until": run.until.isoformat(),
            "state": str(run.state),
        },
    )
