"""A broker that may be killed, a relay and consumers in threads, an effect to count."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, connections
from django.db.models import QuerySet

from tidegate.contracts.moderation import CaseOpened
from tidegate.events.engine import Engine
from tidegate.events.models import DeadLetter, Outbox
from tidegate.events.registry import Listener
from tidegate.events.relay import Relay
from tidegate.primitives.ids import new_id
from tidegate.stack.broker import SESSION_TIMEOUT_MS, Broker
from tidegate.stack.processes import running
from tidegate.streams.config import KafkaConfig
from tidegate.streams.consumer import Consumer

PATIENCE_SECONDS = 60.0


def eventually(condition: Callable[[], bool], *, what: str) -> None:
    """Wait until something becomes true; the limit only ends a test that hangs."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.05)


def a_case(key: UUID | None = None, because: str = "doubt") -> CaseOpened:
    """Return an event whose key is `key`."""
    return CaseOpened(new_id(), key or new_id(), new_id(), because)


@dataclass
class MortalBroker:
    """A broker that can die; what it held is gone then."""

    server: Broker
    _life: ExitStack

    @property
    def config(self) -> KafkaConfig:
        return KafkaConfig((self.server.address,), session_timeout_ms=SESSION_TIMEOUT_MS)

    def die(self) -> None:
        self._life.close()

    def live(self) -> None:
        self._life.enter_context(running(self.server))


@contextmanager
def background(target: Callable[[threading.Event], None]) -> Iterator[threading.Event]:
    """Run something in a thread until the block ends; what it raises, the block raises."""
    stop, errors = threading.Event(), list[BaseException]()

    def life() -> None:
        try:
            target(stop)
        except BaseException as error:  # noqa: BLE001 - raised again where the block ends
            errors.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=life)
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(PATIENCE_SECONDS)
        if errors:
            raise errors[0]
        assert not thread.is_alive()


@contextmanager
def relaying(config: KafkaConfig) -> Iterator[Relay]:
    relay = Relay(config)
    with background(relay.run):
        yield relay


@contextmanager
def consuming(config: KafkaConfig, listener: Listener) -> Iterator[Engine]:
    engine = Engine(listener)
    consumer = Consumer(config, group=listener.name, topics=listener.topics)
    with background(lambda stop: consumer.run(engine, stop)):
        yield engine


def effect(what: str) -> None:
    """Write one row; meant for handlers."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO test_effect (what) VALUES (%s)", [what])


def given_up() -> QuerySet[DeadLetter]:
    """Return the dead letters of this test's own events.

    The broker keeps what earlier tests sent, and their rows are gone: a consumer that reads it
    gives it up, and rightly so.
    """
    return DeadLetter.objects.filter(event_id__in=Outbox.objects.values("event_id"))
