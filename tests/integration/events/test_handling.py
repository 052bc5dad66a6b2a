"""Retries, preparation, dead letters and their replay, over a real broker."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from io import StringIO
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection, transaction

from tests.integration.events.support import (
    MortalBroker,
    a_case,
    consuming,
    effect,
    eventually,
    relaying,
)
from tidegate.audit.models import Entry
from tidegate.contracts.envelope import Envelope
from tidegate.contracts.moderation import CaseDecided, CaseOpened
from tidegate.contracts.operations import DeadLetterRecorded
from tidegate.events.dead_letters import replay
from tidegate.events.errors import CannotHeal, RetryLater
from tidegate.events.inbox import once
from tidegate.events.models import DeadLetter, Inbox, Outbox
from tidegate.events.registry import Listener
from tidegate.events.services import announce_all
from tidegate.events.upkeep import reconcile, retain
from tidegate.primitives.actor import Actor
from tidegate.primitives.ids import new_id
from tidegate.streams.producer import Producer
from tidegate.streams.records import Outgoing

pytestmark = pytest.mark.django_db(transaction=True)

Listen = Callable[..., Listener]
Effects = Callable[[], list[str]]


def write_because(event: CaseOpened, envelope: Envelope) -> None:
    effect(event.because)


def write_prepared(event: CaseOpened, envelope: Envelope, prepared: object) -> None:
    effect(event.because)


def write_bystander(event: CaseOpened, envelope: Envelope) -> None:
    effect("bystander")


def ignore(event: object, envelope: Envelope) -> None:
    """Handle nothing."""


def at_once(attempts: int) -> float:
    """Retry without a pause worth the name."""
    return 0.01


def announce_now(*events: CaseOpened) -> list[UUID]:
    with transaction.atomic():
        return announce_all(events)


def test_what_heals_is_tried_again_and_keeps_the_order_of_its_key_only(
    mortal_broker: MortalBroker, listen: Listen, effects: Effects
) -> None:
    tries: dict[str, int] = {}
    # The other key's records may be a while on their way.
    is_other_done = threading.Event()

    def heal_at_the_third_try(event: CaseOpened, envelope: Envelope) -> None:
        if event.because == "slow 1" and not is_other_done.is_set():
            raise RetryLater(0.1)
        tries[event.because] = tries.get(event.because, 0) + 1
        if event.because == "slow 1" and tries[event.because] < 3:
            raise RetryLater(0.3)
        effect(event.because)

    listener = listen("healing", {CaseOpened: heal_at_the_third_try})
    slow, quick = new_id(), new_id()
    announce_now(
        a_case(slow, "slow 1"), a_case(slow, "slow 2"), a_case(quick, "q1"), a_case(quick, "q2")
    )
    with relaying(mortal_broker.config), consuming(mortal_broker.config, listener):
        eventually(lambda: len(effects()) == 2, what="the other key's effects")
        assert effects() == ["q1", "q2"]
        is_other_done.set()
        eventually(lambda: len(effects()) == 4, what="four effects")
    rows = effects()
    assert rows == ["q1", "q2", "slow 1", "slow 2"]
    assert tries["slow 1"] == 3
    assert tries["slow 2"] == 1


def test_a_poisoned_event_becomes_a_dead_letter_and_a_replay_heals_it(
    mortal_broker: MortalBroker, listen: Listen, effects: Effects
) -> None:
    is_mended = threading.Event()

    def choke(event: CaseOpened, envelope: Envelope) -> None:
        if event.because == "poison" and not is_mended.is_set():
            effect("never seen")
            raise CannotHeal("this can never work")
        effect(event.because)

    listener = listen("choking", {CaseOpened: choke})
    bystander = listen("bystander", {CaseOpened: write_bystander})
    key = new_id()
    announce_now(a_case(key, "before"), a_case(key, "poison"), a_case(key, "after"))
    with (
        relaying(mortal_broker.config),
        consuming(mortal_broker.config, listener),
        consuming(mortal_broker.config, bystander),
    ):
        eventually(lambda: len(effects()) == 5, what="all but the poison")
        letter = DeadLetter.objects.get()
        assert letter.consumer == "choking"
        assert letter.topic == "tidegate.moderation"
        assert b"poison" in bytes(letter.value or b"")
        assert "this can never work" in letter.error
        eventually(
            lambda: Outbox.objects.filter(
                type=DeadLetterRecorded.TYPE, published_at__isnull=False
            ).exists(),
            what="the letter on its topic",
        )
        is_mended.set()
        replay(letter_id=letter.id, actor=Actor.system("test"), reason="mended")
        eventually(lambda: "poison" in effects(), what="the replay handled")
    assert sorted(effects()) == ["after", "before", *["bystander"] * 3, "poison"]
    letter.refresh_from_db()
    assert (letter.state, letter.replays) == ("resolved", 1)
    assert Entry.objects.get().action == "dead_letter.replayed"


def test_a_buried_event_is_not_handled_by_a_mere_redelivery(
    mortal_broker: MortalBroker, listen: Listen, effects: Effects
) -> None:
    calls = []

    def refuse(event: CaseOpened, envelope: Envelope) -> None:
        calls.append(event.because)
        raise CannotHeal("no")

    listener = listen("refusing", {CaseOpened: refuse})
    announce_now(a_case(because="x"))
    with relaying(mortal_broker.config), consuming(mortal_broker.config, listener) as engine:
        eventually(lambda: DeadLetter.objects.count() == 1, what="a letter")
        Outbox.objects.filter(type=CaseOpened.TYPE).update(published_at=None)
        eventually(lambda: engine.handled >= 1, what="the redelivery passed over")
    assert calls == ["x"]
    assert DeadLetter.objects.count() == 1


def test_an_error_nobody_promised_to_heal_is_buried_after_a_few_tries(
    mortal_broker: MortalBroker,
    listen: Listen,
    effects: Effects,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tidegate.events.handling._pause", at_once)
    calls = []

    def stumble(event: CaseOpened, envelope: Envelope) -> None:
        calls.append(event.because)
        raise ValueError("a defect \x00 in the handler")

    listener = listen("stumbling", {CaseOpened: stumble})
    announce_now(a_case())
    with relaying(mortal_broker.config), consuming(mortal_broker.config, listener):
        eventually(DeadLetter.objects.exists, what="a letter")
    letter = DeadLetter.objects.get()
    assert len(calls) == letter.attempts == 5
    assert "ValueError: a defect \\x00 in the handler" in letter.error
    assert not Inbox.objects.exists()


def test_forged_and_truncated_records_become_dead_letters_with_their_place_and_bytes(
    mortal_broker: MortalBroker, listen: Listen, effects: Effects
) -> None:
    listener = listen("reader", {CaseOpened: write_because})
    good = announce_now(a_case(because="good"))[0]
    whole = bytes(Outbox.objects.get(event_id=good).value)
    other = json.loads(whole) | {"id": str(new_id())}
    no_field = other | {"data": {**other["data"]}}
    del no_field["data"]["because"]
    unknown = other | {"id": str(new_id()), "type": "tidegate.unheard.of.v9"}
    forged = {
        b"truncated": whole[: len(whole) // 2],
        b"binary": b"\x00\xff\x00",
        b"empty": b"",
        b"field": json.dumps(no_field).encode(),
    }
    with Producer(mortal_broker.config) as producer:
        place = producer.send_all(
            [Outgoing("tidegate.moderation", key, value) for key, value in forged.items()]
            + [Outgoing("tidegate.moderation", b"unknown", json.dumps(unknown).encode())]
        )
    with relaying(mortal_broker.config), consuming(mortal_broker.config, listener) as engine:
        eventually(
            lambda: DeadLetter.objects.count() == 4 and effects() == ["good"], what="all judged"
        )
        eventually(lambda: engine.skipped == 1, what="the unknown type skipped")
    for (key, value), placed in zip(forged.items(), place, strict=False):
        letter = DeadLetter.objects.get(partition=placed.partition, offset=placed.offset or 0)
        assert bytes(letter.key or b"") == key
        assert bytes(letter.value or b"") == value
    assert "data.because" in DeadLetter.objects.get(event_id=no_field["id"]).error
    out = StringIO()
    call_command("dead_letters", "list", stdout=out)
    assert out.getvalue().count("reader") == 4
    call_command("dead_letters", "replay", "--all", "--dry-run", stdout=out)
    assert DeadLetter.objects.filter(state="open").count() == 4


def test_a_batch_handler_gets_many_at_once_and_one_bad_event_holds_no_other(
    mortal_broker: MortalBroker, listen: Listen, effects: Effects
) -> None:
    sizes = []

    def write_all(batch: Sequence[tuple[CaseOpened, Envelope]]) -> None:
        sizes.append(len(batch))
        for event, _ in batch:
            effect(event.because)
            if event.because == "bad":
                raise CannotHeal("bad")

    listener = listen("batching", handle_batch={CaseOpened: write_all})
    announce_now(*[a_case(because=str(n)) for n in range(100)], a_case(because="bad"))
    with relaying(mortal_broker.config), consuming(mortal_broker.config, listener):
        eventually(
            lambda: len(effects()) == 100 and DeadLetter.objects.count() == 1, what="all judged"
        )
    assert max(sizes) > 1
    assert sorted(effects()) == sorted(map(str, range(100)))


def test_preparation_runs_outside_the_transaction_and_side_by_side(
    mortal_broker: MortalBroker, listen: Listen, effects: Effects
) -> None:
    together = threading.Barrier(3, timeout=30)

    def prepare(event: CaseOpened, envelope: Envelope) -> str:
        assert not connection.in_atomic_block
        if event.because != "last":
            together.wait()
        return f"prepared {event.because}"

    def handle(event: CaseOpened, envelope: Envelope, prepared: str) -> None:
        assert connection.in_atomic_block
        effect(prepared)

    listener = listen("preparing", {CaseOpened: handle}, prepare=prepare, workers=3)
    announce_now(*[a_case(because=name) for name in "abc"])
    with relaying(mortal_broker.config), consuming(mortal_broker.config, listener):
        eventually(lambda: len(effects()) == 3, what="three at once")
        announce_now(a_case(because="last"))
        eventually(lambda: len(effects()) == 4, what="the last")
    assert sorted(effects()[:3]) == ["prepared a", "prepared b", "prepared c"]


def test_a_slow_preparation_outlives_the_session_and_is_done_once(
    mortal_broker: MortalBroker, listen: Listen, effects: Effects
) -> None:
    waited = threading.Event()

    def take_long(event: CaseOpened, envelope: Envelope) -> None:
        waited.wait(9.0)  # longer than the group's session

    listener = listen(
        "slow",
        {CaseOpened: write_prepared},
        prepare=take_long,
    )
    announce_now(a_case(because="slow"))
    with relaying(mortal_broker.config), consuming(mortal_broker.config, listener):
        eventually(lambda: effects() == ["slow"], what="handled")
    assert Inbox.objects.count() == 1


def test_two_relays_ship_every_event_once(
    mortal_broker: MortalBroker, listen: Listen, effects: Effects
) -> None:
    with relaying(mortal_broker.config) as one, relaying(mortal_broker.config) as other:
        for n in range(20):
            announce_now(a_case(because=str(n)))
        eventually(
            lambda: not Outbox.objects.filter(published_at__isnull=True).exists(), what="shipped"
        )
        # A relay counts what it shipped after it has marked it.
        eventually(lambda: one.published + other.published >= 20, what="counted")
        assert {one.published, other.published} == {0, 20}
    assert set(Outbox.objects.values_list("deliveries", flat=True)) == {1}


def test_the_second_relay_takes_over_when_the_first_ends(mortal_broker: MortalBroker) -> None:
    with relaying(mortal_broker.config) as first:
        announce_now(a_case())
        eventually(lambda: first.published == 1, what="the first ships")
        with relaying(mortal_broker.config) as second:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
                    # The cluster is shared with the databases of other workers.
                    " AND database ="
                    " (SELECT oid FROM pg_database WHERE datname = current_database())"
                    " AND pid <> pg_backend_pid()"
                )
            announce_now(a_case())
            eventually(lambda: first.published + second.published >= 2, what="one of them ships")


def test_once_says_new_only_once() -> None:
    event_id = new_id()
    answers = []
    for _ in range(3):
        with once(consumer="test", event_id=event_id) as is_new:
            answers.append(is_new)
    assert answers == [True, False, False]


def test_reconciliation_sends_again_only_what_somebody_lacks(listen: Listen) -> None:
    listen("reader", {CaseOpened: ignore})
    lacking, handled, buried = announce_now(a_case(), a_case(), a_case())
    with once(consumer="reader", event_id=handled):
        pass
    DeadLetter.objects.create(
        id=new_id(),
        consumer="reader",
        event_id=buried,
        topic="t",
        partition=0,
        offset=0,
        value_sha256=b"",
        error="",
        attempts=1,
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE events_outbox SET published_at = now() - interval '2 minutes', deliveries = 1"
        )
    assert reconcile() == 1
    assert Outbox.objects.get(published_at__isnull=True).event_id == lacking
    assert set(Outbox.objects.filter(settled=True).values_list("event_id", flat=True)) == {
        handled,
        buried,
    }
    assert reconcile() == 0


def test_a_consumer_that_is_only_behind_does_not_find_its_backlog_multiplied(
    listen: Listen,
) -> None:
    listen("reader", {CaseOpened: ignore})
    announce_now(a_case())
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE events_outbox SET published_at = now() - interval '2 minutes', deliveries = 3"
        )
    assert reconcile() == 0


def test_retention_removes_settled_events_and_keeps_what_is_owed(listen: Listen) -> None:
    listen("reader", {CaseDecided: ignore})
    settled, owed = announce_now(a_case(), a_case())
    with once(consumer="reader", event_id=settled):
        pass
    Outbox.objects.filter(event_id=settled).update(settled=True, published_at="2020-01-01T00:00Z")
    nothing = timedelta(0)
    assert retain(outbox=timedelta(days=1), inbox=nothing) == (1, 1, 0)
    assert Outbox.objects.get().event_id == owed


def test_a_database_that_goes_away_under_a_handler_costs_a_retry(
    mortal_broker: MortalBroker, listen: Listen, effects: Effects
) -> None:
    calls = []

    def lose_connection_once(event: CaseOpened, envelope: Envelope) -> None:
        calls.append(event.because)
        if len(calls) == 1:
            raise OperationalError("server closed the connection unexpectedly")
        effect(event.because)

    listener = listen("reader", {CaseOpened: lose_connection_once})
    announce_now(a_case(because="x"))
    with relaying(mortal_broker.config), consuming(mortal_broker.config, listener):
        eventually(lambda: effects() == ["x"], what="handled after the retry")
    assert not DeadLetter.objects.exists()
