"""Appending: in the change's transaction, without forks, without an off switch."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, connection, connections, transaction

from tests.integration.audit.support import append, verify
from tidegate.audit import canonical, services
from tidegate.audit.actions import Action
from tidegate.audit.models import Entry
from tidegate.audit.selectors import trail
from tidegate.audit.services import record
from tidegate.primitives.actor import Actor
from tidegate.primitives.correlation import bind
from tidegate.primitives.ids import new_id

pytestmark = pytest.mark.django_db(transaction=True)


def record_one(chain: str = "platform", **changes: str) -> Entry:
    return record(
        Action.KEY_ISSUED,
        chain=chain,
        actor=Actor.system("test"),
        subject_type="accounts.api_key",
        subject_id="1",
        **changes,  # type: ignore[arg-type]  # a test passes what it likes
    )


def test_recording_without_a_transaction_is_refused() -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        record_one()


def test_an_entry_of_a_rolled_back_change_never_existed() -> None:
    @transaction.atomic
    def change_mind() -> None:
        record_one()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change_mind()
    with transaction.atomic():
        assert record_one().seq == 1


def test_every_entry_follows_from_the_one_before() -> None:
    append(5)
    previous = canonical.GENESIS
    for number, entry in enumerate(Entry.objects.order_by("seq"), 1):
        assert entry.seq == number
        assert bytes(entry.prev_hash) == previous
        assert canonical.digest(entry.document()) == bytes(entry.hash)
        previous = bytes(entry.hash)


def test_chains_do_not_share_their_numbers() -> None:
    append(2, chain="organisation:a")
    append(1, chain="organisation:b")
    assert [entry.seq for entry in Entry.objects.filter(chain="organisation:b")] == [1]


def test_the_trail_of_a_subject_is_in_order_and_carries_the_correlation_id() -> None:
    correlation = new_id()
    with bind(correlation), transaction.atomic():
        record_one()
        record_one(reason="again")
    entries = list(trail("accounts.api_key", "1"))
    assert [entry.reason for entry in entries] == ["", "again"]
    assert {entry.correlation_id for entry in entries} == {correlation}


def test_a_hundred_appenders_at_once_make_one_chain() -> None:
    ready = threading.Barrier(100)

    def work(_: int) -> None:
        try:
            ready.wait()
            append(1, chain="organisation:busy")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(100) as pool:
        list(pool.map(work, range(100)))
    assert Entry.objects.filter(chain="organisation:busy").count() == 100
    assert "the audit trail verifies" in verify()


def test_a_clock_that_goes_back_does_not_disturb_the_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    append(1)
    monkeypatch.setattr(services, "now", lambda: datetime(1999, 12, 31, tzinfo=UTC))
    append(1)
    first, second = Entry.objects.order_by("seq")
    assert second.at < first.at
    assert "the audit trail verifies" in verify()


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit_entry SET reason = 'never said'",
        "UPDATE audit_entry SET seq = 99",
        "DELETE FROM audit_entry",
    ],
)
def test_the_database_refuses_to_change_or_remove_an_entry(sql: str) -> None:
    append(1)
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
    assert Entry.objects.get().reason == "harmless"


@pytest.mark.parametrize("table", ["audit_entry", "audit_checkpoint"])
def test_the_database_refuses_to_empty_a_table(table: str) -> None:
    # The test session itself switches this trigger off, to clean up between tests.
    on_and_empty = f"ALTER TABLE {table} ENABLE TRIGGER {table}_no_truncate; TRUNCATE {table}"
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(on_and_empty)


def test_a_forked_chain_is_refused_by_the_database() -> None:
    first, _ = append(2)
    with pytest.raises(IntegrityError, match="audit_entry_chain_never_forks"):
        Entry.objects.create(
            chain=first.chain,
            seq=99,
            at=first.at,
            action="asset.moved",
            actor_kind="system",
            subject_type="assets.asset",
            subject_id="1",
            correlation_id=new_id(),
            prev_hash=bytes(first.hash),
            hash=bytes(32),
        )
