"""One consumer at work: reads records, keeps their order, handles, retries, buries.

It is the `Worker` that a `streams.Consumer` feeds. Events without `prepare` are handled here,
many in one transaction. Events with `prepare` go to threads, one transaction each, or in groups
where their consumer says how.
"""

import logging
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from itertools import islice

from django.db import InterfaceError, OperationalError, close_old_connections

from tidegate.contracts.envelope import Unreadable, decode
from tidegate.events import dead_letters, handling
from tidegate.events.codec import event_of
from tidegate.events.handling import Arrived, GivenUp, Handled, Outcome, Waiting
from tidegate.events.lanes import Delivery, Lanes
from tidegate.events.registry import Listener
from tidegate.streams.consumer import Partition
from tidegate.streams.records import Incoming

logger = logging.getLogger(__name__)

_BATCH = 500
# As many as share the cost of what a group asks once; more would only make the first wait.
_GROUP = 32
_IDLE_MS, _BUSY_MS = 250, 15
_FINISH_SECONDS = 20.0


class Engine:
    """Everything between the records of one consumer and its handlers."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._types = listener.types
        self._lanes = Lanes()
        self._running: dict[Future[list[Outcome]], list[Delivery]] = {}
        self._pool = (
            ThreadPoolExecutor(listener.workers, thread_name_prefix=f"{listener.name}-prepare")
            if listener.prepares
            else None
        )
        self.handled = self.skipped = self.buried = 0

    def take(self, records: Sequence[Incoming]) -> None:
        for incoming in records:
            self._lanes.add(self._read(incoming))

    def work(self) -> None:
        self._collect()
        together: list[Delivery] = []
        to_prepare: list[Delivery] = []
        now = time.monotonic()
        for lane in self._lanes.heads(now):
            if self._is_prepared(lane[0]):
                to_prepare.append(lane[0])
            elif lane[0].problem:
                self._bury(lane[0], lane[0].problem)
            elif len(together) < _BATCH:
                together.extend(self._run_of(lane, now, _BATCH - len(together)))
        self._start(to_prepare)
        if together:
            self._handle(together)

    def wait_ms(self) -> int:
        wake = self._lanes.next_wake()
        longest = _BUSY_MS if self._running else _IDLE_MS
        if wake is None:
            return longest
        if self._is_saturated():
            return _BUSY_MS
        return max(0, min(longest, int((wake - time.monotonic()) * 1000) + 1))

    def backlog(self) -> int:
        return len(self._lanes)

    def done(self) -> Mapping[Partition, int]:
        return self._lanes.risen()

    def drop(self, partitions: Sequence[Partition] | None) -> None:
        self._lanes.drop(partitions)

    def finish(self) -> None:
        wait(self._running, timeout=_FINISH_SECONDS)
        self._collect()
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
        close_old_connections()

    def _read(self, incoming: Incoming) -> Delivery:
        """Decode a record; what cannot be read is kept as a problem, to be buried in its turn."""
        delivery = Delivery(incoming)
        try:
            delivery.envelope = decode(incoming.value)
            if delivery.envelope.type in self._types:
                delivery.event = event_of(delivery.envelope)
            else:
                delivery.is_done = True
                self.skipped += 1
        except Unreadable as error:
            delivery.problem = str(error)
        return delivery

    def _is_prepared(self, delivery: Delivery) -> bool:
        return type(delivery.event) in self._listener.prepares

    def _is_saturated(self) -> bool:
        return len(self._running) >= self._listener.workers

    def _run_of(self, lane: deque[Delivery], now: float, room: int) -> list[Delivery]:
        """Return the records at the front of a lane that can go into one transaction."""
        run: list[Delivery] = []
        for delivery in islice(lane, room):
            if delivery.problem or self._is_prepared(delivery) or delivery.not_before > now:
                break
            run.append(delivery)
        return run

    def _start(self, deliveries: Sequence[Delivery]) -> None:
        """Give the threads that are free their next work, in order."""
        free = self._listener.workers - len(self._running)
        if self._pool is None or not deliveries or free < 1:
            return
        # A few are shared among the threads, so that none waits for others without need.
        most = min(_GROUP, -(-len(deliveries) // free))
        for group in islice(self._grouped(deliveries, most), free):
            for delivery in group:
                delivery.is_running = True
            self._running[self._pool.submit(self._attend, group)] = group

    def _grouped(self, deliveries: Sequence[Delivery], most: int) -> Iterator[list[Delivery]]:
        """Yield what goes together; a group stands where the first of it stood."""
        left = dict.fromkeys(range(len(deliveries)))
        while left:
            first = deliveries[next(iter(left))]
            joining = [number for number in left if self._joins(deliveries[number], first)][:most]
            numbers = joining or [next(iter(left))]
            for number in numbers:
                del left[number]
            yield [deliveries[number] for number in numbers]

    def _joins(self, delivery: Delivery, first: Delivery) -> bool:
        group = self._listener.groups.get(type(first.event))
        return (
            group is not None
            and type(delivery.event) is type(first.event)
            and group.joins(first.event)
            and group.joins(delivery.event)
        )

    def _attend(self, group: list[Delivery]) -> list[Outcome]:
        """Run in a thread, which gives its connection back after every event or group."""
        close_old_connections()
        try:
            arrived = [_arrived(delivery) for delivery in group]
            if len(arrived) > 1:
                return handling.handle_group(self._listener, arrived)
            return [handling.handle_prepared(self._listener, arrived[0])]
        finally:
            close_old_connections()

    def _collect(self) -> None:
        for future in [future for future in self._running if future.done()]:
            for delivery, outcome in zip(self._running.pop(future), future.result(), strict=True):
                self._settle(delivery, outcome)

    def _handle(self, together: list[Delivery]) -> None:
        close_old_connections()
        outcomes = handling.handle_all(
            self._listener, [_arrived(delivery) for delivery in together]
        )
        for delivery, outcome in zip(together, outcomes, strict=True):
            self._settle(delivery, outcome)

    def _settle(self, delivery: Delivery, outcome: Outcome) -> None:
        match outcome:
            case Handled():
                self.handled += 1
                self._lanes.complete(delivery)
            case Waiting(seconds, None):
                delivery.not_before = time.monotonic() + seconds
            case Waiting(seconds, error):
                self._log_retry(delivery, seconds, error)
                self._lanes.postpone(delivery, until=time.monotonic() + seconds)
            case GivenUp(error):
                delivery.attempts += 1
                self._bury(delivery, error)

    def _bury(self, delivery: Delivery, error: Exception | str) -> None:
        if delivery.is_dropped:
            delivery.is_running = False
            return
        try:
            letter_id = dead_letters.bury(
                consumer=self._listener.name,
                incoming=delivery.record,
                envelope=delivery.envelope,
                error=error,
                attempts=delivery.attempts,
            )
        except (OperationalError, InterfaceError) as away:
            # The record is neither handled nor buried: it waits until the database is back.
            logger.warning("%s cannot bury a record: %s", self._listener.name, away)
            close_old_connections()
            self._lanes.postpone(delivery, until=time.monotonic() + 1.0)
            return
        self.buried += 1
        self._lanes.complete(delivery)
        logger.error(
            "%s gave up a record of %s[%s]@%s, dead letter %s: %s",
            self._listener.name,
            delivery.record.topic,
            delivery.record.partition,
            delivery.record.offset,
            letter_id,
            error,
        )

    def _log_retry(self, delivery: Delivery, seconds: float, error: Exception | None) -> None:
        """Log the first failure whole, and then one line for every doubling."""
        if delivery.attempts & (delivery.attempts - 1) == 0:
            logger.warning(
                "%s could not handle %s %s (attempt %s), again in %.1f s: %s",
                self._listener.name,
                delivery.envelope.type if delivery.envelope else "a record",
                delivery.envelope.id if delivery.envelope else "",
                delivery.attempts + 1,
                seconds,
                error,
                exc_info=error if delivery.attempts == 0 else None,
            )


def _arrived(delivery: Delivery) -> Arrived:
    if delivery.envelope is None:
        raise RuntimeError("a record without an envelope reached its handler")
    return Arrived(delivery.event, delivery.envelope, delivery.attempts, delivery.lane)
