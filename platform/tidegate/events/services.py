"""Announcing: the event is a row that commits with the change it tells of."""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from tidegate.contracts.envelope import Envelope, Event, wrap
from tidegate.contracts.topics import Topic
from tidegate.primitives.clock import now
from tidegate.primitives.correlation import correlation_id as current_correlation_id
from tidegate.primitives.ids import new_id
from tidegate.primitives.statements import prepared

CHANNEL = "tidegate_outbox"
"""The PostgreSQL channel that wakes the relay when the transaction commits."""

_INSERT = f"""
WITH announced AS (
    INSERT INTO events_outbox (event_id, type, topic, key, value, correlation_id)
    SELECT * FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::bytea[], %s::uuid[])
)
SELECT pg_notify('{CHANNEL}', '')
"""  # noqa: S608 - the channel is our own constant


def announce(event: Event, *, correlation_id: UUID | None = None) -> UUID:
    """Put one event into the outbox of the current transaction and return its id.

    Raises:
        RuntimeError: there is no transaction, so the event could tell of what never happened.
    """
    return announce_all([event], correlation_id=correlation_id)[0]


def announce_all(events: Sequence[Event], *, correlation_id: UUID | None = None) -> list[UUID]:
    """Put several events into the outbox, in this order, with one statement.

    Raises:
        RuntimeError: as `announce`.
    """
    correlation = correlation_id or current_correlation_id()
    return announce_each([(event, correlation) for event in events])


def announce_each(events: Sequence[tuple[Event, UUID]]) -> list[UUID]:
    """Put several events, each with its correlation id, into the outbox, with one statement.

    Raises:
        RuntimeError: as `announce`.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("announce() must share the transaction of the change it tells of")
    if not events:
        return []
    time = now()
    wrapped = [
        (wrap(event, event_id=new_id(), time=time, correlation_id=correlation), event.TOPIC)
        for event, correlation in events
    ]
    put_out(wrapped)
    return [envelope.id for envelope, _ in wrapped]


def put_out(wrapped: Sequence[tuple[Envelope, Topic]]) -> None:
    """Put envelopes that are made already into the outbox of the current transaction."""
    with prepared() as cursor:
        cursor.execute(
            _INSERT,
            [
                [envelope.id for envelope, _ in wrapped],
                [envelope.type for envelope, _ in wrapped],
                [topic.value for _, topic in wrapped],
                [envelope.subject for envelope, _ in wrapped],
                [envelope.encode() for envelope, _ in wrapped],
                [envelope.correlation_id for envelope, _ in wrapped],
            ],
        )
