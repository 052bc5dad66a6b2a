"""What the migrations make of rows that were there before."""

from pathlib import Path

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

import moderation.app.migrations

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE, AFTER = "0001_first_tables", "0002_hashes_stand_in_banks"
NEWEST = Path(moderation.app.migrations.__file__).with_name("max_migration.txt").read_text().strip()


def migrate(name: str) -> None:
    MigrationExecutor(connection).migrate([("moderation", name)])


def migrate_to_the_last() -> None:
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
        migrate_to_the_last()
    assert moved == [
        ("a", "block", "block", 1.0),
        ("b", "hold", "hold", 1.0),
        ("c", "allow", "allow", 1.0),
    ]
    assert back == [("a", "block"), ("b", "hold"), ("c", "allow")]


def test_what_came_from_the_policy_file_is_active_or_retired() -> None:
    migrate("0003_films_are_listed_by_their_pictures")
    try:
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO moderation_policy_version (id, version, source, active, activated_at)"
                " VALUES (gen_random_uuid(), %s, 'text', %s, now())",
                [("a" * 64, True), ("b" * 64, False)],
            )
        migrate("0005_policies_have_a_life")
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT left(version, 1), state, origin, active, state_since IS NOT NULL"
                " FROM moderation_policy_version ORDER BY 1"
            )
            moved = cursor.fetchall()
            # What the release before writes is still taken.
            cursor.execute(
                "INSERT INTO moderation_policy_version (id, version, source, active)"
                " VALUES (gen_random_uuid(), %s, 'text', false)",
                ["c" * 64],
            )
            cursor.execute("DELETE FROM moderation_policy_version")
    finally:
        migrate_to_the_last()
    assert moved == [("a", "active", "file", True, True), ("b", "retired", "file", False, True)]
