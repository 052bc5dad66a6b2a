"""One entry, one byte string: how values are serialised before they are hashed.

The form is JSON, UTF-8, keys sorted by code point, no spaces, no floats. JSON quotes and
escapes every string, so no two different entries share their bytes, whatever their lengths.
Strings are taken as they come: they are not normalised (NFC), since two texts that merely
look alike are two texts. A float is kept as the text Python prints for it ("0.25"): its
digits then survive every database and language unchanged.
"""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from hashlib import sha256
from typing import Any
from uuid import UUID

from tidegate.primitives.errors import InvalidInput

# One for all: `json.dumps` makes a new one for every value that it is given these with.
_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)

GENESIS = bytes(32)
"""The hash before a chain's first entry."""


def plain(value: Any) -> Any:
    """Return what is stored for a value: None, bool, int, str, lists and dicts of them.

    Raises:
        TypeError: for a value that has no agreed form (bytes, sets, objects).
        InvalidInput: for a text PostgreSQL cannot hold (NUL, lone surrogate).
    """
    match value:
        case Enum():
            stored = plain(value.value)
        case None | bool() | int():
            stored = value
        case str():
            stored = _text(value)
        case float():
            stored = repr(value)
        case UUID() | Decimal():
            stored = str(value)
        case datetime():
            stored = timestamp(value)
        case date():
            stored = value.isoformat()
        case Mapping():
            stored = {_text(str(plain(name))): plain(item) for name, item in value.items()}
        case list() | tuple():
            stored = [plain(item) for item in value]
        case _:
            raise TypeError(f"an audit entry cannot hold a {type(value).__name__}")
    return stored


def timestamp(moment: datetime) -> str:
    """Return an aware time as UTC text with exactly six decimals: what the database stores.

    Raises:
        ValueError: the time is naive.
    """
    if moment.tzinfo is None:
        raise ValueError("a naive time has no place in the trail")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def encode(document: Mapping[str, Any]) -> bytes:
    """Return the canonical bytes of a document that holds plain values only."""
    return dumped(document).encode()


def around(document: Mapping[str, Any], *missing: str) -> list[bytes]:
    """Return the canonical bytes before, between and after the values of some top-level names.

    With those values put between them, the pieces are what `encode` returns: whoever knows the
    values last, under a lock, needs not know how to serialise.
    """
    pieces, current = [], "{"
    for place, name in enumerate(sorted({*document, *missing})):
        current += f"{',' if place else ''}{dumped(name)}:"
        if name in missing:
            pieces.append(current.encode())
            current = ""
        else:
            current += dumped(document[name])
    return [*pieces, f"{current}}}".encode()]


def digest(document: Mapping[str, Any]) -> bytes:
    """Return the SHA-256 (32 bytes) of the canonical bytes."""
    return sha256(encode(document)).digest()


def dumped(value: Any) -> str:
    """Return the canonical text of a plain value."""
    return _ENCODER.encode(value)


def _text(value: str) -> str:
    if "\x00" in value:
        raise InvalidInput("A text holds a NUL character.", code="text_not_storable")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput("A text is not valid Unicode.", code="text_not_storable") from error
    return value
