"""One real PostgreSQL for the whole session; the other servers when a test first asks for them.

Addresses are chosen before Django reads its settings, servers start at them later. With xdist the
controller runs the one cluster, in which every worker has a database of its own; Valkey and the
broker are small and belong to each worker.
"""

from __future__ import annotations

import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import hypothesis
import pytest
from django.conf import settings
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker

from tidegate.stack import control, ports
from tidegate.stack.broker import SESSION_TIMEOUT_MS, Broker
from tidegate.stack.places import CHECKOUT, Places
from tidegate.stack.postgres import Postgres
from tidegate.stack.processes import (
    Child,
    Program,
    StartFailed,
    running,
    tail,
    wait_for,
)
from tidegate.stack.state import StackState
from tidegate.stack.valkey import Valkey

# What is imported and collected stays until the end: looking through it for garbage again and again
# took a tenth of the unit tests' time.
gc.disable()


def pytest_collection_finish() -> None:
    """Collect garbage from here on, among what the tests make."""
    gc.freeze()
    gc.enable()


# The same examples in every run, and no deadline: a slow machine is no fault of what is tested.
# `pytest --hypothesis-profile default` looks for other examples.
hypothesis.settings.load_profile("ci")

_WORKER = os.environ.get("PYTEST_XDIST_WORKER")
_HOME = Path(tempfile.mkdtemp(prefix="tidegate-tests-"))
_HOME.chmod(0o711)  # PostgreSQL may run as another user, who has to pass
_PORTS = ports.choose(("valkey", "broker"), home=_HOME, earlier={}, fixed={})
_START_SECONDS = 900.0
_SHARED_CLUSTER = "TIDEGATE_TEST_CLUSTER"

_postgres = Postgres(
    folder=Path(os.environ.get(_SHARED_CLUSTER, _HOME / "postgres")),
    log=_HOME / "log" / "postgres.log",
    durable=False,
)
_valkey = Valkey(_PORTS["valkey"], _HOME / "valkey", _HOME / "log" / "valkey.log")
_broker = Broker(_PORTS["broker"], _HOME / "broker", _HOME / "log" / "broker.log")
_session = ExitStack()

os.environ.update(
    DJANGO_SETTINGS_MODULE="tidegate.settings.test",
    TIDEGATE_VAR_DIR=str(_HOME),
    DATABASE_URL=_postgres.url,
    VALKEY_URL=_valkey.url,
    KAFKA_BOOTSTRAP_SERVERS=_broker.address,
    KAFKA_SESSION_TIMEOUT_MS=str(SESSION_TIMEOUT_MS),
    # No test meets a second look by chance.
    TIDEGATE_QUALITY_RULES_FILE=str(CHECKOUT / "tests" / "quality.yaml"),
)
# pytest-django sets Django up before collection only when it finds the settings loaded.
_APPS = settings.INSTALLED_APPS


def pytest_configure(config: pytest.Config) -> None:
    """Start the shared cluster when this process hands the tests to workers."""
    if _WORKER is None and config.getoption("numprocesses", default=None):
        _session.enter_context(running(_postgres))
        os.environ[_SHARED_CLUSTER] = str(_postgres.folder)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Let workers read the settings only after they have set their own addresses.

    With the variable inherited, pytest-django would read them before this file is loaded.
    """
    if _WORKER is None and session.config.getoption("numprocesses", default=None):
        del os.environ["DJANGO_SETTINGS_MODULE"]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what this process started and remove its folder."""
    _session.close()
    shutil.rmtree(_HOME)


@pytest.fixture(scope="session")
def postgres() -> Postgres:
    """The session's PostgreSQL."""
    if _SHARED_CLUSTER not in os.environ:
        _session.enter_context(running(_postgres))
        os.environ[_SHARED_CLUSTER] = str(_postgres.folder)
    return _postgres


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    postgres: Postgres, django_db_modify_db_settings_parallel_suffix: None
) -> None:
    """Have PostgreSQL running before pytest-django makes the test database."""


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Let tests that commit be cleaned up: they TRUNCATE, which the append-only tables refuse."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass, quote_ident(tgname) FROM pg_trigger"
            " WHERE NOT tgisinternal AND tgtype & 32 = 32"
        )
        for table, trigger in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")


@pytest.fixture(autouse=True)
def known_policies() -> None:
    """Let no test judge by the policies that an earlier one put in force."""
    if known := sys.modules.get("moderation.app.in_force"):
        known.forget()


@pytest.fixture(scope="session")
def valkey() -> Iterator[str]:
    """The session's Valkey, already in the settings; the value is its URL."""
    with running(_valkey):
        yield _valkey.url


@pytest.fixture(scope="session")
def broker() -> Iterator[str]:
    """The session's Kafka-protocol broker, already in the settings; the value is `host:port`."""
    with running(_broker):
        yield _broker.address


@pytest.fixture(scope="session")
def stack() -> Iterator[StackState]:
    """A whole stack of its own, every process of it, with the real models; stops with the session.

    `environment["TIDEGATE_PUBLIC_URL"]` is its address, `units[name].pid` what to kill. Read
    `StackState.read(path)` again for what changed, the path being TIDEGATE_VAR_DIR/stack.json.
    """
    places = Places(
        var=_HOME / "stack",
        models=Path(os.environ.get("TIDEGATE_MODELS_DIR", CHECKOUT / "var" / "models")),
    )
    places.make()
    joined_to_servers = ("DATABASE_URL", "VALKEY_URL", "KAFKA_", "TRITON_", "DJANGO_")
    supervisor = Program(
        command=(sys.executable, "-m", "tidegate.stack.cli", "supervise"),
        environment={
            **{
                name: value
                for name, value in os.environ.items()
                if not name.startswith(joined_to_servers)
            },
            "TIDEGATE_VAR_DIR": str(places.var),
            "TIDEGATE_MODELS_DIR": str(places.models),
        },
        directory=CHECKOUT,
        log=places.log("supervisor"),
        grace_seconds=60.0,
    )
    child = Child.start(supervisor)
    try:
        yield _settled(places, child)
    finally:
        child.stop()
        # A test of restarts leaves another supervisor in this one's place.
        control.stop(places)


def _settled(places: Places, child: Child) -> StackState:
    """Wait until every unit is ready; the limit only ends a start that hangs."""

    def settled() -> bool:
        state = StackState.read(places.state)
        if child.exit_code() is not None or (state is not None and state.failed):
            details = [unit.detail for unit in state.units.values()] if state else []
            raise StartFailed("\n".join([*details, tail(places.log("supervisor"))]))
        return state is not None and not state.pending

    if not wait_for(settled, seconds=_START_SECONDS):
        state = StackState.read(places.state)
        waits_for = state.pending if state else "no state"
        raise StartFailed(f"not ready after {_START_SECONDS:.0f} s: {waits_for}")
    state = StackState.read(places.state)
    if state is None:
        raise StartFailed(f"{places.state} has gone")
    return state
