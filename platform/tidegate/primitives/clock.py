"""The clock."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the time, aware and in UTC, to the microsecond (what PostgreSQL stores)."""
    return datetime.now(UTC)
