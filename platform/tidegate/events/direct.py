"""Sending past the outbox: for what is only noticed, comes in masses, and changes no row itself.

The broker's acknowledgement is waited for, briefly. Where it does not come, the same envelopes go
into the outbox: whichever way an event arrived, or both, its consumers take it once. Unlike an
event of the outbox, one that the broker acknowledged and then lost is lost.
"""

import logging
import os
import threading
import time
from collections.abc import Sequence

from django.db import transaction

from tidegate.contracts.envelope import CONTENT_TYPE, Event, wrap
from tidegate.events.kafka_settings import kafka_config
from tidegate.events.services import put_out
from tidegate.primitives.clock import now
from tidegate.primitives.correlation import correlation_id
from tidegate.primitives.ids import new_id
from tidegate.streams.producer import Producer
from tidegate.streams.records import BrokerAway, Outgoing, SendFailed

logger = logging.getLogger(__name__)

_PATIENCE_SECONDS = 1.0
_REST_SECONDS = 5.0
"""After a failure, so long nobody waits for the broker: everything goes by the outbox."""

_HEADERS = (("content-type", CONTENT_TYPE.encode()),)


class _Line:
    """This process's connection, shared by its threads; opened anew after a fork."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner = 0
        self._producer: Producer | None = None
        self._rests_until = 0.0

    def send(self, records: Sequence[Outgoing]) -> bool:
        """Return whether the broker has all of them."""
        if time.monotonic() < self._rests_until:
            return False
        with self._lock:
            if self._producer is None or self._owner != os.getpid():
                self._owner = os.getpid()
                self._producer = Producer(
                    kafka_config(), client_id="tidegate-direct", delivery_seconds=_PATIENCE_SECONDS
                )
            try:
                self._producer.send_all(records)
            except (BrokerAway, SendFailed) as error:
                logger.warning("the broker takes nothing directly, the outbox does: %s", error)
                self._producer.close()
                self._rests_until = time.monotonic() + _REST_SECONDS
                return False
        return True

    def close(self) -> None:
        with self._lock:
            if self._producer is not None and self._owner == os.getpid():
                self._producer.close()
            self._producer, self._rests_until = None, 0.0


_line = _Line()


def send(events: Sequence[Event]) -> bool:
    """Send events, in this order per key; return whether they went directly.

    False says that they lie in the outbox, committed: none is lost either way.
    """
    if not events:
        return True
    moment, correlation = now(), correlation_id()
    wrapped = [
        (wrap(event, event_id=new_id(), time=moment, correlation_id=correlation), event.TOPIC)
        for event in events
    ]
    records = [
        Outgoing(topic.value, envelope.subject.encode(), envelope.encode(), _HEADERS)
        for envelope, topic in wrapped
    ]
    if _line.send(records):
        return True
    with transaction.atomic():
        put_out(wrapped)
    return False


def close() -> None:
    """Drop this process's connection; a later `send` opens a new one."""
    _line.close()
