"""The stack that is measured: a whole one, with data of its own and the checkout's weights."""

import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

import django
import httpx
import psutil
from django.core.management import call_command

from tidegate.stack import control, ports
from tidegate.stack.broker import SESSION_TIMEOUT_MS, Broker
from tidegate.stack.places import CHECKOUT, Places
from tidegate.stack.postgres import Postgres
from tidegate.stack.processes import Child, Program, running, tail, wait_for
from tidegate.stack.state import StackState, is_supervised
from tidegate.stack.triton import TritonPorts, TritonServer

SETTINGS = "tests.benchmarks.probe.settings"


@dataclass(frozen=True, slots=True)
class Stand:
    """A running stack; this process has joined it with Django set up."""

    folder: Path
    places: Places
    has_processes: bool = True
    triton_url: str = ""

    @classmethod
    @contextmanager
    def of_database(cls) -> Iterator[Self]:
        """Run nothing but PostgreSQL, with an empty database, around a block."""
        folder = Path(os.environ.get("TIDEGATE_VAR_DIR") or CHECKOUT / "var") / "bench"
        places = Places(var=folder / "database", models=folder / "models")
        shutil.rmtree(places.var, ignore_errors=True)
        places.make()
        database = Postgres(places.folder("postgres"), places.log("postgres"))
        with running(database):
            os.environ.update(
                TIDEGATE_VAR_DIR=str(places.var),
                DATABASE_URL=database.url,
                VALKEY_URL="redis://127.0.0.1:1/0",
                KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1",
                DJANGO_SETTINGS_MODULE="tidegate.settings.test",
            )
            django.setup()
            call_command("migrate", verbosity=0)
            # The board would say at each claim that there is no Valkey here.
            logging.getLogger("generation.board").setLevel(logging.ERROR)
            yield cls(folder, places, has_processes=False)

    @classmethod
    @contextmanager
    def of_servers(cls) -> Iterator[Self]:
        """Run PostgreSQL, a broker, and a Triton with the detectors of texts, all of them empty."""
        folder = Path(os.environ.get("TIDEGATE_VAR_DIR") or CHECKOUT / "var") / "bench"
        models = Path(os.environ.get("TIDEGATE_MODELS_DIR") or CHECKOUT / "var" / "models")
        places = Places(var=folder / "servers", models=models)
        shutil.rmtree(places.var, ignore_errors=True)
        places.make()
        chosen = ports.choose(
            ("broker", "grpc", "http", "metrics"), home=places.var, earlier={}, fixed={}
        )
        database = Postgres(places.folder("postgres"), places.log("postgres"))
        broker = Broker(chosen["broker"], places.folder("broker"), places.log("broker"))
        triton = TritonServer(
            ports=TritonPorts(chosen["grpc"], chosen["http"], chosen["metrics"]),
            var_dir=places.var,
            models_dir=models,
            models=("text_hazards", "prompt_attack", "prompt"),
        )
        with running(database), running(broker), triton:
            os.environ.update(
                TIDEGATE_VAR_DIR=str(places.var),
                DATABASE_URL=database.url,
                VALKEY_URL="redis://127.0.0.1:1/0",
                KAFKA_BOOTSTRAP_SERVERS=broker.address,
                KAFKA_SESSION_TIMEOUT_MS=str(SESSION_TIMEOUT_MS),
                TRITON_GRPC_URL=triton.grpc_url,
                DJANGO_SETTINGS_MODULE="tests.benchmarks.probe.tested",
            )
            django.setup()
            call_command("migrate", verbosity=0)
            yield cls(folder, places, has_processes=False, triton_url=triton.grpc_url)

    @classmethod
    @contextmanager
    def running(cls, *, keep: bool) -> Iterator[Self]:
        """Run a stack with empty data around a block; with `keep`, use and leave one."""
        folder = Path(os.environ.get("TIDEGATE_VAR_DIR") or CHECKOUT / "var") / "bench"
        places = Places(
            var=folder / "stack",
            models=Path(os.environ.get("TIDEGATE_MODELS_DIR") or CHECKOUT / "var" / "models"),
        )
        os.environ["TIDEGATE_VAR_DIR"] = str(places.var)
        os.environ["TIDEGATE_MODELS_DIR"] = str(places.models)
        # The scripted reviewer counts cases; second looks would come between them.
        os.environ["TIDEGATE_QUALITY_RULES_FILE"] = str(CHECKOUT / "tests" / "quality.yaml")
        if not (keep and is_supervised(places.lock)):
            control.stop(places)
            shutil.rmtree(places.var, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "tidegate.stack.cli", "up"], check=True)
        try:
            os.environ.update(control.environment_of(places))
            os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS
            django.setup()
            # What every request prints would be measured too.
            logging.getLogger("httpx").setLevel(logging.WARNING)
            yield cls(folder, places)
        finally:
            if not keep:
                control.stop(places)

    @property
    def state(self) -> StackState:
        """What runs now."""
        state = StackState.read(self.places.state)
        if state is None:
            raise RuntimeError(f"{self.places.state} has gone")
        return state

    @property
    def url(self) -> str:
        """The address of the stack's pages and API."""
        return self.state.environment["TIDEGATE_PUBLIC_URL"]

    @contextmanager
    def paused(self, *prefixes: str) -> Iterator[None]:
        """Stop processes (by the beginning of their unit's name) for the block."""
        if not self.has_processes:
            yield
            return
        halted = [
            psutil.Process(unit.pid)
            for name, unit in self.state.units.items()
            if name.startswith(prefixes) and unit.pid is not None
        ]
        for process in halted:
            process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for process in halted:
                process.send_signal(signal.SIGCONT)

    @contextmanager
    def process(
        self, name: str, *arguments: str, variables: Mapping[str, str] = MappingProxyType({})
    ) -> Iterator[Child]:
        """Run `python ARGUMENTS` around a block, joined to the stack, with the probe's settings."""
        program = Program(
            command=(sys.executable, *arguments),
            environment={
                **os.environ,
                **variables,
                "PYTHONUNBUFFERED": "1",
                "TIDEGATE_READY_FILE": str(self.places.ready_file(name)),
            },
            directory=CHECKOUT,
            log=self.places.log(name),
            death_signal=signal.SIGKILL,
            fresh_log=True,
        )
        child = Child.start(program)
        try:
            yield child
        finally:
            child.stop()

    @contextmanager
    def web(self) -> Iterator[str]:
        """Run one more web process, the same but for the probe's addresses; the value is its URL.

        Both sides of a comparison are then served by the same process.
        """
        port = ports.any_free()
        with self.process(
            "bench-web",
            *("-m", "uvicorn", "tidegate.asgi:application"),
            *("--host", ports.LOOPBACK, "--port", str(port), "--no-access-log"),
            *("--timeout-graceful-shutdown", "3", "--no-server-header"),
        ) as child:
            if not wait_for(lambda: ports.http_ok(port, "/readyz"), seconds=60):
                raise RuntimeError(f"no web process: {tail(child.program.log)}")
            yield f"http://{ports.LOOPBACK}:{port}"


@dataclass(frozen=True, slots=True)
class Client:
    """A person with an API key and a public project."""

    http: httpx.Client
    project_id: str

    @classmethod
    def fresh(cls, url: str) -> "Client":
        """Sign a new person up."""
        from tests import factories as make

        account = make.make_account(f"bench-{time.time_ns()}@example.test")
        _, key = make.make_key(account.organisation, creator=account.user)
        http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=120.0)
        return cls(http, str(account.project.pk))

    def ask(self, model: str, prompt: str, *, seed: int, **parameters: object) -> dict[str, Any]:
        """Ask for an output and return the job."""
        answer = self.http.post(
            "/api/v1/jobs",
            json={
                "project_id": self.project_id,
                "model": model,
                "prompt": prompt,
                "parameters": parameters,
                "seed": seed,
            },
        )
        answer.raise_for_status()
        job: dict[str, Any] = answer.json()
        return job

    def job(self, job_id: str) -> dict[str, Any]:
        """Read a job."""
        job: dict[str, Any] = self.http.get(f"/api/v1/jobs/{job_id}").json()
        return job

    def events(self, job_id: str) -> Iterator[tuple[str, str]]:
        """Follow a job; yields (kind, data as JSON text) as they arrive."""
        with self.http.stream("GET", f"/api/v1/jobs/{job_id}/events") as answer:
            kind = ""
            for line in answer.iter_lines():
                if line.startswith("event:"):
                    kind = line.removeprefix("event:").strip()
                elif line.startswith("data:"):
                    yield kind, line.removeprefix("data:")
