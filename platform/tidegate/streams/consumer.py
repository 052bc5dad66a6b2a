"""Receiving: one member of a consumer group, with offsets committed after the work is done.

The loop polls even while work is slow or waits to be retried, so the group never takes it for
dead. It survives rebalances, broker restarts and a broker that forgot everything.
"""

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

from kafka import ConsumerRebalanceListener, KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.coordinator.base import MemberState
from kafka.errors import KafkaError

from tidegate.streams.cluster import Cluster
from tidegate.streams.config import KafkaConfig
from tidegate.streams.records import BrokerAway, Incoming

logger = logging.getLogger(__name__)

Partition = tuple[str, int]
"""Topic and partition number."""

_COMMIT_SECONDS = 0.25
_WATCH_SECONDS = 5.0
_BATCH = 500
_FULL, _ROOM = 2_000, 1_000


class Worker(Protocol):
    """What does something with the records. Called from one thread; every call returns soon."""

    def take(self, records: Sequence[Incoming]) -> None:
        """Accept records, in order per partition."""

    def work(self) -> None:
        """Do what can be done now."""

    def wait_ms(self) -> int:
        """Return how long the loop may wait for new records before it calls `work` again."""

    def backlog(self) -> int:
        """Return how many records were taken and are not done."""

    def done(self) -> Mapping[Partition, int]:
        """Return the next offset to read per partition, where it rose since the last call."""

    def drop(self, partitions: Sequence[Partition] | None) -> None:
        """Forget what is not done of these partitions (None: of all); it will come again."""

    def finish(self) -> None:
        """Wait for what is under way, begin nothing new."""


class Consumer:
    """One member of `group`, reading `topics` from the earliest record it has not committed."""

    def __init__(self, config: KafkaConfig, *, group: str, topics: Sequence[str]) -> None:
        self._config = config
        self._group = group
        self._topics = tuple(topics)
        self._reach = _Reach(group)

    def run(self, worker: Worker, stop: threading.Event) -> None:
        """Feed the worker until `stop` is set, then finish, commit and leave the group.

        A broker that is away is waited for; it is logged once when it goes and once when it
        returns.
        """
        wait = 0.5
        while not stop.is_set():
            session = _Session(self._config, self._group, self._topics, self._reach)
            try:
                session.open()
                self._reach.found()
                wait = 0.5
                session.run(worker, stop)
            except (BrokerAway, KafkaError) as error:
                self._reach.lost(error)
                worker.drop(None)
                stop.wait(wait)
                wait = min(wait * 2, 5.0)
            finally:
                session.close()


class _Reach:
    """Whether the broker can be reached: logged when it changes, not at every try."""

    def __init__(self, group: str) -> None:
        self._group = group
        self._is_lost = False

    def lost(self, error: Exception) -> None:
        if not self._is_lost:
            logger.warning("consumer %s lost the broker: %s", self._group, error)
        self._is_lost = True

    def found(self) -> None:
        if self._is_lost:
            logger.warning("consumer %s found the broker again", self._group)
        self._is_lost = False


class _Session:
    """One life of the inner client, from subscription to the first thing it cannot survive."""

    def __init__(
        self, config: KafkaConfig, group: str, topics: Sequence[str], reach: _Reach
    ) -> None:
        self._config = config
        self._group = group
        self._reach = reach
        self._group_id = f"tidegate.{group}"
        self._topics = topics
        self._cluster = Cluster(config, client_id=f"tidegate-{group}-watch")
        self._revoked = _Revoked()
        self._inner: Any = None
        self._identities: Mapping[str, UUID] = {}
        self._pending: dict[Partition, int] = {}
        self._is_paused = self._is_stuck = False
        self._last_commit = self._last_watch = self._last_joined = time.monotonic()

    def open(self) -> None:
        self._cluster.ensure_topics(self._topics)
        self._identities = self._cluster.identities(self._topics)
        self._inner = KafkaConsumer(
            **self._config.client(f"tidegate-{self._group}"),
            group_id=self._group_id,
            session_timeout_ms=self._config.session_timeout_ms,
            heartbeat_interval_ms=self._config.session_timeout_ms // 4,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            allow_auto_create_topics=False,
            fetch_max_wait_ms=self._config.fetch_wait_ms,
            max_partition_fetch_bytes=4 * 1024 * 1024,
            metadata_max_age_ms=10_000,
            metrics_enabled=False,
        )
        self._inner.subscribe(list(self._topics), listener=self._revoked)

    def run(self, worker: Worker, stop: threading.Event) -> None:
        while not stop.is_set():
            found = self._inner.poll(timeout_ms=worker.wait_ms(), max_records=_BATCH)
            if revoked := self._revoked.take():
                worker.drop(revoked)
                for partition in revoked:
                    self._pending.pop(partition, None)
            if found:
                worker.take([_incoming(record) for part in found.values() for record in part])
            worker.work()
            self._commit(worker, now=time.monotonic())
            self._breathe(worker)
            self._watch(worker, now=time.monotonic())
        worker.finish()
        self._last_commit = 0.0
        self._commit(worker, now=time.monotonic())
        self._end_join()

    def close(self) -> None:
        """Leave. A group that does not form is deleted, and every member joins it afresh.

        The embedded broker waits for ever for a leader that vanished while a group was forming.
        A broker that knows its members better refuses, and then nothing is lost by asking.
        """
        if self._inner is not None:
            self._inner.close(autocommit=False, timeout_ms=1_500)
        if self._is_stuck:
            deleted = self._cluster.forget_group(self._group_id)
            logger.warning("group %s did not form; deleted: %s", self._group_id, deleted)
        self._cluster.close()

    def _commit(self, worker: Worker, *, now: float) -> None:
        """Commit what is done. A commit that fails costs a redelivery, which the inbox absorbs."""
        self._pending.update(worker.done())
        if not self._pending or now - self._last_commit < _COMMIT_SECONDS:
            return
        self._last_commit = now
        owned = self._inner.assignment()
        offsets = {
            TopicPartition(*partition): OffsetAndMetadata(offset, "", -1)
            for partition, offset in self._pending.items()
            if TopicPartition(*partition) in owned
        }
        self._pending.clear()
        if not offsets:
            return
        try:
            self._inner.commit(offsets, timeout_ms=3_000)
        except KafkaError as error:
            logger.info("consumer %s could not commit: %s", self._group, error)

    def _breathe(self, worker: Worker) -> None:
        """Stop fetching when the worker has plenty, and go on when it has room again."""
        backlog = worker.backlog()
        if not self._is_paused and backlog >= _FULL:
            self._inner.pause(*self._inner.assignment())
            self._is_paused = True
        elif self._is_paused and backlog <= _ROOM:
            self._inner.resume(*self._inner.paused())
            self._is_paused = False

    def _watch(self, worker: Worker, *, now: float) -> None:
        """Every few seconds, see that the topics are those we knew and that we are in the group.

        A broker that is away is no reason to leave: the client finds it again by itself, and a
        group that is left while it forms may never form. A topic with another identity is a
        broker without memory: offsets mean nothing there, so everything is read from the
        beginning, and the inbox passes over what it knows.
        """
        if now - self._last_watch < _WATCH_SECONDS:
            return
        self._last_watch = now
        try:
            self._cluster.ensure_topics(self._topics)
            identities = self._cluster.identities(self._topics)
        except BrokerAway as error:
            self._reach.lost(error)
            self._last_joined = time.monotonic()
            return
        self._reach.found()
        if identities != self._identities:
            self._start_over(worker, identities)
        if self._is_member():
            self._last_joined = now
        elif now - self._last_joined > 2 * self._config.session_timeout_ms / 1000:
            self._is_stuck = True
            raise BrokerAway("the group does not form")

    def _start_over(self, worker: Worker, identities: Mapping[str, UUID]) -> None:
        logger.warning("consumer %s starts over: its topics were made anew", self._group)
        self._identities = identities
        worker.drop(None)
        self._pending.clear()
        if assigned := self._inner.assignment():
            self._inner.seek_to_beginning(*assigned)

    def _is_member(self) -> bool:
        return bool(self._inner.group_metadata().state is MemberState.STABLE)

    def _end_join(self) -> None:
        """Let a join in progress end before leaving: see `close`."""
        end = time.monotonic() + self._config.session_timeout_ms / 1000
        while not self._is_member() and self._inner.subscription() and time.monotonic() < end:
            self._inner.pause(*self._inner.assignment())
            self._inner.poll(timeout_ms=100)


class _Revoked(ConsumerRebalanceListener):  # type: ignore[misc]  # kafka-python is untyped
    """Notes lost partitions from the client's thread, for the loop to pick up.

    Nothing blocking may happen here. Work under way on a lost partition goes on: its inbox row
    decides, in the database, whether it or the new owner comes first.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._partitions: set[Partition] = set()

    def on_partitions_revoked(self, revoked: Any) -> None:
        with self._lock:
            self._partitions.update((item.topic, item.partition) for item in revoked)

    def on_partitions_assigned(self, assigned: Any) -> None:
        logger.info("assigned %s", sorted(f"{item.topic}[{item.partition}]" for item in assigned))

    def take(self) -> list[Partition]:
        with self._lock:
            taken, self._partitions = self._partitions, set()
        return sorted(taken)


def _incoming(record: Any) -> Incoming:
    return Incoming(record.topic, record.partition, record.offset, record.key, record.value)
