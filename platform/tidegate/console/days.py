"""Days as a form gives them."""

from datetime import UTC, datetime, time

from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from tidegate.primitives.errors import InvalidInput


def midnight(text: str) -> datetime | None:
    """Return when a day begins, in UTC; None for no day.

    Raises:
        InvalidInput: this is no date.
    """
    if not text.strip():
        return None
    try:
        day = parse_date(text.strip())
    except ValueError:
        day = None
    if day is None:
        raise InvalidInput(_("This is no date."), code="invalid_date")
    return datetime.combine(day, time(), UTC)
