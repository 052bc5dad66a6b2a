"""Periods of whole months."""

from datetime import UTC, datetime

import pytest

from moderation.app.periods import period
from tidegate.primitives.errors import InvalidInput


def test_a_period_is_whole_months() -> None:
    asked = period("2026-11", "2027-01")
    assert asked.since == datetime(2026, 11, 1, tzinfo=UTC)
    assert asked.until == datetime(2027, 2, 1, tzinfo=UTC)
    assert (asked.first, asked.last) == ("2026-11", "2027-01")


def test_one_month_may_be_named_alone() -> None:
    asked = period("2026-02", "2026-02")
    assert (asked.until - asked.since).days == 28


def test_without_a_month_it_is_this_one() -> None:
    asked = period("", "")
    assert asked.first == asked.last
    assert asked.since.day == 1


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026-13", ""),
        ("2026", ""),
        ("yesterday", ""),
        ("2026-1", "2026-2"),
        ("2026-05", "2026-04"),
        ("2020-01", "2026-12"),
        ("2026-01", "\0"),
    ],
)
def test_what_is_no_period_is_refused(first: str, last: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        period(first, last)
    assert refused.value.code == "invalid_period"
