"""Sending: idempotent, acknowledged by all replicas, in order per key."""

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from kafka import KafkaProducer
from kafka.errors import KafkaError

from tidegate.streams.config import KafkaConfig
from tidegate.streams.records import BrokerAway, Outgoing, Placed, SendFailed

_DELIVERY_SECONDS = 8.0
_SHARE_OF_ONE_REQUEST = 0.75
"""Of the time for a delivery, so that there is some left when the answer to a request is lost."""


class Producer:
    """Sends records in batches. After any failure the inner client is closed and made anew.

    An idempotent client that missed an answer, or met a broker that forgot it, cannot be
    trusted with the order any more; a new one gets a new producer id and starts clean.
    """

    def __init__(
        self,
        config: KafkaConfig,
        *,
        client_id: str = "tidegate-producer",
        delivery_seconds: float = _DELIVERY_SECONDS,
    ) -> None:
        self._config = config
        self._client_id = client_id
        self._delivery_seconds = delivery_seconds
        self._inner: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def send_all(self, records: Sequence[Outgoing]) -> list[Placed]:
        """Send records and wait until the broker has them; answers come in the same order.

        Raises:
            SendFailed: some were not taken; `placed` names those that were. A record behind a
                failed one of the same partition counts as not taken, so that sending the rest
                again keeps the order.
            BrokerAway: nothing was sent.
        """
        if not records:
            return []
        try:
            inner = self._connected()
            futures = [
                inner.send(
                    record.topic,
                    value=record.value,
                    key=record.key,
                    headers=list(record.headers),
                )
                for record in records
            ]
        except (KafkaError, ValueError, TypeError) as error:
            self.close()
            raise BrokerAway(f"the broker takes no records: {error}") from error
        placed: dict[int, Placed] = {}
        broken: set[tuple[str, int]] = set()
        failure: KafkaError | None = None
        for index, future in enumerate(futures):
            try:
                answer = future.get(timeout=self._delivery_seconds + 1)
            except KafkaError as error:
                failure = failure or error
                partition = future._produce_future.topic_partition  # noqa: SLF001 - public nowhere
                broken.add((partition.topic, partition.partition))
                continue
            if (answer.topic, answer.partition) not in broken:
                offset = answer.offset if answer.offset >= 0 else None
                placed[index] = Placed(answer.topic, answer.partition, offset)
        if failure is not None:
            self.close()
            raise SendFailed(f"the broker did not take every record: {failure}", placed)
        return [placed[index] for index in range(len(records))]

    def close(self) -> None:
        """Drop the connection; what was not acknowledged may or may not have arrived."""
        inner, self._inner = self._inner, None
        if inner is not None:
            inner.close(timeout=0)

    def _connected(self) -> Any:
        if self._inner is None:
            delivery_ms = int(self._delivery_seconds * 1000)
            waits = {
                "request_timeout_ms": int(delivery_ms * _SHARE_OF_ONE_REQUEST),
                "bootstrap_timeout_ms": min(5_000, delivery_ms),
            }
            self._inner = KafkaProducer(
                **{**self._config.client(self._client_id), **waits},
                acks="all",
                enable_idempotence=True,
                allow_auto_create_topics=False,
                max_block_ms=min(5_000, delivery_ms),
                delivery_timeout_ms=delivery_ms,
                linger_ms=0,
                batch_size=256 * 1024,
                max_request_size=4 * 1024 * 1024,
                metrics_enabled=False,
            )
        return self._inner
