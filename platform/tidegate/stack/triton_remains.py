"""Find and end what a dead Triton server left behind: model processes and shared memory.

Every process of a server inherits one environment variable with the server's mark, so they are
found by it: no recorded process id can point at somebody else's process. The names of its shared
memory regions carry the same mark.
"""

from __future__ import annotations

import hashlib
import os
import re
import signal
import time
from pathlib import Path

MARK_VARIABLE = "TIDEGATE_TRITON_MARK"

_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  where Linux keeps it
_REGION = re.compile(r"tidegate-([0-9a-f]{12})-.*")
_PATIENCE_SECONDS = 5.0


def mark_of(folder: Path) -> str:
    """The mark of the server that works in a folder; one server at a time does."""
    return hashlib.sha256(str(folder).encode()).hexdigest()[:12]


def region_prefix(mark: str) -> str:
    """The beginning of the names of a server's shared memory regions."""
    return f"tidegate-{mark}-"


def processes_of(mark: str) -> list[int]:
    """The ids of every living process of the server with that mark, except this one."""
    return [pid for pid, found in _marked() if found == mark]


def end_processes(mark: str) -> list[int]:
    """Kill every process with that mark, wait until they are gone, and return their ids."""
    ended = processes_of(mark)
    for pid in ended:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue  # it ended by itself
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while processes_of(mark) and time.monotonic() < deadline:
        time.sleep(0.02)
    return ended


def remove_shared_memory() -> list[str]:
    """Remove the shared memory of every server that has no living process, and return the names."""
    # In this order: a region that is listed belongs to a server that was already alive.
    regions = [(file, match[1]) for file in _regions() if (match := _REGION.match(file.name))]
    alive = {mark for _, mark in _marked()}
    dead = [file for file, mark in regions if mark not in alive]
    for file in dead:
        file.unlink(missing_ok=True)
    return [file.name for file in dead]


def _regions() -> list[Path]:
    return list(_SHARED_MEMORY.glob("tidegate-*"))


def _marked() -> list[tuple[int, str]]:
    """Every living process with a mark, except this one, and its mark."""
    wanted = f"{MARK_VARIABLE}=".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            environment = (folder / "environ").read_bytes()
        except OSError:
            continue  # it ended meanwhile, or is another user's
        found += [
            (int(folder.name), entry.removeprefix(wanted).decode())
            for entry in environment.split(b"\0")
            if entry.startswith(wanted)
        ]
    return found
