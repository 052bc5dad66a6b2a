"""From bytes to events: strict about what is there, indifferent to what a later version adds."""

import json
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tidegate.contracts.catalogue import EVENTS
from tidegate.contracts.envelope import Envelope, Unreadable

BY_TYPE: dict[str, type[Any]] = {event.TYPE: event for event in EVENTS}


def event_of(envelope: Envelope) -> Any:
    """Build the event dataclass that an envelope carries.

    Raises:
        Unreadable: the type is unknown, or a field is missing or of another type.
    """
    if envelope.type not in BY_TYPE:
        raise Unreadable(f"no event is called {envelope.type!r}")
    try:
        # Strict JSON mode takes a UUID from a string, but no number from one.
        return adapter(envelope.type).validate_json(json.dumps(envelope.data), strict=True)
    except ValidationError as error:
        wrong = "; ".join(
            f"data.{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()
        )
        raise Unreadable(f"{envelope.type}: {wrong}") from error


@cache
def adapter(event_type: str) -> TypeAdapter[Any]:
    """Return the validator of one event type."""
    return TypeAdapter(BY_TYPE[event_type])
