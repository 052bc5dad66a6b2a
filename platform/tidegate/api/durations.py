"""Durations in headers: `90`, `90s`, `5m`, `1h30m`."""

import re
from datetime import timedelta

from tidegate.primitives.errors import InvalidInput

_FORM = re.compile(
    r"(?:(?P<hours>\d{1,4})h)?(?:(?P<minutes>\d{1,6})m)?(?:(?P<seconds>\d{1,8})s?)?", re.ASCII
)
LONGEST = timedelta(days=7)


def read_duration(text: str, *, name: str) -> timedelta:
    """Read a duration: whole seconds, or hours, minutes and seconds with their letters.

    Raises:
        InvalidInput: it is none, or longer than seven days; the pointer is the header's name.
    """
    found = _FORM.fullmatch(text.strip())
    parts = {} if found is None else {k: int(v) for k, v in found.groupdict().items() if v}
    if not parts:
        raise InvalidInput(
            f"{name} is a duration such as 90, 90s, 5m or 1h30m.",
            code="invalid_duration",
            pointer=f"/{name}",
        )
    duration = timedelta(**parts)
    if duration > LONGEST:
        raise InvalidInput(
            f"{name} is at most seven days.", code="out_of_range", pointer=f"/{name}"
        )
    return duration
