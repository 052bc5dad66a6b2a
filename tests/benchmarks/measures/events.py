"""Exactly-once events over plain kafka-python, on the same broker, with the same records.

The platform's side is the real commands: the stack's relay, and `consume bench` with a handler
that does nothing. The events are announced in one transaction, so all of them are owed at one
moment; the clock runs from its commit until the last one is in the consumer's inbox. The plain
side produces the same keys, values and headers and consumes them: one after the other in one
process, and at the same time in two, the broker's best case.
"""

import multiprocessing
import time
from collections.abc import Sequence
from multiprocessing.synchronize import Barrier as BarrierType
from uuid import UUID

from django.db import connection, transaction
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from tests.benchmarks.figures import Result, Target, median
from tests.benchmarks.probe.apps import CONSUMER
from tests.benchmarks.stand import Stand
from tidegate.contracts.envelope import CONTENT_TYPE
from tidegate.contracts.generation import JobQueued
from tidegate.events.kafka_settings import kafka_config
from tidegate.events.processes import quieten_clients
from tidegate.events.services import announce_all
from tidegate.primitives.ids import new_id
from tidegate.stack.processes import wait_for
from tidegate.streams.cluster import Cluster
from tidegate.streams.config import KafkaConfig

_EVENTS = 20_000
_ROUNDS = 3
_CHUNK = 1_000
_PATIENCE_SECONDS = 180.0
_TOPIC = "bench.plain"
_HEADERS = [("content-type", CONTENT_TYPE.encode())]

Record = tuple[bytes, bytes]


def measure(stand: Stand) -> Result:
    """Return events per second of both sides, medians of the rounds, taking turns."""
    quieten_clients()
    config = kafka_config()
    result = Result("events")
    rates: dict[str, list[float]] = {"ours": [], "in_turn": [], "at_once": [], "announce": []}
    with stand.process("bench-consumer", "-m", "django", "consume", CONSUMER):
        _warm_up()
        for index in range(_ROUNDS):
            correlation = new_id()
            rates["announce"].append(_EVENTS / _announce(correlation, _EVENTS))
            rates["ours"].append(_EVENTS / _until_handled(correlation, _EVENTS))
            records = _records(correlation)
            topic = f"{_TOPIC}.{time.time_ns()}.{index}"
            with Cluster(config) as cluster:
                cluster.ensure_topics([f"{topic}.a", f"{topic}.b"])
            in_turn = _produce(config, f"{topic}.a", records) + _consume(
                config, f"{topic}.a", len(records)
            )
            rates["in_turn"].append(_EVENTS / in_turn)
            rates["at_once"].append(_EVENTS / _at_once(config, f"{topic}.b", records))
            result.figures["record_bytes"] = sum(len(v) for _, v in records) / len(records)
    result.figures |= {
        "events_count": _EVENTS,
        "announced_per_s": median(rates["announce"]),
        "exactly_once_events_per_s": median(rates["ours"]),
        "plain_events_per_s": median(rates["in_turn"]),
        "plain_concurrent_events_per_s": median(rates["at_once"]),
        "events_ratio": median(rates["ours"]) / median(rates["in_turn"]),
        "events_ratio_to_concurrent": median(rates["ours"]) / median(rates["at_once"]),
    }
    result.targets = [
        Target(
            "exactly-once events over plain produce + consume (ratio)",
            0.30,
            result.figures["events_ratio"],
            at_least=True,
        )
    ]
    return result


def _warm_up() -> None:
    """Wait until the consumer has joined its group and handled what there was before."""
    correlation = new_id()
    _announce(correlation, _CHUNK)
    _until_handled(correlation, _CHUNK)


def _announce(correlation: UUID, how_many: int) -> float:
    """Announce events in one transaction; return how long that took."""
    organisation, project, person = new_id(), new_id(), new_id()
    began = time.perf_counter()
    with transaction.atomic():
        for start in range(0, how_many, _CHUNK):
            announce_all(
                [
                    JobQueued(new_id(), organisation, project, person, "smollm2-135m", "text")
                    for _ in range(start, min(start + _CHUNK, how_many))
                ],
                correlation_id=correlation,
            )
    return time.perf_counter() - began


def _until_handled(correlation: UUID, how_many: int) -> float:
    """Return the seconds from now until the consumer's inbox holds all of them."""
    began = time.perf_counter()

    def is_done() -> bool:
        # Asking costs the database something too, so not at every 50 ms of the wait.
        time.sleep(0.1)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM events_outbox o JOIN events_inbox i USING (event_id)"
                " WHERE o.correlation_id = %s AND i.consumer = %s",
                [correlation, CONSUMER],
            )
            row = cursor.fetchone()
        return row is not None and row[0] == how_many

    if not wait_for(is_done, seconds=_PATIENCE_SECONDS):
        raise RuntimeError(f"{how_many} events did not arrive in {_PATIENCE_SECONDS:.0f} s")
    return time.perf_counter() - began


def _records(correlation: UUID) -> list[Record]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT key, value FROM events_outbox WHERE correlation_id = %s ORDER BY position",
            [correlation],
        )
        return [(key.encode(), bytes(value)) for key, value in cursor.fetchall()]


def _produce(config: KafkaConfig, topic: str, records: Sequence[Record]) -> float:
    producer = KafkaProducer(bootstrap_servers=list(config.bootstrap_servers), acks="all")
    producer.partitions_for(topic)
    began = time.perf_counter()
    for key, value in records:
        producer.send(topic, value=value, key=key, headers=_HEADERS)
    producer.flush()
    taken = time.perf_counter() - began
    producer.close()
    return taken


def _consume(config: KafkaConfig, topic: str, how_many: int) -> float:
    consumer = _reader(config, topic)
    began = time.perf_counter()
    for count, _ in enumerate(consumer, start=1):
        if count == how_many:
            break
    taken = time.perf_counter() - began
    consumer.close()
    return taken


def _reader(config: KafkaConfig, topic: str) -> KafkaConsumer:
    """Return a consumer without a group: a plain reader need not wait for one to form."""
    consumer = KafkaConsumer(
        bootstrap_servers=list(config.bootstrap_servers),
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)]
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    return consumer


def _at_once(config: KafkaConfig, topic: str, records: Sequence[Record]) -> float:
    """Return the seconds for producing here while another process consumes."""
    # Forked, this process's database connection and threads would be in both.
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(2)
    reader = context.Process(target=_read_all, args=(config, topic, len(records), together))
    reader.start()
    together.wait(_PATIENCE_SECONDS)
    began = time.perf_counter()
    _produce(config, topic, records)
    reader.join(_PATIENCE_SECONDS)
    taken = time.perf_counter() - began
    if reader.exitcode != 0:
        raise RuntimeError(f"the plain reader ended with {reader.exitcode}")
    return taken


def _read_all(config: KafkaConfig, topic: str, how_many: int, together: BarrierType) -> None:
    consumer = _reader(config, topic)
    together.wait(_PATIENCE_SECONDS)
    for count, _ in enumerate(consumer, start=1):
        if count == how_many:
            return
