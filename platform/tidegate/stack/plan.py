"""What the one-machine stack consists of, and in which order it comes up.

The web process needs the database only, so that the first page is there within seconds; Triton
loads its models behind it. A service whose URL is given in the environment is not embedded.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tidegate.stack import ports
from tidegate.stack.broker import SESSION_TIMEOUT_MS, Broker
from tidegate.stack.places import CHECKOUT, Places
from tidegate.stack.postgres import Postgres
from tidegate.stack.processes import Program, tail
from tidegate.stack.triton import ModelState, TritonPorts, TritonServer
from tidegate.stack.units import Process, ReadyFile, Unit
from tidegate.stack.valkey import Valkey

if TYPE_CHECKING:
    from moderation.core.guards.entries import GuardEntry

PORT_NAMES = ("web", "valkey", "broker", "triton_grpc", "triton_http", "triton_metrics")
_WEB_PORT = "TIDEGATE_WEB_PORT"
_GUARDS_FILE = "TIDEGATE_GUARDS_FILE"
# Queue, and how many tasks of it at a time. A generator on a CPU gains nothing from more, but for
# pictures, which take half a second: one is drawn while another is claimed, or stored.
_WORKERS = {
    "generation.text": 2,
    "generation.speech": 1,
    "generation.image": 2,
    "generation.music": 1,
    "generation.video": 1,
    "default": 4,
}
_MOST_AT_ONCE = 256
_CONSUMERS = ("moderation", "progress", "credits", "compositions", "recommendations")
# What nobody waits for within the second gives way to what somebody does, and what tells of a
# result to what makes one (ADRs 192, 209).
_NICENESS = {
    **dict.fromkeys(("relay", *(f"consumer-{name}" for name in _CONSUMERS[:2])), 10),
    **dict.fromkeys(
        ("worker-default", "beat", *(f"consumer-{name}" for name in _CONSUMERS[2:])), 15
    ),
}


class PlanRefused(ValueError):
    """The environment asks for something that cannot be planned; the message names it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The units in starting order, the ports, and the environment that all of ours share."""

    units: tuple[Unit, ...]
    ports: Mapping[str, int]
    environment: Mapping[str, str]


def fixed_ports(environ: Mapping[str, str]) -> dict[str, int]:
    """Return the ports that are asked for by name: TIDEGATE_WEB_PORT."""
    value = environ.get(_WEB_PORT)
    if not value:
        return {}
    if not value.isdigit():
        raise ports.PortTaken(f"{_WEB_PORT} must be a port number, not {value!r}")
    return {"web": int(value)}


def worker_places(environ: Mapping[str, str]) -> dict[str, int]:
    """Return how many tasks of each queue run at a time; TIDEGATE_WORKERS_IMAGE=8 sets one.

    A model whose requests are batched on a GPU gets a batch only when as many jobs run at a time.

    Raises:
        PlanRefused: a number is none, or not between 1 and 256.
    """
    found = {}
    for queue, usual in _WORKERS.items():
        name = f"TIDEGATE_WORKERS_{queue.rpartition('.')[2].upper()}"
        value = environ.get(name) or str(usual)
        if not value.isdigit() or not 1 <= int(value) <= _MOST_AT_ONCE:
            raise PlanRefused(f"{name} must be between 1 and {_MOST_AT_ONCE}, not {value!r}")
        found[queue] = int(value)
    return found


def guard_entries(environ: Mapping[str, str]) -> tuple[GuardEntry, ...]:
    """Return the guard models of the file that TIDEGATE_GUARDS_FILE names; none without it.

    Raises:
        PlanRefused: the file cannot be read or used.
    """
    name = environ.get(_GUARDS_FILE)
    if not name:
        return ()
    # Read here, not at import: the command line answers without it.
    from moderation.core.guards import entries as guards

    try:
        return guards.read(Path(name).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, guards.InvalidGuards) as error:
        raise PlanRefused(f"{_GUARDS_FILE}={name}: {error}") from error


def make_plan(places: Places, chosen: Mapping[str, int], environ: Mapping[str, str]) -> Plan:
    """Decide what to run, from what the environment already provides."""
    database = Postgres(places.folder("postgres"), places.log("postgres"))
    valkey = Valkey(chosen["valkey"], places.folder("valkey"), places.log("valkey"))
    broker = Broker(chosen["broker"], places.folder("broker"), places.log("broker"))
    embedded = {
        "DATABASE_URL": database.url,
        "VALKEY_URL": valkey.url,
        "KAFKA_BOOTSTRAP_SERVERS": broker.address,
        "TRITON_GRPC_URL": f"{ports.LOOPBACK}:{chosen['triton_grpc']}",
    }
    given = {name: environ[name] for name in embedded if environ.get(name)}
    if "KAFKA_BOOTSTRAP_SERVERS" not in given:
        embedded["KAFKA_SESSION_TIMEOUT_MS"] = str(SESSION_TIMEOUT_MS)
    passed_on = {
        name: value for name, value in environ.items() if name.startswith(("TIDEGATE_", "KAFKA_"))
    }
    environment = {
        "TIDEGATE_PUBLIC_URL": f"http://{ports.LOOPBACK}:{chosen['web']}",
        "TIDEGATE_SECRET_KEY_FILE": str(places.keys / "secret_key"),
        "TIDEGATE_AUDIT_KEY_FILE": str(places.keys / "audit_ed25519.pem"),
        "DJANGO_SETTINGS_MODULE": environ.get("DJANGO_SETTINGS_MODULE", "tidegate.settings.local"),
        **passed_on,
        **embedded,
        **given,
        "TIDEGATE_VAR_DIR": str(places.var),
        "TIDEGATE_MODELS_DIR": str(places.models),
    }
    ours = _Ours(places, environment)
    units: list[Unit] = []
    if "DATABASE_URL" not in given:
        units.append(Unit(database, "PostgreSQL"))
    if "VALKEY_URL" not in given:
        units.append(Unit(valkey, "Valkey"))
    if "KAFKA_BOOTSTRAP_SERVERS" not in given:
        units.append(Unit(broker, "Kafka-protocol broker"))
    have = {unit.name for unit in units}
    units += _pages(ours, chosen["web"], have)
    units += _workers(ours, have)
    if "TRITON_GRPC_URL" not in given:
        units += _triton(ours, chosen)
    return Plan(tuple(units), dict(chosen), environment)


@dataclass(frozen=True, slots=True)
class _Ours:
    """Makes descriptions of our own Python processes."""

    places: Places
    environment: Mapping[str, str]

    def python(
        self,
        name: str,
        *arguments: str,
        fresh_log: bool = False,
    ) -> Program:
        return Program(
            command=(sys.executable, *arguments),
            environment={
                **os.environ,
                **self.environment,
                "PYTHONUNBUFFERED": "1",
                "TIDEGATE_READY_FILE": str(self.places.ready_file(name)),
            },
            directory=CHECKOUT,
            log=self.places.log(name),
            # Without a supervisor nothing must linger, and all of ours may die at any
            # instruction: rows under leases, an outbox and an inbox see to that.
            death_signal=signal.SIGKILL,
            fresh_log=fresh_log,
            niceness=_NICENESS.get(name, 0),
        )

    def task(self, name: str, label: str, *arguments: str, needs: tuple[str, ...]) -> Unit:
        log = self.places.log(name)
        return Unit(
            Process(name, self.python(name, *arguments, fresh_log=True)),
            label,
            needs=needs,
            once=True,
            detail=lambda: tail(log, 1) if log.exists() else "",
        )


def _pages(ours: _Ours, port: int, have: set[str]) -> list[Unit]:
    web = ours.python(
        "web",
        *("-m", "uvicorn", "tidegate.asgi:application"),
        *("--host", ports.LOOPBACK, "--port", str(port), "--no-access-log"),
        # Pages hold event streams open for ever; they reconnect by themselves.
        *("--timeout-graceful-shutdown", "3", "--no-server-header"),
    )
    address = f"http://{ports.LOOPBACK}:{port}/"
    return [
        ours.task(
            "migrate",
            "Database migrations",
            *("-m", "django", "migrate", "--noinput"),
            needs=_only(have, "postgres"),
        ),
        Unit(
            Process("web", web, ready=lambda: ports.http_ok(port, "/readyz"), address=address),
            "Web",
            # It loads while the migrations run, and is not ready before they have.
            needs=_only(have, "postgres"),
        ),
        ours.task(
            "publish_taxonomy", "Taxonomy", "-m", "django", "publish_taxonomy", needs=("web",)
        ),
        ours.task(
            "ensure_demo", "Demo people and projects", "-m", "django", "ensure_demo", needs=("web",)
        ),
    ]


def _workers(ours: _Ours, have: set[str]) -> list[Unit]:
    """Everything that works behind the pages; it starts after them, not to slow them down."""
    units = []
    for queue, at_once in worker_places(ours.environment).items():
        name = f"worker-{queue.rpartition('.')[2]}"
        run = ours.python(
            name,
            *("-m", "celery", "-A", "tidegate", "worker", "--queues", queue, "--pool", "threads"),
            *("--concurrency", str(at_once), "--hostname", f"{name}@%h", "--loglevel", "INFO"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        )
        needs = ("web", *_only(have, "valkey"))
        units.append(Unit(_said(ours, name, run), f"Worker {queue}", needs=needs))
    beat = ours.python("beat", "-m", "celery", "-A", "tidegate", "beat", "--loglevel", "INFO")
    units.append(Unit(Process("beat", beat), "Scheduler", needs=("web", *_only(have, "valkey"))))
    relay = ours.python("relay", "-m", "django", "relay")
    needs = ("web", *_only(have, "broker"))
    units.append(Unit(_said(ours, "relay", relay), "Outbox relay", needs=needs))
    for consumer in _CONSUMERS:
        name = f"consumer-{consumer}"
        run = ours.python(name, "-m", "django", "consume", consumer)
        units.append(Unit(_said(ours, name, run), f"Consumer {consumer}", needs=needs))
    return units


def _said(ours: _Ours, name: str, run: Program) -> ReadyFile:
    return ReadyFile(name, run, ours.places.ready_file(name))


def _triton(ours: _Ours, chosen: Mapping[str, int]) -> list[Unit]:
    """The serving environment and the weights are made on first use, while the pages come up."""
    triton = TritonServer(
        ports=TritonPorts(chosen["triton_grpc"], chosen["triton_http"], chosen["triton_metrics"]),
        var_dir=ours.places.var,
        root=CHECKOUT,
        models_dir=ours.places.models,
        guards=guard_entries(ours.environment),
    )

    def loading() -> str:
        states = triton.model_states().values()
        if not states:
            return "loading models"
        return "; ".join(_said_of(state) for state in states if state.state != "READY")

    install = ours.task(
        "serving-environment",
        "Serving environment",
        *("-m", "tidegate.stack.prepare", "serving-environment"),
        needs=(),
    )
    weights = ours.task(
        "weights",
        "Model weights",
        *("-m", "tidegate.stack.prepare", "weights"),
        needs=("serving-environment",),
    )
    served = Unit(
        _Triton(triton),
        "Triton",
        needs=("weights", "web"),
        detail=loading,
        after=triton.clean_up,
    )
    return [install, weights, served]


def _said_of(model: ModelState) -> str:
    """What keeps a model; Triton's reason for one that broke is a whole traceback."""
    if model.state == "UNAVAILABLE" and model.reason:
        reason = model.reason.partition("\nAt:")[0].strip().rpartition("\n")[2]
        return f"{model.name} cannot be loaded: {reason[:200]}"
    return f"loading {model.name}"


@dataclass(frozen=True, slots=True)
class _Triton:
    """Triton as one of the supervisor's servers."""

    triton: TritonServer
    name: str = "triton"

    @property
    def address(self) -> str:
        return self.triton.grpc_url

    def prepare(self) -> None:
        self.triton.prepare()

    def program(self) -> Program:
        return Program(
            command=tuple(self.triton.command()),
            environment=self.triton.environment(),
            directory=CHECKOUT,
            log=self.triton.log_file,
            # It leaves only after its models' processes have.
            grace_seconds=20.0,
            keeps_group=True,
        )

    def is_ready(self) -> bool:
        return self.triton.is_ready()


def _only(have: set[str], *names: str) -> tuple[str, ...]:
    """Return those of the names that are embedded and so can be waited for."""
    return tuple(name for name in names if name in have)
