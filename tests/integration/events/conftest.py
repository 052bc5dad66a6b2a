"""A broker of the test's own, consumers for the length of a test, a scratch table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.db import connection

from tidegate.events import registry
from tidegate.events.registry import Listener
from tidegate.stack import ports
from tidegate.stack.broker import Broker

if TYPE_CHECKING:
    from tests.integration.events.support import MortalBroker


@pytest.fixture
def mortal_broker(tmp_path: Path) -> Iterator[MortalBroker]:
    # Models load only once Django is set up, which is after this file is read.
    from tests.integration.events.support import MortalBroker
    from tidegate.events.processes import quieten_clients

    quieten_clients()
    with ExitStack() as life:
        broker = MortalBroker(Broker(ports.any_free(), tmp_path / "broker", tmp_path / "log"), life)
        broker.live()
        yield broker


@pytest.fixture
def listen() -> Iterator[Callable[..., Listener]]:
    """Register consumers for the length of a test."""
    names: list[str] = []

    def register(name: str, *args: object, **kwargs: object) -> Listener:
        listener = registry.consumer(name, *args, **kwargs)  # type: ignore[arg-type]  # passed on
        names.append(name)
        return listener

    yield register
    for name in names:
        registry.forget(name)


@pytest.fixture
def effects(transactional_db: None) -> Iterator[Callable[[], list[str]]]:
    """A table for handlers to write to; calling the fixture returns its rows in order."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE test_effect (id bigserial PRIMARY KEY, what text)")

    def rows() -> list[str]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT what FROM test_effect ORDER BY id")
            return [row[0] for row in cursor.fetchall()]

    yield rows
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE test_effect")
