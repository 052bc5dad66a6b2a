"""The CloudEvents 1.0 envelope that carries every event.

Source: CloudEvents specification 1.0.2, JSON event format; the Kafka record value is the
structured-mode document, the extension attributes are `correlationid` and `partitionkey`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Protocol, runtime_checkable
from uuid import UUID

from tidegate.contracts.topics import Topic

SPEC_VERSION = "1.0"
CONTENT_TYPE = "application/cloudevents+json"
SOURCE = "/tidegate"


class Unreadable(ValueError):
    """A record that is no event of ours: no JSON, no CloudEvent, or a field missing or wrong."""


@runtime_checkable
class Event(Protocol):
    """What every event dataclass offers: its versioned type, its topic and its ordering key."""

    TYPE: ClassVar[str]
    TOPIC: ClassVar[Topic]

    def key(self) -> str:
        """Return the partition key: events with one key are delivered in order."""
        ...


@dataclass(frozen=True, slots=True)
class Envelope:
    """One CloudEvent. `data` is plain JSON; `time` is aware UTC."""

    id: UUID
    type: str
    subject: str
    time: datetime
    correlation_id: UUID
    data: Mapping[str, Any]
    source: str = SOURCE

    def encode(self) -> bytes:
        """Return the structured-mode JSON document as UTF-8 bytes."""
        return json.dumps(
            {
                "specversion": SPEC_VERSION,
                "id": str(self.id),
                "source": self.source,
                "type": self.type,
                "subject": self.subject,
                "time": self.time.astimezone(UTC).isoformat(timespec="microseconds"),
                "datacontenttype": "application/json",
                "correlationid": str(self.correlation_id),
                "partitionkey": self.subject,
                "data": self.data,
            },
            separators=(",", ":"),
            ensure_ascii=False,
        ).encode()


def wrap(event: Event, *, event_id: UUID, time: datetime, correlation_id: UUID) -> Envelope:
    """Put an event dataclass into an envelope."""
    return Envelope(
        id=event_id,
        type=event.TYPE,
        subject=event.key(),
        time=time,
        correlation_id=correlation_id,
        data=_plain(event),
    )


def decode(value: bytes | None) -> Envelope:
    """Read a record's value.

    Raises:
        Unreadable: naming the field that is missing or wrong.
    """
    try:
        document = json.loads(value or b"")
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise Unreadable(f"the record is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise Unreadable("the record is JSON but not an object")
    if document.get("specversion") != SPEC_VERSION:
        raise Unreadable(
            f"specversion must be {SPEC_VERSION!r}, not {document.get('specversion')!r}"
        )
    for field in ("id", "type", "subject", "time", "correlationid"):
        if not isinstance(document.get(field), str) or not document[field]:
            raise Unreadable(f"{field} is missing or not a string")
    if not isinstance(document.get("data"), dict):
        raise Unreadable("data is missing or not an object")
    try:
        time = datetime.fromisoformat(document["time"])
        identifier, correlation = UUID(document["id"]), UUID(document["correlationid"])
    except ValueError as error:
        raise Unreadable(f"id, correlationid or time cannot be read: {error}") from error
    if time.tzinfo is None:
        raise Unreadable("time carries no offset")
    return Envelope(
        id=identifier,
        type=document["type"],
        subject=document["subject"],
        time=time,
        correlation_id=correlation,
        data=document["data"],
        source=str(document.get("source", "")),
    )


def _plain(value: Any) -> Any:
    """Turn UUIDs, times, enums and tuples into what JSON knows."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, UUID):
        return str(value)
    if is_dataclass(value):
        # Not `asdict`, which copies every value before it is changed here.
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return value
