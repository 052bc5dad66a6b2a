"""Server processes: described, started under guard, asked whether they are well, stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedWriter
from pathlib import Path
from typing import Protocol

_LAUNCH = Path(__file__).with_name("launch.py")
_LARGEST_LOG_BYTES = 20 * 1024 * 1024


class StartFailed(RuntimeError):
    """A server did not become ready; the message names it and ends with its last log lines."""


@dataclass(frozen=True, slots=True)
class Program:
    """One process to run.

    `environment` is the whole environment, not an addition. `stop_signal` asks for a clean stop;
    after `grace_seconds` the whole process group is killed. `death_signal` is what the kernel
    sends when the starting process dies. `user` is who to become when we are root. With
    `keeps_group` a small keeper runs beside it, for programs that start processes themselves: it
    ends those when the program or the starting process has ended in whatever way. A
    `fresh_log` is emptied at every start. `niceness` (0 to 19) is how far it steps back where
    processors are short.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str]
    directory: Path
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 10.0
    user: str | None = None
    keeps_group: bool = False
    fresh_log: bool = False
    niceness: int = 0


class Server(Protocol):
    """A server of the stack: prepared on disk, run as one program, asked whether it is ready."""

    @property
    def name(self) -> str: ...

    @property
    def address(self) -> str: ...

    def prepare(self) -> None:
        """Make what must exist before the start; safe to repeat. May take seconds."""

    def program(self) -> Program:
        """Return what to run."""

    def is_ready(self) -> bool:
        """Whether clients may come now. Answers within about two seconds, never raises."""


@dataclass(slots=True)
class Child:
    """A started program. Start it from the main thread: its guard is tied to that thread."""

    program: Program
    process: subprocess.Popen[bytes] = field(repr=False)

    @classmethod
    def start(cls, program: Program) -> Child:
        """Start the program in a session of its own, its output appended to its log."""
        program.directory.mkdir(parents=True, exist_ok=True)
        guard = [
            *(sys.executable, "-I", "-S", str(_LAUNCH)),
            *("--parent", str(os.getpid()), "--death-signal", str(int(program.death_signal))),
            *(("--user", program.user) if program.user else ()),
            *(("--keep-group", str(program.grace_seconds)) if program.keeps_group else ()),
            *(("--nice", str(program.niceness)) if program.niceness else ()),
        ]
        if program.fresh_log:
            program.log.unlink(missing_ok=True)
        with open_log(program.log) as log:
            process = subprocess.Popen(
                [*guard, "--", *program.command],
                env=dict(program.environment),
                cwd=program.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return cls(program, process)

    @property
    def pid(self) -> int:
        """The process id, which is also its group's."""
        return self.process.pid

    def exit_code(self) -> int | None:
        """Return how it ended (negative: by that signal), or None while it runs."""
        return self.process.poll()

    def ask_to_stop(self) -> None:
        """Send the stop signal; returns at once."""
        if self.process.poll() is None:
            self.process.send_signal(self.program.stop_signal)

    def kill_group(self) -> None:
        """Kill what is left of the process and everything it started in its group."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    def stop(self) -> int:
        """Ask, wait the grace period, kill the rest; return the exit code."""
        self.ask_to_stop()
        try:
            self.process.wait(self.program.grace_seconds)
        except subprocess.TimeoutExpired:
            self.kill_group()
        code = self.process.wait()
        self.kill_group()
        return code


@contextmanager
def running(server: Server, *, seconds: float = 60.0) -> Iterator[Child]:
    """Run a server around a block; raises `StartFailed` if it does not get ready."""
    server.prepare()
    child = Child.start(server.program())
    try:
        wait_until_ready(server, child, seconds=seconds)
        yield child
    finally:
        child.stop()


def wait_until_ready(server: Server, child: Child, *, seconds: float) -> None:
    """Block until the server is ready; raise `StartFailed` if it ends or the time is over."""
    deadline = time.monotonic() + seconds
    while not server.is_ready():
        code = child.exit_code()
        if code is not None:
            raise StartFailed(
                f"{server.name} ended with {describe_exit(code)}:\n{tail(child.program.log)}"
            )
        if time.monotonic() > deadline:
            raise StartFailed(
                f"{server.name} was not ready after {seconds:.0f} s:\n{tail(child.program.log)}"
            )
        time.sleep(0.05)


def wait_for(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Whether the condition came true within the time, asked every 50 ms."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def describe_exit(code: int) -> str:
    """Return words for an exit code: `exit 3`, `signal SIGKILL`."""
    if code >= 0:
        return f"exit {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"


def tail(log: Path, lines: int = 15) -> str:
    """Return the last lines of a log, or a note that there is none."""
    try:
        with log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 16_384))
            text = file.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return f"(no log at {log})"
    return "\n".join(text.splitlines()[-lines:])


def open_log(log: Path) -> BufferedWriter:
    """Open a log for appending, keeping one older part when it has grown past 20 MiB."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > _LARGEST_LOG_BYTES:
        log.replace(log.with_suffix(log.suffix + ".1"))
    return log.open("ab")
