"""Events about the streams themselves."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from tidegate.contracts.topics import Topic


@dataclass(frozen=True, slots=True)
class DeadLetterRecorded:
    """A consumer gave up a record; the table of dead letters holds it whole.

    `value_base64` is the record's value, or empty when it is longer than 64 KiB; `value_bytes`
    and `value_sha256` (hexadecimal) always describe it.
    """

    TYPE: ClassVar[str] = "tidegate.dead-letter.recorded.v1"
    TOPIC: ClassVar[Topic] = Topic.DEAD_LETTERS

    letter_id: UUID
    consumer: str
    event_id: UUID | None
    event_type: str
    topic: str
    partition: int
    offset: int
    error: str
    value_bytes: int
    value_sha256: str
    value_base64: str

    def key(self) -> str:
        """Order per consumer."""
        return self.consumer
