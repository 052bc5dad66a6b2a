"""Outbox to inbox over a real broker."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from django.db import transaction

from tests.integration.events.support import (
    MortalBroker,
    a_case,
    consuming,
    effect,
    eventually,
    relaying,
)
from tidegate.contracts.envelope import Envelope
from tidegate.contracts.moderation import CaseOpened
from tidegate.events.models import Inbox, Outbox
from tidegate.events.registry import Listener
from tidegate.events.services import announce, announce_all
from tidegate.primitives.ids import new_id

pytestmark = pytest.mark.django_db(transaction=True)

Listen = Callable[..., Listener]
Effects = Callable[[], list[str]]


def write_because(event: CaseOpened, envelope: Envelope) -> None:
    effect(event.because)


def announce_one(event: CaseOpened) -> UUID:
    with transaction.atomic():
        return announce(event)


def test_announcing_without_a_transaction_is_refused() -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        announce(a_case())


def test_an_event_of_a_rolled_back_change_never_existed() -> None:
    @transaction.atomic
    def change_mind() -> None:
        announce(a_case())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change_mind()
    assert not Outbox.objects.exists()


def test_events_arrive_once_each_and_in_order_per_key(
    mortal_broker: MortalBroker, listen: Listen, effects: Effects
) -> None:
    listener = listen("reader", {CaseOpened: write_because})
    keys = [new_id() for _ in range(5)]
    with transaction.atomic():
        announce_all([a_case(keys[n % 5], f"{n % 5}:{n}") for n in range(300)])
    with relaying(mortal_broker.config), consuming(mortal_broker.config, listener):
        eventually(lambda: len(effects()) >= 300, what="300 effects")
        announce_one(a_case(keys[0], "0:300"))
        eventually(lambda: len(effects()) >= 301, what="the late one")
    rows = effects()
    assert len(rows) == len(set(rows)) == 301
    for key in range(5):
        numbers = [int(row.split(":")[1]) for row in rows if row.startswith(f"{key}:")]
        assert numbers == sorted(numbers)
    assert Inbox.objects.filter(consumer="reader").count() == 301


def test_a_broker_that_lost_its_memory_gets_again_what_somebody_lacks(
    mortal_broker: MortalBroker, listen: Listen, effects: Effects
) -> None:
    listener = listen("reader", {CaseOpened: write_because})
    with relaying(mortal_broker.config) as relay:
        with transaction.atomic():
            announce_all([a_case(because=str(n)) for n in range(50)])
        eventually(lambda: relay.published >= 50, what="50 published")
        mortal_broker.die()
        with transaction.atomic():
            announce_all([a_case(because=str(n)) for n in range(50, 60)])
        mortal_broker.live()
        with consuming(mortal_broker.config, listener):
            eventually(lambda: len(effects()) >= 60, what="all 60 handled")
    assert sorted(map(int, effects())) == list(range(60))


def test_a_consumer_at_work_survives_the_death_of_the_broker(
    mortal_broker: MortalBroker, listen: Listen, effects: Effects
) -> None:
    listener = listen("reader", {CaseOpened: write_because})
    with relaying(mortal_broker.config), consuming(mortal_broker.config, listener):
        for life in range(3):
            with transaction.atomic():
                announce_all([a_case(because=f"{life}:{n}") for n in range(40)])
            if life < 2:
                expected = life * 40
                eventually(lambda: len(effects()) > expected, what="some handled")  # noqa: B023
                mortal_broker.die()
                mortal_broker.live()
        eventually(lambda: len(effects()) >= 120, what="all handled")
    assert len(set(effects())) == len(effects()) == 120
