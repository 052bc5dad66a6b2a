"""The relay: takes events from the outbox to the broker, in order, and never forgets one.

One relay per database is active, by a session lock; others wait. A relay may die at any
instruction: an event that went out and was not marked goes out again, and inboxes absorb it.
"""

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from uuid import UUID

import psycopg
from django.db import connections
from psycopg.rows import TupleRow

from tidegate.contracts.envelope import CONTENT_TYPE
from tidegate.contracts.topics import Topic
from tidegate.events import debts
from tidegate.events.services import CHANNEL
from tidegate.streams.cluster import Cluster, PartitionState
from tidegate.streams.config import KafkaConfig
from tidegate.streams.producer import Producer
from tidegate.streams.records import BrokerAway, Outgoing, Placed, SendFailed

logger = logging.getLogger(__name__)

_LOCK = 0x7469_6465_7265_6C61
"""The session lock's number ("tiderela"): one per database."""

_BATCH = 800
_SLOW_POLL_SECONDS = 0.5
# What comes alone goes out at once. In a steady stream the events of so long travel together: the
# ways of each batch through relay, broker and consumers cost more than the events in it.
_BREATH_SECONDS = 0.05
_GLANCE_SECONDS = 0.6
_LOOK_SECONDS = 5.0
_LONGEST_WAIT = 5.0
_HEADERS = (("content-type", CONTENT_TYPE.encode()),)

Row = tuple[int, str, str, bytes]
Connection = psycopg.Connection[TupleRow]


class Relay:
    """Ships the outbox of the default database until told to stop."""

    def __init__(self, config: KafkaConfig) -> None:
        self._producer = Producer(config, client_id="tidegate-relay")
        self._cluster = Cluster(config, client_id="tidegate-relay-watch")
        self._troubles = _Troubles()
        self._looked = self._glanced = 0.0
        self._identities: Mapping[str, UUID] = {}
        self.published = 0

    def run(self, stop: threading.Event) -> None:
        """Ship until `stop` is set. A database or broker that is away is waited for."""
        with self._producer, self._cluster:
            while not stop.is_set():
                try:
                    with closing(_connect()) as connection:
                        self._troubles.over("database")
                        if self._take_lock(connection, stop):
                            self._ship(connection, stop)
                except psycopg.OperationalError as error:
                    self._troubles.now("database", error)
                    stop.wait(1.0)

    def _take_lock(self, connection: Connection, stop: threading.Event) -> bool:
        """Wait until no other relay of this database is active; False when told to stop."""
        while not stop.is_set():
            row = connection.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK]).fetchone()
            if row and row[0]:
                self._troubles.over("lock")
                connection.execute(f"LISTEN {CHANNEL}".encode())
                return True
            self._troubles.now("lock", "another relay of this database is active")
            stop.wait(0.5)
        return False

    def _ship(self, connection: Connection, stop: threading.Event) -> None:
        wait = 0.2
        self._looked = 0.0
        while not stop.is_set():
            began = time.monotonic()
            try:
                self._watch(connection)
                shipped = self._ship_batch(connection)
                self._troubles.over("broker")
                if not shipped:
                    for _ in connection.notifies(timeout=_SLOW_POLL_SECONDS, stop_after=1):
                        pass
                elif shipped < _BATCH:
                    stop.wait(max(0.0, began + _BREATH_SECONDS - time.monotonic()))
                wait = 0.2
            except BrokerAway as error:
                self._troubles.now("broker", error)
                self._looked = 0.0
                stop.wait(wait)
                wait = min(wait * 2, _LONGEST_WAIT)

    def _ship_batch(self, connection: Connection) -> int:
        """Send the oldest events that are owed; return how many there were."""
        rows: list[Row] = connection.execute(
            "SELECT position, topic, key, value FROM events_outbox WHERE published_at IS NULL"
            " ORDER BY position LIMIT %s",
            [_BATCH],
            binary=True,
        ).fetchall()
        if not rows:
            return 0
        records = [
            Outgoing(topic, key.encode(), bytes(value), _HEADERS) for _, topic, key, value in rows
        ]
        try:
            placed = dict(enumerate(self._producer.send_all(records)))
        except SendFailed as error:
            self._mark(connection, rows, error.placed)
            raise
        self._mark(connection, rows, placed)
        self.published += len(placed)
        return len(rows)

    def _watch(self, connection: Connection) -> None:
        """See that the broker still has what it was given, before anything newer reaches it.

        Between two thorough looks a glance at the topics' identities is enough: it is one
        question, and a broker that came back empty has made its topics anew.
        """
        now = time.monotonic()
        if now - self._looked >= _LOOK_SECONDS:
            self._look(connection)
        elif now - self._glanced >= _GLANCE_SECONDS:
            if self._cluster.identities(Topic) != self._identities:
                self._look(connection)
            self._glanced = time.monotonic()

    def _look(self, connection: Connection) -> None:
        self._cluster.ensure_topics(Topic)
        states = self._cluster.partitions(Topic)
        marks = {
            (topic, partition): (end_offset, topic_id)
            for topic, partition, end_offset, topic_id in connection.execute(
                "SELECT topic, partition, end_offset, topic_id FROM events_partition_mark"
            )
        }
        lost = sorted(
            f"{topic}[{partition}]"
            for (topic, partition), mark in marks.items()
            if _is_lost(states.get((topic, partition)), *mark)
        )
        if lost:
            self._owe_again(connection, lost)
        if lost or any(_mark_of(state) != marks.get(place) for place, state in states.items()):
            _write_marks(connection, states)
        self._identities = {topic: state.topic_id for (topic, _), state in states.items()}
        self._looked = self._glanced = time.monotonic()

    def _owe_again(self, connection: Connection, lost: Sequence[str]) -> None:
        with connection.transaction():
            owed = connection.execute(debts.OWE_EVERYTHING_MISSING, debts.wanted()).rowcount
            connection.execute("DELETE FROM events_partition_mark")
        logger.warning(
            "the broker lost its memory (%s): %s events that somebody still lacks go out again",
            ", ".join(lost),
            owed,
        )

    def _mark(self, connection: Connection, rows: Sequence[Row], placed: dict[int, Placed]) -> None:
        """Note what went out, and where each partition has got to, in one transaction."""
        if not placed:
            return
        ends: dict[tuple[str, int], int] = {}
        for place in placed.values():
            if place.offset is not None:
                key = (place.topic, place.partition)
                ends[key] = max(place.offset, ends.get(key, -1))
        with connection.transaction():
            connection.execute(
                "UPDATE events_outbox o SET published_at = %s, partition = p.partition,"
                ' "offset" = p.place, deliveries = o.deliveries + 1'
                " FROM unnest(%s::bigint[], %s::int[], %s::bigint[])"
                " AS p (position, partition, place) WHERE o.position = p.position",
                [
                    datetime.now(UTC),
                    [rows[index][0] for index in placed],
                    [place.partition for place in placed.values()],
                    [place.offset for place in placed.values()],
                ],
            )
            fallen = connection.execute(
                "UPDATE events_partition_mark m SET last_offset = e.last_offset,"
                " updated_at = now() FROM unnest(%s::text[], %s::int[], %s::bigint[])"
                " AS e (topic, partition, last_offset), events_partition_mark old"
                " WHERE m.topic = e.topic AND m.partition = e.partition AND old.id = m.id"
                " RETURNING old.last_offset >= e.last_offset",
                [[t for t, _ in ends], [p for _, p in ends], list(ends.values())],
            ).fetchall()
        if any(row[0] for row in fallen):
            # It forgot between our last look and this batch: look again, and owe again.
            self._owe_again(connection, ["an offset that was given out before"])
            self._looked = 0.0


class _Troubles:
    """Logs a trouble when it begins and when it ends, not at every try."""

    def __init__(self) -> None:
        self._present: set[str] = set()

    def now(self, name: str, why: object) -> None:
        if name not in self._present:
            logger.warning("the relay waits for the %s: %s", name, why)
        self._present.add(name)

    def over(self, name: str) -> None:
        if name in self._present:
            logger.warning("the relay has the %s again", name)
        self._present.discard(name)


def _mark_of(state: PartitionState) -> tuple[int, UUID]:
    return (state.end_offset, state.topic_id)


def _is_lost(state: PartitionState | None, end_offset: int, topic_id: UUID) -> bool:
    return state is None or state.topic_id != topic_id or state.end_offset < end_offset


def _write_marks(connection: Connection, states: Mapping[tuple[str, int], PartitionState]) -> None:
    """Remember where every partition stands now; what was given out is kept beside it."""
    connection.execute(
        "INSERT INTO events_partition_mark AS m"
        " (topic, partition, end_offset, topic_id, last_offset)"
        " SELECT t.*, -1 FROM unnest(%s::text[], %s::int[], %s::bigint[], %s::uuid[]) AS t"
        " ON CONFLICT (topic, partition) DO UPDATE SET end_offset = EXCLUDED.end_offset,"
        " topic_id = EXCLUDED.topic_id, updated_at = now()",
        [
            [topic for topic, _ in states],
            [partition for _, partition in states],
            [state.end_offset for state in states.values()],
            [state.topic_id for state in states.values()],
        ],
    )


def _connect() -> Connection:
    """Open a connection of the relay's own: it holds the lock and hears the notifications."""
    known = {option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults()}
    parameters = connections["default"].get_connection_params()
    return psycopg.connect(
        **{name: value for name, value in parameters.items() if name in known},
        autocommit=True,
        application_name="tidegate relay",
    )
