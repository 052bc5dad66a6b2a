"""Appending, tampering and verifying, as the tests of the trail need it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from tidegate.audit.actions import Action
from tidegate.audit.models import Entry
from tidegate.audit.services import record
from tidegate.primitives.actor import Actor


def append(count: int = 1, *, chain: str = "organisation:a") -> list[Entry]:
    """Append entries, each in a transaction of its own."""
    made = []
    for number in range(count):
        with transaction.atomic():
            made.append(
                record(
                    Action.ASSET_MOVED,
                    chain=chain,
                    actor=Actor("staff", "7", "Ada"),
                    subject_type="assets.asset",
                    subject_id=str(number),
                    before={"state": "held"},
                    after={"state": "released", "score": 0.125, "说明": "没问题"},
                    reason="harmless",
                )
            )
    return made


@contextmanager
def no_triggers() -> Iterator[None]:
    """Be the database's owner: nothing stops you from rewriting history."""
    tables = ("audit_entry", "audit_checkpoint")
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_append_only")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {table}_append_only")


def tamper(sql: str, *parameters: object) -> None:
    """Change the trail behind everybody's back."""
    with no_triggers(), connection.cursor() as cursor:
        cursor.execute(sql, parameters or None)  # type: ignore[arg-type]  # a test's own values


def verify(*arguments: str) -> str:
    """Run the command and return what it printed; a broken trail raises CommandError."""
    out = StringIO()
    call_command("audit_verify", *arguments, stdout=out)
    return out.getvalue()


def complaint(*arguments: str) -> str:
    """Run the command, which must fail, and return all it said."""
    out = StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("audit_verify", *arguments, stdout=out)
    return f"{caught.value}\n{out.getvalue()}"
