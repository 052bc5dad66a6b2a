"""A running platform as the end-to-end tests see it: its address, its processes, its database."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import LiteralString

import psutil
import psycopg
from psycopg.sql import SQL, Composed

from tidegate.stack.demo_client import Client, Person
from tidegate.stack.places import CHECKOUT
from tidegate.stack.processes import wait_for
from tidegate.stack.state import Phase, StackState, UnitState

# Limits that only end a test that hangs: a busy machine takes many times what a quiet one does.
RESTART_SECONDS = 400.0
COMMAND_SECONDS = 900.0
_JOINED_TO_SERVERS = ("DATABASE_URL", "VALKEY_URL", "KAFKA_", "TRITON_", "DJANGO_")


class Platform:
    """What a test may ask a whole stack, from outside."""

    def __init__(self, stack: StackState) -> None:
        self.environment = dict(stack.environment)
        self.url = self.environment["TIDEGATE_PUBLIC_URL"]
        self.var = Path(self.environment["TIDEGATE_VAR_DIR"])

    @property
    def state(self) -> StackState:
        """What runs now."""
        state = StackState.read(self.var / "stack.json")
        assert state is not None
        return state

    def unit(self, name: str) -> UnitState:
        """One unit now."""
        return self.state.units[name]

    def sign_in(self, role: str) -> Client:
        """Return a demo person, signed in."""
        kept = json.loads((self.var / "demo.json").read_text(encoding="utf-8"))
        who = next(person for person in kept["people"] if person["role"] == role)
        return Client(self.url, Person(who["email"], who["password"]))

    def rows(
        self, query: LiteralString | SQL | Composed, *values: object
    ) -> list[tuple[object, ...]]:
        """Ask the database itself."""
        with psycopg.connect(self.environment["DATABASE_URL"], autocommit=True) as connection:
            return connection.execute(query, values).fetchall()

    def number(self, query: LiteralString | SQL | Composed, *values: object) -> int:
        """Ask the database for one number."""
        return int(str(self.rows(query, *values)[0][0]))

    def is_ready(self, name: str) -> bool:
        """Whether a unit runs and answers."""
        return self.unit(name).phase is Phase.READY

    def strike(self, name: str) -> UnitState:
        """Kill a unit's process as the kernel would, and return what it was."""
        before = self.unit(name)
        assert before.pid is not None
        process = psutil.Process(before.pid)
        # Triton runs under a small keeper: the server itself is to die, not who cleans up.
        for victim in process.children() if name == "triton" else [process]:
            victim.send_signal(signal.SIGKILL)
        return before

    def kill(self, name: str) -> None:
        """Kill a unit's process, and wait until another runs in its place."""
        before = self.strike(name)

        def is_replaced() -> bool:
            now = self.unit(name)
            return now.phase is Phase.READY and (now.pid, now.created) != (
                before.pid,
                before.created,
            )

        assert wait_for(is_replaced, seconds=RESTART_SECONDS), f"{name}: {self.unit(name)}"

    def django(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a management command joined to this stack."""
        return _run("django", *command, environment={**os.environ, **self.environment})

    def tidegate(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run the command line as somebody at a shell would, who knows the folders only."""
        known = ("TIDEGATE_VAR_DIR", "TIDEGATE_MODELS_DIR")
        return run_tidegate(*command, **{name: self.environment[name] for name in known})


def run_tidegate(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in this environment without the tests' own servers."""
    own = {
        name: value for name, value in os.environ.items() if not name.startswith(_JOINED_TO_SERVERS)
    }
    return _run("tidegate.stack.cli", *command, environment={**own, **variables})


def _run(*command: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command],
        env=environment,
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )


def public_project(person: Client) -> str:
    """Return a project whose released work everybody sees."""
    for project in person.get("projects", limit=100)["items"]:
        if project["audience"] == "public":
            return str(project["id"])
    raise AssertionError("no public project")


def company_project(person: Client, name: str) -> str:
    """Found a company and return a public project of it."""
    company = person.post("organisations", {"name": name})
    project = person.post(
        "projects", {"organisation_id": company["id"], "name": name, "audience": "public"}
    )
    return str(project["id"])
