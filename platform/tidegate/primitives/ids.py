"""Identifiers."""

from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a UUIDv7: unique everywhere, and rising with time, which keeps indexes compact."""
    return uuid7()


def least_id_at(moment: datetime) -> UUID:
    """Return the least identifier that `new_id` can give from a moment on (RFC 9562, 5.7).

    What has no index of its time is found by its primary key so; clocks of machines differ a
    little.
    """
    return UUID(int=int(moment.timestamp() * 1000) << 80)
