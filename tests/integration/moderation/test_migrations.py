"""What the migrations make of rows that were there before."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE, AFTER = "0001_first_tables", "0002_hashes_stand_in_banks"


def migrate(name: str) -> None:
    MigrationExecutor(connection).migrate([("moderation", name)])


def newest() -> None:
    """Go to the last migration: the tests after this one need every table as it is today."""
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes("moderation"))


def test_hash_entries_move_into_the_bank_of_their_effect_and_back() -> None:
    migrate(BEFORE)
    try:
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO moderation_hash_entry (id, kind, value, effect, hazard, reason)"
                " VALUES (gen_random_uuid(), 'pdq', %s, %s, '', 'known')",
                [("a" * 64, "block"), ("b" * 64, "hold"), ("c" * 64, "allow")],
            )
        migrate(AFTER)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT left(entry.value, 1), bank.name, bank.effect, bank.enabled_share"
                " FROM moderation_hash_entry AS entry"
                " JOIN moderation_hash_bank AS bank ON bank.id = entry.bank_id ORDER BY 1"
            )
            moved = cursor.fetchall()
        migrate(BEFORE)
        with connection.cursor() as cursor:
            cursor.execute("SELECT left(value, 1), effect FROM moderation_hash_entry ORDER BY 1")
            back = cursor.fetchall()
            cursor.execute("DELETE FROM moderation_hash_entry")
    finally:
        newest()
    assert moved == [
        ("a", "block", "block", 1.0),
        ("b", "hold", "hold", 1.0),
        ("c", "allow", "allow", 1.0),
    ]
    assert back == [("a", "block"), ("b", "hold"), ("c", "allow")]
