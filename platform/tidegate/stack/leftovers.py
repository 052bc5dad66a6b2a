"""Ends what a supervisor that was killed may have left behind.

The kernel tells every child when its supervisor dies (see `launch`); this catches those that
were still busy stopping, and processes that a child had started itself.
"""

from __future__ import annotations

import os
import signal

import psutil

from tidegate.stack.state import StackState, UnitState

_PATIENCE_SECONDS = 20.0


def end_leftovers(state: StackState) -> tuple[str, ...]:
    """Stop what is left of every recorded process and its session; return their units' names."""
    left = {name: members for name, unit in state.units.items() if (members := _members(unit))}
    everyone = [process for members in left.values() for process in members]
    for process in everyone:
        _signal(process, signal.SIGTERM)
    _, stubborn = psutil.wait_procs(everyone, timeout=_PATIENCE_SECONDS)
    for process in stubborn:
        _signal(process, signal.SIGKILL)
    psutil.wait_procs(stubborn, timeout=_PATIENCE_SECONDS)
    return tuple(left)


def _members(unit: UnitState) -> list[psutil.Process]:
    """Return the living processes of the unit's session, its leader alive or not.

    A session's id is its leader's pid and is not given away again while a member lives; the time
    of creation tells apart a new process that got the pid of a session that has ended.
    """
    if unit.pid is None or unit.created is None:
        return []
    members = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) != unit.pid or process.create_time() < unit.created - 1.0:
                continue
            if process.status() != psutil.STATUS_ZOMBIE:
                members.append(process)
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return members


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return
