"""What the broker says about itself: which topics it has and where they end."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from kafka import KafkaAdminClient, OffsetSpec, TopicPartition
from kafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from tidegate.streams.config import KafkaConfig
from tidegate.streams.records import BrokerAway

logger = logging.getLogger(__name__)

_REPLY_MS = 4_000


@dataclass(frozen=True, slots=True)
class PartitionState:
    """A partition now. A topic that was made anew has another `topic_id`."""

    topic_id: UUID
    end_offset: int


class Cluster:
    """A view of the broker. Every method raises `BrokerAway` when it does not answer."""

    def __init__(self, config: KafkaConfig, *, client_id: str = "tidegate-cluster") -> None:
        self._config = config
        self._client_id = client_id
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

    def ensure_topics(self, topics: Iterable[str]) -> None:
        """Make the topics that are missing; two processes may do so at once."""
        wanted = set(topics)
        try:
            missing = wanted - set(self._connected().list_topics())
            for topic in sorted(missing):
                self._create(topic)
        except KafkaError as error:
            self.close()
            raise BrokerAway(f"the broker does not tell its topics: {error}") from error

    def identities(self, topics: Iterable[str]) -> Mapping[str, UUID]:
        """Return the topics that exist and their identities: one question, one answer."""
        try:
            return {
                topic["name"]: UUID(str(topic["topic_id"]))
                for topic in self._connected().describe_topics(sorted(set(topics)))
                if topic["error_code"] == 0
            }
        except KafkaError as error:
            self.close()
            raise BrokerAway(f"the broker does not tell its topics: {error}") from error

    def partitions(self, topics: Iterable[str]) -> Mapping[tuple[str, int], PartitionState]:
        """Return the state of every partition of those topics that exist."""
        try:
            described = [
                topic
                for topic in self._connected().describe_topics(sorted(set(topics)))
                if topic["error_code"] == 0
            ]
            identities = {
                TopicPartition(topic["name"], partition["partition_index"]): UUID(
                    str(topic["topic_id"])
                )
                for topic in described
                for partition in topic["partitions"]
            }
            if not identities:
                return {}
            ends = self._inner.list_partition_offsets(
                dict.fromkeys(identities, OffsetSpec.LATEST), timeout_ms=_REPLY_MS
            )
        except KafkaError as error:
            self.close()
            raise BrokerAway(f"the broker does not tell its offsets: {error}") from error
        return {
            (place.topic, place.partition): PartitionState(identity, ends[place].offset)
            for place, identity in identities.items()
            if place in ends
        }

    def forget_group(self, group: str) -> bool:
        """Delete a consumer group; False where the broker refuses (it still has live members)."""
        try:
            answer = self._connected().delete_groups([group])
        except KafkaError as error:
            logger.info("group %s could not be deleted: %s", group, error)
            self.close()
            return False
        return bool(answer.get(group) == "OK")

    def close(self) -> None:
        """Drop the connection."""
        inner, self._inner = self._inner, None
        if inner is not None:
            inner.close()

    def _create(self, topic: str) -> None:
        shape = {
            "num_partitions": self._config.partitions,
            "replication_factor": self._config.replication,
        }
        answer = self._connected().create_topics({topic: shape}, raise_errors=False)
        for created in answer["topics"]:
            if created["error_code"] not in (0, TopicAlreadyExistsError.errno):
                raise for_code(created["error_code"])(created["error_message"])

    def _connected(self) -> Any:
        if self._inner is None:
            self._inner = KafkaAdminClient(**self._config.client(self._client_id))
        return self._inner
