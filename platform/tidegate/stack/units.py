"""The kinds of things the supervisor runs besides servers: Python processes and one-time tasks."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tidegate.stack.processes import Program, Server


@dataclass(frozen=True, slots=True)
class Unit:
    """A server with its place in the order.

    It starts when every unit in `needs` has been ready once. With `once` it is a task: it is done
    when it ends with exit code 0 and failed with any other. `detail` says what it is busy with;
    `after` clears up what the ended process may have left.
    """

    server: Server
    label: str
    needs: tuple[str, ...] = ()
    once: bool = False
    detail: Callable[[], str] | None = None
    after: Callable[[], None] | None = None

    @property
    def name(self) -> str:
        """The server's name."""
        return self.server.name


@dataclass(slots=True)
class Process:
    """A process of ours. Without `ready` it counts as ready when it has lived for a while."""

    name: str
    run: Program
    ready: Callable[[], bool] | None = None
    address: str = ""
    settled_after_seconds: float = 2.0
    _started: float | None = field(default=None, init=False)

    def prepare(self) -> None:
        """Make the folder it runs in."""
        self.run.directory.mkdir(parents=True, exist_ok=True)

    def program(self) -> Program:
        """Return what to run; asked at every start, which begins the settling time anew."""
        self._started = time.monotonic()
        return self.run

    def is_ready(self) -> bool:
        """Whether it said so, or has lived long enough."""
        if self.ready is not None:
            return self.ready()
        if self._started is None:
            return False
        return time.monotonic() - self._started > self.settled_after_seconds


@dataclass(frozen=True, slots=True)
class ReadyFile:
    """A process says that it is ready by touching a file; the file of an earlier run is removed."""

    name: str
    run: Program
    file: Path
    address: str = ""

    def prepare(self) -> None:
        """Forget what an earlier run said."""
        self.file.unlink(missing_ok=True)

    def program(self) -> Program:
        """Return what to run."""
        return self.run

    def is_ready(self) -> bool:
        """Whether this run has touched the file."""
        return self.file.exists()
