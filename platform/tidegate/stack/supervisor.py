"""Starts the units in order, restarts what dies, stops everything cleanly.

One thread and one loop: starting from the main thread ties every child's life to this process
(see `launch`), and a slow health check can delay a restart but never hide one.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from tidegate.stack.processes import Child, StartFailed, describe_exit, tail
from tidegate.stack.state import Phase, StackState, UnitState, creation_time
from tidegate.stack.units import Unit
from tidegate.stack.wheels import WheelMissing

_LOG = logging.getLogger(__name__)
_PAUSE_SECONDS = 0.1
_PROBE_WHILE_STARTING_SECONDS = 0.2
_PROBE_WHEN_READY_SECONDS = 5.0
_FIRST_BACK_OFF_SECONDS = 0.5
_LONGEST_BACK_OFF_SECONDS = 10.0
# Long enough to have been of use: only what dies again at once is made to wait.
_STEADY_AFTER_SECONDS = 15.0
_HOPELESS_AFTER_DEATHS = 6


@dataclass(slots=True)
class _Run:
    """One unit's life under this supervisor."""

    unit: Unit
    phase: Phase = Phase.WAITING
    child: Child | None = None
    created: float = 0.0
    was_ready: bool = False
    restarts: int = 0
    deaths_in_a_row: int = 0
    started: float = 0.0
    next_probe: float = 0.0
    next_start: float = 0.0
    detail: str = ""


class Supervisor:
    """Runs units until told to stop. `step` is one pass over all of them; `run` loops over it."""

    def __init__(
        self,
        units: Sequence[Unit],
        *,
        state_file: Path,
        ports: Mapping[str, int],
        environment: Mapping[str, str],
    ) -> None:
        self._runs = {unit.name: _Run(unit) for unit in units}
        self._state_file = state_file
        self._ports = ports
        self._environment = environment
        self._started_at = time.time()
        self._own_creation = creation_time(os.getpid())
        self._stopping = False
        self._written: StackState | None = None
        for unit in units:
            unknown = [need for need in unit.needs if need not in self._runs]
            if unknown:
                raise ValueError(f"{unit.name} needs {unknown}, which nobody runs")

    @property
    def state(self) -> StackState:
        """The stack as it is now."""
        return StackState(
            supervisor=os.getpid(),
            supervisor_created=self._own_creation,
            started_at=self._started_at,
            ports=dict(self._ports),
            environment=dict(self._environment),
            units={name: _seen(run) for name, run in self._runs.items()},
        )

    def run(self) -> None:
        """Supervise until SIGTERM or SIGINT, then stop everything in reverse order."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask_to_stop)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            while not self._stopping:
                self.step()
                time.sleep(_PAUSE_SECONDS)
        finally:
            self.stop()

    def step(self) -> None:
        """Look at every unit once, act, and write the state if it changed."""
        for run in self._runs.values():
            if self._stopping:
                break
            if run.phase in {Phase.WAITING, Phase.RESTARTING}:
                if self._may_start(run):
                    self._start(run)
            elif run.phase in {Phase.STARTING, Phase.READY, Phase.UNWELL}:
                self._look_after(run)
        self._write()

    def stop(self) -> None:
        """Stop all units: those that nobody needs first, each level at the same time."""
        self._stopping = True
        for names in self._levels():
            children = [
                (run, run.child)
                for run in (self._runs[name] for name in names)
                if run.child is not None
            ]
            for _, child in children:
                child.ask_to_stop()
            for run, child in children:
                code = child.stop()
                if run.unit.after is not None:
                    run.unit.after()
                run.child = None
                run.phase = Phase.STOPPED
                _LOG.info("%s stopped (%s)", run.unit.name, describe_exit(code))
        self._write()

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        _LOG.info("stopping on %s", signal.Signals(number).name)
        self._stopping = True

    def _may_start(self, run: _Run) -> bool:
        if time.monotonic() < run.next_start:
            return False
        return all(self._runs[need].was_ready for need in run.unit.needs)

    def _start(self, run: _Run) -> None:
        _LOG.info("starting %s", run.unit.name)
        run.started = time.monotonic()
        run.detail = ""
        try:
            run.unit.server.prepare()
            run.child = Child.start(run.unit.server.program())
        except (StartFailed, WheelMissing, OSError) as exc:
            _LOG.error("%s cannot start: %s", run.unit.name, exc)
            run.phase, run.detail = Phase.FAILED, str(exc)
            return
        run.created = creation_time(run.child.pid)
        run.phase = Phase.STARTING
        run.next_probe = 0.0
        # A killed supervisor's successor must find every child, the youngest too.
        self._write()

    def _look_after(self, run: _Run) -> None:
        if run.child is None:
            raise RuntimeError(f"{run.unit.name} is {run.phase} without a process")
        code = run.child.exit_code()
        if code is not None:
            self._bury(run, run.child, code)
            return
        now = time.monotonic()
        if run.was_ready and now - run.started > _STEADY_AFTER_SECONDS:
            run.deaths_in_a_row = 0
        if run.unit.once or now < run.next_probe:
            if run.unit.once and run.unit.detail is not None:
                run.detail = run.unit.detail()
            return
        if run.unit.server.is_ready():
            if run.phase is not Phase.READY:
                _LOG.info("%s is ready after %.1f s", run.unit.name, now - run.started)
            run.phase, run.was_ready, run.detail = Phase.READY, True, ""
            run.next_probe = time.monotonic() + _PROBE_WHEN_READY_SECONDS
            return
        if run.phase is Phase.READY:
            _LOG.warning("%s no longer answers its health check", run.unit.name)
            run.phase = Phase.UNWELL
        run.detail = run.unit.detail() if run.unit.detail is not None else ""
        run.next_probe = time.monotonic() + _PROBE_WHILE_STARTING_SECONDS

    def _bury(self, run: _Run, child: Child, code: int) -> None:
        child.kill_group()
        if run.unit.after is not None:
            run.unit.after()
        run.child = None
        if run.unit.once and code == 0:
            _LOG.info("%s is done", run.unit.name)
            run.phase, run.was_ready, run.detail = Phase.DONE, True, ""
            return
        cause = f"ended with {describe_exit(code)}"
        _LOG.warning("%s %s:\n%s", run.unit.name, cause, tail(child.program.log, 5))
        run.deaths_in_a_row += 1
        hopeless = not run.was_ready and run.deaths_in_a_row >= _HOPELESS_AFTER_DEATHS
        if run.unit.once or hopeless:
            run.phase = Phase.FAILED
            run.detail = f"{cause}:\n{tail(child.program.log)}"
            return
        back_off = _FIRST_BACK_OFF_SECONDS * 2 ** (run.deaths_in_a_row - 1)
        run.next_start = time.monotonic() + min(back_off, _LONGEST_BACK_OFF_SECONDS)
        run.restarts += 1
        run.phase, run.detail = Phase.RESTARTING, cause

    def _levels(self) -> list[list[str]]:
        """Names by how far they are from what needs nothing, farthest first."""
        depth: dict[str, int] = {}

        def depth_of(name: str) -> int:
            if name not in depth:
                needs = self._runs[name].unit.needs
                depth[name] = 1 + max((depth_of(need) for need in needs), default=0)
            return depth[name]

        levels: dict[int, list[str]] = {}
        for name in self._runs:
            levels.setdefault(depth_of(name), []).append(name)
        return [levels[level] for level in sorted(levels, reverse=True)]

    def _write(self) -> None:
        state = self.state
        if state != self._written:
            state.write(self._state_file)
            self._written = state


def _seen(run: _Run) -> UnitState:
    return UnitState(
        label=run.unit.label,
        phase=run.phase,
        pid=run.child.pid if run.child else None,
        created=run.created if run.child else None,
        address=run.unit.server.address,
        restarts=run.restarts,
        detail=run.detail,
    )
