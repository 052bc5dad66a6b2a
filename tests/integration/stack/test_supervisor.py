"""The supervisor, with small real processes: order, restarts, failures, a clean end."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tidegate.stack.processes import Program, wait_for
from tidegate.stack.state import Phase, StackState
from tidegate.stack.supervisor import Supervisor
from tidegate.stack.units import Process, Unit

Make = Callable[..., Unit]
PATIENCE_SECONDS = 60.0


@pytest.fixture
def unit(tmp_path: Path) -> Make:
    def make(name: str, script: str, *, needs: tuple[str, ...] = (), once: bool = False) -> Unit:
        program = Program(
            command=("/bin/sh", "-c", script),
            environment={"PATH": os.defpath},
            directory=tmp_path,
            log=tmp_path / f"{name}.log",
            grace_seconds=1.0,
        )
        ready = (tmp_path / f"{name}.ready").exists
        return Unit(Process(name, program, ready=ready), name, needs=needs, once=once)

    return make


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Callable[..., Supervisor]]:
    started: list[Supervisor] = []

    def make(*units: Unit) -> Supervisor:
        supervisor = Supervisor(
            units, state_file=tmp_path / "stack.json", ports={"web": 8000}, environment={"A": "b"}
        )
        started.append(supervisor)
        return supervisor

    yield make
    for supervisor in started:
        supervisor.stop()


def test_a_unit_starts_only_after_what_it_needs(
    unit: Make, supervise: Callable[..., Supervisor], tmp_path: Path
) -> None:
    supervisor = supervise(
        unit("base", "sleep 0.2; touch base.ready; sleep 60"),
        unit("task", "echo done > task.result", needs=("base",), once=True),
        unit("page", "cat task.result && touch page.ready && sleep 60", needs=("task",)),
    )
    supervisor.step()
    assert _phases(supervisor) == [Phase.STARTING, Phase.WAITING, Phase.WAITING]
    assert _step_until(supervisor, lambda: not supervisor.state.pending)
    assert _phases(supervisor) == [Phase.READY, Phase.DONE, Phase.READY]


def test_a_killed_process_comes_back(
    unit: Make, supervise: Callable[..., Supervisor], tmp_path: Path
) -> None:
    supervisor = supervise(unit("server", "touch server.ready; sleep 60"))
    assert _step_until(supervisor, lambda: not supervisor.state.pending)
    first = supervisor.state.units["server"].pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert _step_until(
        supervisor, lambda: supervisor.state.units["server"].pid not in {first, None}
    )
    assert _step_until(supervisor, lambda: not supervisor.state.pending)
    assert supervisor.state.units["server"].restarts == 1


def test_a_process_that_never_gets_ready_is_given_up_with_its_last_words(
    unit: Make, supervise: Callable[..., Supervisor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidegate.stack.supervisor._FIRST_BACK_OFF_SECONDS", 0.01)
    supervisor = supervise(unit("broken", "echo 'cannot read the map' >&2; exit 7"))
    assert _step_until(supervisor, lambda: supervisor.state.failed == ("broken",))
    detail = supervisor.state.units["broken"].detail
    assert "exit 7" in detail
    assert "cannot read the map" in detail


def test_a_failed_task_fails_at_once(unit: Make, supervise: Callable[..., Supervisor]) -> None:
    supervisor = supervise(
        unit("task", "exit 1", once=True), unit("page", "sleep 60", needs=("task",))
    )
    assert _step_until(supervisor, lambda: supervisor.state.failed == ("task",))
    assert supervisor.state.units["page"].phase is Phase.WAITING


def test_stopping_ends_dependents_first_and_leaves_nothing(
    unit: Make, supervise: Callable[..., Supervisor], tmp_path: Path
) -> None:
    note = "trap 'echo {0} >> order; exit 0' TERM; touch {0}.ready; while :; do sleep 0.05; done"
    supervisor = supervise(
        unit("base", note.format("base")), unit("page", note.format("page"), needs=("base",))
    )
    assert _step_until(supervisor, lambda: not supervisor.state.pending)
    pids = [state.pid for state in supervisor.state.units.values()]
    supervisor.stop()
    assert (tmp_path / "order").read_text().split() == ["page", "base"]
    assert not any(pid is not None and psutil.pid_exists(pid) for pid in pids)
    state = StackState.read(tmp_path / "stack.json")
    assert state is not None
    assert {unit.phase for unit in state.units.values()} == {Phase.STOPPED}


def test_the_state_file_tells_others_what_runs(
    unit: Make, supervise: Callable[..., Supervisor], tmp_path: Path
) -> None:
    supervisor = supervise(unit("server", "touch server.ready; sleep 60"))
    assert _step_until(supervisor, lambda: not supervisor.state.pending)
    assert StackState.read(tmp_path / "stack.json") == supervisor.state
    assert (tmp_path / "stack.json").stat().st_mode & 0o077 == 0


def test_a_need_that_nobody_runs_is_refused(unit: Make, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nobody runs"):
        Supervisor(
            [unit("page", "true", needs=("ghost",))],
            state_file=tmp_path / "stack.json",
            ports={},
            environment={},
        )


def _step_until(supervisor: Supervisor, condition: Callable[[], bool]) -> bool:
    def step() -> bool:
        supervisor.step()
        return condition()

    return wait_for(step, seconds=PATIENCE_SECONDS)


def _phases(supervisor: Supervisor) -> list[Phase]:
    return [unit.phase for unit in supervisor.state.units.values()]
