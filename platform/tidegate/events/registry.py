"""Who listens to what. Apps register in `AppConfig.ready()`; every process knows every consumer.

The relay needs the table too: after a broker lost its memory, an event is owed again to
whoever is registered for its type and has not handled it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tidegate.contracts.envelope import Envelope
from tidegate.contracts.topics import Topic
from tidegate.events.errors import UnknownConsumer

Handler = Callable[..., None]
"""`handler(event, envelope)`, or `handler(event, envelope, prepared)` where `prepare` is set."""

BatchHandler = Callable[[Sequence[tuple[Any, Envelope]]], None]
"""`handler([(event, envelope), …])`: all of one type, new to this consumer, in order."""

Prepare = Callable[[Any, Envelope], object]
"""Slow work before the transaction (network, models); its result is the handler's third value."""


@dataclass(frozen=True, slots=True)
class Group:
    """How events of one type that are prepared go many at a time: one reading, one transaction.

    Attributes:
        joins: whether an event may go with others, so that none waits for one that takes longer.
        prepare: takes the events, in order, and returns for each what `prepare` would return, or
            the exception that it would raise.
        handle: takes the events with what was prepared, inside the transaction that marks them as
            handled; returns the ids of those to be handled alone instead, of which it wrote
            nothing.
    """

    joins: Callable[[Any], bool]
    prepare: Callable[[Sequence[tuple[Any, Envelope]]], Sequence[object]]
    handle: Callable[[Sequence[tuple[Any, Envelope, Any]]], Collection[UUID]]


@dataclass(frozen=True, slots=True)
class Listener:
    """One consumer: its name is its Kafka group and its inbox."""

    name: str
    handlers: Mapping[type[Any], Handler]
    batches: Mapping[type[Any], BatchHandler] = field(default_factory=dict)
    prepares: Mapping[type[Any], Prepare] = field(default_factory=dict)
    groups: Mapping[type[Any], Group] = field(default_factory=dict)
    workers: int = 4

    @property
    def events(self) -> tuple[type[Any], ...]:
        """Every event class it handles."""
        return (*self.handlers, *(event for event in self.batches if event not in self.handlers))

    @property
    def types(self) -> frozenset[str]:
        """Every event type it handles, as written on the wire."""
        return frozenset(event.TYPE for event in self.events)

    @property
    def topics(self) -> tuple[Topic, ...]:
        """The topics those types travel on."""
        return tuple(sorted({event.TOPIC for event in self.events}))


_listeners: dict[str, Listener] = {}


def consumer(
    name: str,
    handlers: Mapping[type[Any], Handler] | None = None,
    *,
    handle_batch: Mapping[type[Any], BatchHandler] | None = None,
    prepare: Prepare | Mapping[type[Any], Prepare] | None = None,
    groups: Mapping[type[Any], Group] | None = None,
    workers: int = 4,
) -> Listener:
    """Register a consumer. Handlers run inside the transaction that marks the event as handled.

    `handle_batch` is for handlers that do many events in one statement; when it raises, the
    events are handled one by one (by the entry in `handlers`, or as batches of one), so that
    one bad event cannot hold the others. `prepare` runs outside any transaction, in `workers`
    threads; events with one key are still handled in their order. `groups` says how such events
    go many at a time; what a group cannot do, its events do one by one.

    Raises:
        ValueError: the name is taken, or nothing is handled.
    """
    if name in _listeners:
        raise ValueError(f"two consumers are called {name!r}")
    singles, batches = dict(handlers or {}), dict(handle_batch or {})
    if not singles and not batches:
        raise ValueError(f"the consumer {name!r} handles nothing")
    prepares: Mapping[type[Any], Prepare]
    if prepare is None:
        prepares = {}
    elif isinstance(prepare, Mapping):
        prepares = dict(prepare)
    else:
        prepares = dict.fromkeys(singles, prepare)
    if unprepared := [event.__name__ for event in prepares if event not in singles]:
        raise ValueError(f"{name!r} prepares what it has no handler for: {unprepared}")
    if alone := [event.__name__ for event in groups or {} if event not in prepares]:
        raise ValueError(f"{name!r} groups what it does not prepare: {alone}")
    listener = Listener(name, singles, batches, prepares, dict(groups or {}), workers)
    _listeners[name] = listener
    return listener


def forget(name: str) -> None:
    """Take a consumer out again; for tests and for consumers that live shorter than a process."""
    _listeners.pop(name, None)


def listeners() -> tuple[Listener, ...]:
    """Return every registered consumer, by name."""
    return tuple(_listeners[name] for name in sorted(_listeners))


def listener(name: str) -> Listener:
    """Return one consumer.

    Raises:
        UnknownConsumer: naming those there are.
    """
    try:
        return _listeners[name]
    except KeyError:
        known = ", ".join(sorted(_listeners)) or "none"
        raise UnknownConsumer(f"no consumer is called {name!r}; registered: {known}") from None
