"""Identifiers."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a UUIDv7: unique everywhere, and rising with time, which keeps indexes compact."""
    return uuid7()
