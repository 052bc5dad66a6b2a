"""What happens to one event or to a batch: claim, handle, commit, all or nothing."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db import InterfaceError, OperationalError, transaction

from tidegate.contracts.envelope import Envelope
from tidegate.events import inbox
from tidegate.events.errors import CannotHeal, RetryLater
from tidegate.events.registry import Listener
from tidegate.primitives import correlation
from tidegate.primitives.errors import Unavailable
from tidegate.primitives.statements import prepared

logger = logging.getLogger(__name__)

TRIES = 5
"""How often an event is tried when its handler fails in a way that nobody promised to heal."""

_LONGEST_WAIT = 30.0


@dataclass(frozen=True, slots=True)
class Arrived:
    """An event that was read, and how often it was tried before. `lane` is its order."""

    event: Any
    envelope: Envelope
    attempts: int
    lane: object


@dataclass(frozen=True, slots=True)
class Handled:
    """The effects are committed, now or by an earlier delivery."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """To be tried again in `seconds`. `error` is None where an earlier event of its key waits."""

    seconds: float
    error: Exception | None


@dataclass(frozen=True, slots=True)
class GivenUp:
    """To be buried."""

    error: Exception


Outcome = Handled | Waiting | GivenUp


def handle_all(listener: Listener, arrived: Sequence[Arrived]) -> list[Outcome]:
    """Handle a batch in one transaction; when that fails, handle its events one by one.

    One by one, whatever cannot be handled holds the later events of its lane only.
    """
    try:
        _handle_together(listener, arrived)
    except Exception as error:  # noqa: BLE001 - classified, then retried or buried, never lost
        if len(arrived) == 1 or isinstance(error, OperationalError | InterfaceError):
            return [judge(error, one.attempts) for one in arrived]
    else:
        return [Handled() for _ in arrived]
    outcomes: list[Outcome] = []
    held: set[object] = set()
    for one in arrived:
        outcome: Outcome
        if one.lane in held:
            outcome = Waiting(0.0, None)
        else:
            outcome = handle_all(listener, [one])[0]
            if not isinstance(outcome, Handled):
                held.add(one.lane)
        outcomes.append(outcome)
    return outcomes


def handle_prepared(listener: Listener, one: Arrived) -> Outcome:
    """Prepare one event outside any transaction, then handle it inside one."""
    event, envelope = one.event, one.envelope
    try:
        with correlation.bind(envelope.correlation_id):
            if is_settled(listener.name, envelope.id):
                return Handled()
            prepared = listener.prepares[type(event)](event, envelope)
            with transaction.atomic():
                if _claim(listener.name, [envelope.id]):
                    listener.handlers[type(event)](event, envelope, prepared)
    except Exception as error:  # noqa: BLE001 - classified, then retried or buried, never lost
        return judge(error, one.attempts)
    return Handled()


def judge(error: Exception, attempts: int) -> Outcome:
    """Say what an error means for an event that was tried `attempts` times before."""
    match error:
        case CannotHeal():
            return GivenUp(error)
        case RetryLater():
            return Waiting(error.seconds, error)
        case OperationalError() | InterfaceError() | Unavailable():
            return Waiting(_pause(attempts), error)
        case _ if attempts + 1 >= TRIES:
            return GivenUp(error)
        case _:
            return Waiting(_pause(attempts), error)


def is_settled(consumer: str, event_id: UUID) -> bool:
    """Whether this consumer handled the event, or gave it up and nobody asked for a replay."""
    with prepared() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM events_inbox WHERE consumer = %(consumer)s"
            " AND event_id = %(event)s) OR EXISTS (SELECT FROM events_dead_letter"
            " WHERE consumer = %(consumer)s AND event_id = %(event)s AND state = 'open')",
            {"consumer": consumer, "event": event_id},
        )
        row = cursor.fetchone()
    return bool(row and row[0])


def _handle_together(listener: Listener, arrived: Sequence[Arrived]) -> None:
    with transaction.atomic():
        fresh = _claim(listener.name, [one.envelope.id for one in arrived])
        for kind, group in groupby(_once_each(arrived, fresh), key=lambda one: type(one.event)):
            run = list(group)
            batch = listener.batches.get(kind)
            if batch is not None:
                batch([(one.event, one.envelope) for one in run])
                continue
            for one in run:
                with correlation.bind(one.envelope.correlation_id):
                    listener.handlers[kind](one.event, one.envelope)


def _once_each(arrived: Sequence[Arrived], fresh: set[UUID]) -> Iterator[Arrived]:
    """Yield the events that are new, the first delivery only where a batch holds two."""
    left = set(fresh)
    for one in arrived:
        if one.envelope.id in left:
            left.remove(one.envelope.id)
            yield one


def _claim(consumer: str, event_ids: list[UUID]) -> set[UUID]:
    """Claim events that are not buried, and close the letters whose replay this is."""
    with prepared() as cursor:
        cursor.execute(
            "SELECT event_id, state FROM events_dead_letter"
            " WHERE consumer = %s AND event_id = ANY(%s) AND state <> 'resolved'",
            [consumer, event_ids],
        )
        letters: dict[UUID, str] = dict(cursor.fetchall())
        buried = {event_id for event_id, state in letters.items() if state == "open"}
        fresh = inbox.claim(consumer, [one for one in event_ids if one not in buried])
        if replayed := letters.keys() - buried:
            cursor.execute(
                "UPDATE events_dead_letter SET state = 'resolved'"
                " WHERE consumer = %s AND event_id = ANY(%s)",
                [consumer, list(replayed)],
            )
    return fresh


def _pause(attempts: int) -> float:
    return min(_LONGEST_WAIT, 0.5 * 2.0 ** min(attempts, 10))
