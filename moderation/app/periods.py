"""Periods of a report: whole months, in UTC."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from tidegate.primitives.clock import now
from tidegate.primitives.errors import InvalidInput

LONGEST_MONTHS: Final = 36
_MONTH: Final = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")
_MONTHS: Final = 12


@dataclass(frozen=True, slots=True)
class Period:
    """From the first day of a month to the last of the same or a later one."""

    first: str
    last: str
    since: datetime
    until: datetime


def period(first: str, last: str) -> Period:
    """Return the months from `first` to `last` ("2026-11"), this month where nothing is said.

    Raises:
        InvalidInput: no month, the last before the first, or more than three years.
    """
    begin = _index(first) if first else _index(f"{now():%Y-%m}")
    end = _index(last) if last else max(begin, _index(f"{now():%Y-%m}"))
    if not begin <= end < begin + LONGEST_MONTHS:
        raise InvalidInput(
            f"A period is 1 to {LONGEST_MONTHS} months, its last month not before its first.",
            code="invalid_period",
            pointer="/until",
        )
    return Period(_name(begin), _name(end), _start(begin), _start(end + 1))


def _index(month: str) -> int:
    found = _MONTH.fullmatch(month)
    if found is None:
        raise InvalidInput(
            "A month is written as 2026-11.", code="invalid_period", pointer="/since"
        )
    return int(found[1]) * _MONTHS + int(found[2]) - 1


def _name(index: int) -> str:
    return f"{index // _MONTHS:04d}-{index % _MONTHS + 1:02d}"


def _start(index: int) -> datetime:
    return datetime(index // _MONTHS, index % _MONTHS + 1, 1, tzinfo=UTC)
