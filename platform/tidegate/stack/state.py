"""What runs where: the state file that the supervisor writes and everybody else reads."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

import psutil


class Phase(StrEnum):
    """Where a unit of the stack stands."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    UNWELL = "unwell"
    RESTARTING = "restarting"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


class AlreadyRuns(RuntimeError):
    """Another supervisor holds the lock of this folder."""


@dataclass(frozen=True, slots=True)
class UnitState:
    """One unit as seen from outside. `created` (seconds since 1970) tells a reused pid apart."""

    label: str
    phase: Phase
    pid: int | None = None
    created: float | None = None
    address: str = ""
    restarts: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class StackState:
    """The whole stack. `environment` is what clients and management commands need to join it."""

    supervisor: int
    supervisor_created: float
    started_at: float
    ports: Mapping[str, int] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, UnitState] = field(default_factory=dict)

    @property
    def failed(self) -> tuple[str, ...]:
        """The names of units that will not get ready by themselves."""
        return tuple(name for name, unit in self.units.items() if unit.phase is Phase.FAILED)

    @property
    def pending(self) -> tuple[str, ...]:
        """The names of units that are not ready yet."""
        settled = {Phase.READY, Phase.DONE}
        return tuple(name for name, unit in self.units.items() if unit.phase not in settled)

    def write(self, file: Path) -> None:
        """Replace the file at once: a reader sees the old or the new state, never a part."""
        unfinished = file.with_name(f"{file.name}.{os.getpid()}.tmp")
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
            json.dump(asdict(self), handle, indent=1)
        unfinished.rename(file)

    @classmethod
    def read(cls, file: Path) -> Self | None:
        """Return the last written state, or None when no stack was ever started here."""
        try:
            content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        units = {
            name: UnitState(**{**unit, "phase": Phase(unit["phase"])})
            for name, unit in content.pop("units").items()
        }
        return cls(**content, units=units)


@contextmanager
def sole_supervisor(lock: Path) -> Iterator[None]:
    """Hold the folder's lock for the block, or raise `AlreadyRuns`. A dead holder holds nothing."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise AlreadyRuns(f"a supervisor holds {lock}") from exc
        yield


def is_supervised(lock: Path) -> bool:
    """Whether a live supervisor holds the lock."""
    try:
        with sole_supervisor(lock):
            return False
    except AlreadyRuns:
        return True


def is_same_process(pid: int, created: float) -> bool:
    """Whether the pid still belongs to the process that was created then."""
    try:
        process = psutil.Process(pid)
        return (
            abs(process.create_time() - created) < 1.0 and process.status() != psutil.STATUS_ZOMBIE
        )
    except psutil.NoSuchProcess:
        return False


def creation_time(pid: int) -> float:
    """Return when the process was created, in seconds since 1970; 0.0 if it is gone."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return 0.0
