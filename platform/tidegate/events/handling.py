"""What happens to one event or to a batch: claim, handle, commit, all or nothing."""

import logging
from collections.abc import Collection, Iterator, Sequence
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
Ready = tuple[Arrived, object]
"""An event with what was prepared for it."""


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
            if settled(listener.name, [envelope.id]):
                return Handled()
            prepared = listener.prepares[type(event)](event, envelope)
    except Exception as error:  # noqa: BLE001 - classified, then retried or buried, never lost
        return judge(error, one.attempts)
    return _handle_alone(listener, one, prepared)


def handle_group(listener: Listener, arrived: Sequence[Arrived]) -> list[Outcome]:
    """Prepare events of one type together and handle them in one transaction, as far as may be.

    They are of different lanes. Each that fails, or is left over, is handled alone, so none holds
    another.
    """
    if len(arrived) == 1:
        return [handle_prepared(listener, arrived[0])]
    try:
        outcomes, ready = _prepare_group(listener, arrived)
    except (OperationalError, InterfaceError) as away:
        return [judge(away, one.attempts) for one in arrived]
    except Exception:
        logger.warning(
            "%s could not prepare %s at once", listener.name, len(arrived), exc_info=True
        )
        return [handle_prepared(listener, one) for one in arrived]
    if ready:
        outcomes |= _handle_ready(listener, ready)
    return [outcomes[one.envelope.id] for one in arrived]


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


def settled(consumer: str, event_ids: Sequence[UUID]) -> set[UUID]:
    """Return those that this consumer handled, or gave up and nobody asked for a replay."""
    with prepared() as cursor:
        cursor.execute(
            "SELECT event_id FROM events_inbox"
            " WHERE consumer = %(consumer)s AND event_id = ANY(%(events)s)"
            " UNION ALL SELECT event_id FROM events_dead_letter"
            " WHERE consumer = %(consumer)s AND event_id = ANY(%(events)s) AND state = 'open'",
            {"consumer": consumer, "events": list(event_ids)},
        )
        return {row[0] for row in cursor.fetchall()}


def _prepare_group(
    listener: Listener, arrived: Sequence[Arrived]
) -> tuple[dict[UUID, Outcome], list[Ready]]:
    """Return what is known of those that are done or failed, and the others with what they need."""
    done = settled(listener.name, [one.envelope.id for one in arrived])
    outcomes: dict[UUID, Outcome] = {event_id: Handled() for event_id in done}
    fresh = [one for one in arrived if one.envelope.id not in done]
    if not fresh:
        return outcomes, []
    group = listener.groups[type(fresh[0].event)]
    results = group.prepare([(one.event, one.envelope) for one in fresh])
    ready: list[Ready] = []
    for one, result in zip(fresh, results, strict=True):
        if isinstance(result, Exception):
            outcomes[one.envelope.id] = judge(result, one.attempts)
        else:
            ready.append((one, result))
    return outcomes, ready


def _handle_ready(listener: Listener, ready: Sequence[Ready]) -> dict[UUID, Outcome]:
    """Handle what was prepared in one transaction, and what must go alone after it."""
    group = listener.groups[type(ready[0][0].event)]
    left: Collection[UUID] = [one.envelope.id for one, _ in ready]
    try:
        with transaction.atomic():
            # In the order of their ids: another process may have some of the same.
            fresh = _claim(listener.name, sorted(left))
            left = group.handle(
                [
                    (one.event, one.envelope, result)
                    for one, result in ready
                    if one.envelope.id in fresh
                ]
            )
            inbox.give_back(listener.name, left)
    except (OperationalError, InterfaceError) as away:
        return {one.envelope.id: judge(away, one.attempts) for one, _ in ready}
    except Exception:
        # One of them, or the group itself: alone, each shows what it is worth.
        logger.warning("%s could not handle %s events", listener.name, len(ready), exc_info=True)
        left = [one.envelope.id for one, _ in ready]
    alone = frozenset(left)
    return {
        one.envelope.id: _handle_alone(listener, one, result)
        if one.envelope.id in alone
        else Handled()
        for one, result in ready
    }


def _handle_alone(listener: Listener, one: Arrived, result: object) -> Outcome:
    event, envelope = one.event, one.envelope
    try:
        with correlation.bind(envelope.correlation_id), transaction.atomic():
            if _claim(listener.name, [envelope.id]):
                listener.handlers[type(event)](event, envelope, result)
    except Exception as error:  # noqa: BLE001 - classified, then retried or buried, never lost
        return judge(error, one.attempts)
    return Handled()


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
