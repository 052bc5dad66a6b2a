"""What `tidegate up` and `tidegate status` show."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import psutil
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tidegate.stack.given import UNITS, Given
from tidegate.stack.places import Places
from tidegate.stack.processes import tail
from tidegate.stack.state import Phase, StackState, UnitState

_REFRESH_SECONDS = 0.2
_REMIND_SECONDS = 15.0
_DETAIL_CHARACTERS = 80
_COLOURS = {
    Phase.READY: "green",
    Phase.DONE: "green",
    Phase.STARTING: "yellow",
    Phase.WAITING: "dim",
    Phase.RESTARTING: "yellow",
    Phase.UNWELL: "red",
    Phase.FAILED: "red",
    Phase.STOPPED: "dim",
}


def follow_start(
    console: Console,
    places: Places,
    *,
    since: float,
    is_alive: Callable[[], bool],
) -> bool:
    """Show every unit as it gets ready and what is waited for; return whether all did.

    Ends with False when a unit failed or the supervisor is gone; says which and shows its log.
    On a terminal the waiting line is redrawn; elsewhere it is repeated every 15 seconds.
    """
    shown: set[str] = set()
    reminded = time.monotonic()
    with console.status("starting the supervisor") as status:
        while True:
            alive = is_alive()
            state = StackState.read(places.state)
            if state is not None and state.started_at >= since:
                _show_progress(console, state, shown, since)
                if state.failed:
                    _show_failures(console, places, state)
                    return False
                if not state.pending:
                    return True
                waiting = _waiting_for(state)
                status.update(waiting)
                if not console.is_terminal and time.monotonic() - reminded > _REMIND_SECONDS:
                    console.print(f"         … {waiting}")
                    reminded = time.monotonic()
            if not alive:
                console.print("[red]The supervisor ended. Its last words:[/red]")
                console.print(escape(tail(places.log("supervisor"))))
                return False
            time.sleep(_REFRESH_SECONDS)


def show_given(console: Console, servers: Sequence[Given]) -> None:
    """Say which servers are used that are not ours, and what is worth knowing of them."""
    for server in servers:
        console.print(f"         [green]✓[/] {server.variable}  [dim]{escape(server.address)}[/]")
        if server.note:
            console.print(f"           [yellow]{escape(server.note)}[/]")


def status_table(state: StackState, servers: Sequence[Given] = ()) -> Table:
    """Return a table with a row per unit: process, memory, age, restarts, address.

    `servers` are used but not run here; each has a row without a process.
    """
    table = Table(box=None, pad_edge=False)
    for heading in ("unit", "state", "pid", "memory", "up for", "restarts", "address"):
        table.add_column(heading, justify="right" if heading in {"pid", "memory"} else "left")
    for server in servers:
        table.add_row(
            UNITS[server.variable], "[dim]given[/]", "", "", "", "", escape(server.address)
        )
    for name, unit in state.units.items():
        table.add_row(
            name,
            f"[{_COLOURS[unit.phase]}]{unit.phase}[/]",
            str(unit.pid or ""),
            megabytes(memory_of(unit)),
            _age(unit.created) if unit.created else "",
            str(unit.restarts or ""),
            escape(unit.address),
        )
    return table


def memory_of(unit: UnitState) -> int:
    """Return the resident bytes of a unit's process and everything it started."""
    if unit.pid is None:
        return 0
    try:
        process = psutil.Process(unit.pid)
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    return sum(_resident(member) for member in family)


def megabytes(count: int) -> str:
    """Return bytes as whole megabytes, or nothing for none."""
    return f"{count / 1_000_000:.0f} MB" if count else ""


def _resident(process: psutil.Process) -> int:
    """Return private plus proportional shared bytes, so that forked servers add up honestly."""
    try:
        return int(process.memory_full_info().pss)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0


def _show_progress(console: Console, state: StackState, shown: set[str], since: float) -> None:
    for name, unit in state.units.items():
        if name not in shown and unit.phase in {Phase.READY, Phase.DONE}:
            shown.add(name)
            address = f"  [dim]{escape(unit.address)}[/]" if unit.address else ""
            console.print(f"{time.time() - since:6.1f} s  [green]✓[/] {unit.label}{address}")


def _waiting_for(state: StackState) -> str:
    busy = [
        unit
        for unit in state.units.values()
        if unit.phase in {Phase.STARTING, Phase.RESTARTING, Phase.UNWELL}
    ]
    if not busy:
        return "waiting"
    return escape("waiting for " + ", ".join(_with_detail(unit) for unit in busy))


def _with_detail(unit: UnitState) -> str:
    lines = unit.detail.strip().splitlines()
    return f"{unit.label} ({lines[0][:_DETAIL_CHARACTERS]})" if lines else unit.label


def _show_failures(console: Console, places: Places, state: StackState) -> None:
    for name in state.failed:
        unit = state.units[name]
        console.print(f"[red]✗ {unit.label} failed[/red] (log: {places.log(name)})")
        console.print(escape(unit.detail))


def _age(created: float) -> str:
    seconds = int(max(0.0, time.time() - created))
    hours, minutes = seconds // 3600, seconds % 3600 // 60
    return f"{hours}:{minutes:02}:{seconds % 60:02}"
