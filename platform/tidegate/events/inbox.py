"""Exactly one effect per event: the marker and the effects commit together."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import transaction

from tidegate.primitives.statements import prepared


@contextmanager
def once(*, consumer: str, event_id: UUID) -> Iterator[bool]:
    """Open a transaction and say whether this event is new to this consumer.

    A crash inside replays the event; a redelivery after the commit finds the marker. Two at
    once: the second waits for the first to commit, then learns that the event is not new.
    """
    with transaction.atomic():
        yield bool(claim(consumer, [event_id]))


def claim(consumer: str, event_ids: list[UUID]) -> set[UUID]:
    """Mark events as handled in the current transaction; return those that were new."""
    with prepared() as cursor:
        cursor.execute(
            "INSERT INTO events_inbox (consumer, event_id)"
            " SELECT %s, id FROM unnest(%s::uuid[]) AS id"
            " ON CONFLICT DO NOTHING RETURNING event_id",
            [consumer, event_ids],
        )
        return {row[0] for row in cursor.fetchall()}


def give_back(consumer: str, event_ids: Collection[UUID]) -> None:
    """Take back the claims of events that are to be handled in a transaction of their own."""
    if not event_ids:
        return
    with prepared() as cursor:
        cursor.execute(
            "DELETE FROM events_inbox WHERE consumer = %s AND event_id = ANY(%s::uuid[])",
            [consumer, list(event_ids)],
        )
