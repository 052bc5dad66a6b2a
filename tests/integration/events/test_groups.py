"""Prepared events that go many at a time: one transaction, and nobody pays for a neighbour."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from tests.integration.events.support import (
    MortalBroker,
    a_case,
    consuming,
    effect,
    eventually,
    relaying,
)
from tidegate.contracts.envelope import Envelope, wrap
from tidegate.contracts.moderation import CaseOpened
from tidegate.events.errors import CannotHeal, RetryLater
from tidegate.events.handling import Arrived, GivenUp, Handled, Waiting, handle_group
from tidegate.events.models import DeadLetter, Inbox
from tidegate.events.registry import Group, Listener
from tidegate.events.services import announce
from tidegate.primitives.clock import now
from tidegate.primitives.ids import new_id

pytestmark = pytest.mark.django_db(transaction=True)

Listen = Callable[..., Listener]
Effects = Callable[[], list[str]]
Prepared = Sequence[tuple[CaseOpened, Envelope, str]]


def arrived(*names: str) -> list[Arrived]:
    """Return events of different lanes; their names say what is to become of them."""
    events = [a_case(because=name) for name in names]
    return [
        Arrived(
            event,
            wrap(event, event_id=new_id(), time=now(), correlation_id=new_id()),
            attempts=0,
            lane=event.key(),
        )
        for event in events
    ]


class Handlers:
    """Handlers that write what they did; `sizes` holds how many events each group had."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.prepared: list[str] = []
        self.error: Exception | None = None

    def prepare(self, event: CaseOpened, envelope: Envelope) -> str:
        """Prepare one."""
        self.prepared.append(event.because)
        return f"prepared {event.because}"

    def handle(self, event: CaseOpened, envelope: Envelope, prepared: str) -> None:
        """Handle one alone."""
        effect(f"alone: {prepared}")
        if event.because == "bad":
            raise CannotHeal("bad")

    def prepare_all(self, events: Sequence[tuple[CaseOpened, Envelope]]) -> list[object]:
        """Prepare each; a name that says so fails."""
        assert not connection.in_atomic_block
        failures = {"later": RetryLater(2.0), "forged": CannotHeal("forged")}
        return [
            failures.get(event.because) or self.prepare(event, envelope)
            for event, envelope in events
        ]

    def handle_all(self, events: Prepared) -> set[Any]:
        """Handle what is not odd."""
        assert connection.in_atomic_block
        self.sizes.append(len(events))
        for event, _, prepared in events:
            if event.because != "odd":
                effect(f"together: {prepared}")
        if self.error is not None:
            raise self.error
        return {envelope.id for event, envelope, _ in events if event.because == "odd"}

    def register(self, listen: Listen, **kwargs: object) -> Listener:
        """Register a consumer of these."""
        return listen(
            "grouping",
            {CaseOpened: self.handle},
            prepare=self.prepare,
            groups={
                CaseOpened: Group(
                    lambda event: event.because != "slow", self.prepare_all, self.handle_all
                )
            },
            **kwargs,
        )


def test_a_group_is_one_transaction_and_once_is_enough(listen: Listen, effects: Effects) -> None:
    handlers = Handlers()
    listener, events = handlers.register(listen), arrived("a", "b", "c")
    assert handle_group(listener, events) == [Handled()] * 3
    assert handle_group(listener, [*events, *arrived("d")]) == [Handled()] * 4
    assert effects() == [f"together: prepared {name}" for name in "abcd"]
    assert handlers.prepared == ["a", "b", "c", "d"]
    assert handlers.sizes == [3, 1]
    assert Inbox.objects.count() == 4


def test_what_a_group_leaves_is_handled_alone_with_what_was_prepared(
    listen: Listen, effects: Effects
) -> None:
    handlers = Handlers()
    listener, events = handlers.register(listen), arrived("a", "odd", "b")
    assert handle_group(listener, events) == [Handled()] * 3
    assert effects() == [
        "together: prepared a",
        "together: prepared b",
        "alone: prepared odd",
    ]
    assert handlers.prepared == ["a", "odd", "b"]
    assert Inbox.objects.count() == 3


def test_what_cannot_be_prepared_holds_nobody(listen: Listen, effects: Effects) -> None:
    handlers = Handlers()
    listener, events = handlers.register(listen), arrived("later", "a", "forged")
    later, done, forged = handle_group(listener, events)
    assert isinstance(later, Waiting)
    assert (later.seconds, done) == (2.0, Handled())
    assert isinstance(forged, GivenUp)
    assert effects() == ["together: prepared a"]
    assert Inbox.objects.count() == 1


def test_a_group_that_breaks_leaves_nothing_and_its_events_go_alone(
    listen: Listen, effects: Effects
) -> None:
    handlers = Handlers()
    handlers.error = ValueError("one of them is odd")
    listener, events = handlers.register(listen), arrived("a", "bad", "b")
    first, bad, second = handle_group(listener, events)
    assert (first, second) == (Handled(), Handled())
    assert isinstance(bad, GivenUp)
    assert effects() == ["alone: prepared a", "alone: prepared b"]
    assert Inbox.objects.count() == 2


def test_a_group_waits_for_a_database_that_is_away(listen: Listen, effects: Effects) -> None:
    handlers = Handlers()
    handlers.error = OperationalError("the server closed the connection")
    outcomes = handle_group(handlers.register(listen), arrived("a", "odd"))
    assert all(isinstance(outcome, Waiting) for outcome in outcomes)
    assert effects() == []
    assert not Inbox.objects.exists()


def test_a_preparation_that_breaks_as_a_whole_is_tried_one_by_one(
    listen: Listen, effects: Effects, monkeypatch: pytest.MonkeyPatch
) -> None:
    handlers = Handlers()

    def breaks(events: object) -> list[object]:
        raise ValueError("nothing can be read at once")

    monkeypatch.setattr(handlers, "prepare_all", breaks)
    outcomes = handle_group(handlers.register(listen), arrived("a", "b"))
    assert outcomes == [Handled(), Handled()]
    assert effects() == ["alone: prepared a", "alone: prepared b"]


def test_over_a_broker_events_are_grouped_and_a_slow_one_holds_no_group(
    mortal_broker: MortalBroker, listen: Listen, effects: Effects, monkeypatch: pytest.MonkeyPatch
) -> None:
    handlers = Handlers()
    may_end = threading.Event()

    def prepare(event: CaseOpened, envelope: Envelope) -> str:
        if event.because == "slow":
            assert may_end.wait(30)
        return f"prepared {event.because}"

    monkeypatch.setattr(handlers, "prepare", prepare)
    listener = handlers.register(listen, workers=2)
    names = [str(number) for number in range(100)]
    with transaction.atomic():
        for name in ("slow", *names, "forged", "odd"):
            announce(a_case(because=name))
    with relaying(mortal_broker.config), consuming(mortal_broker.config, listener):
        eventually(
            lambda: len(effects()) == 101 and DeadLetter.objects.count() == 1,
            what="all but the slow one",
        )
        may_end.set()
        eventually(lambda: len(effects()) == 102, what="the slow one")
    assert max(handlers.sizes) > 1
    alone = ["alone: prepared odd", "alone: prepared slow"]
    together = [f"together: prepared {name}" for name in names]
    assert sorted(effects()) == sorted([*together, *alone])
