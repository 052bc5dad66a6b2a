"""When a break is due, until when, and what ends a sitting."""

from datetime import UTC, datetime, timedelta

import pytest

from moderation.core.sittings import Break, Breaks, Sitting, due_break, seated

NINE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HOUR = Breaks(work=timedelta(minutes=60), exposures=30, rest=timedelta(minutes=10))


def after(minutes: float) -> datetime:
    return NINE + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("active", "at", "exposures", "because"),
    [
        (59, 59.99, 29, ""),
        (59, 60, 29, "time"),
        (59, 60, 30, "exposures"),
        (5, 6, 29, ""),
        (5, 6, 30, "exposures"),
        (5, 6, 31, "exposures"),
        (60, 69.99, 0, "time"),
        # Ten minutes without a case are the break, taken before it was due or after.
        (60, 70, 0, ""),
        (60, 70, 99, ""),
        (50, 60, 99, ""),
        (51, 60, 0, "time"),
    ],
)
def test_a_break_is_due_at_a_limit_and_over_after_a_rest(
    active: float, at: float, exposures: int, because: str
) -> None:
    due = due_break(Sitting(NINE, after(active)), exposures=exposures, at=after(at), breaks=HOUR)
    assert (due.because if due else "") == because
    if due:
        assert due.until == after(active + 10)


def test_whoever_never_sat_down_needs_no_break() -> None:
    assert due_break(None, exposures=99, at=NINE, breaks=HOUR) is None


@pytest.mark.parametrize(
    ("breaks", "expected"),
    [
        (Breaks(timedelta(), 0, timedelta(minutes=10)), None),
        (Breaks(timedelta(), 30, timedelta(minutes=10)), "exposures"),
        (Breaks(timedelta(minutes=60), 0, timedelta(minutes=10)), "time"),
    ],
)
def test_a_limit_of_nothing_is_none(breaks: Breaks, expected: str | None) -> None:
    due = due_break(Sitting(NINE, after(600)), exposures=900, at=after(600), breaks=breaks)
    assert (due.because if due else None) == expected


def test_to_finish_what_one_holds_makes_the_break_end_later() -> None:
    sitting = seated(Sitting(NINE, after(60)), after(64), HOUR)
    assert sitting == Sitting(NINE, after(64))
    assert due_break(sitting, exposures=0, at=after(70), breaks=HOUR) == Break(after(74), "time")


@pytest.mark.parametrize(
    ("at", "began"), [(69.99, 0), (70, 70), (400, 400)], ids=["goes on", "rested", "next shift"]
)
def test_a_sitting_goes_on_until_somebody_rested(at: float, began: float) -> None:
    assert seated(Sitting(NINE, after(60)), after(at), HOUR) == Sitting(after(began), after(at))


def test_a_clock_that_goes_back_does_not_shorten_a_sitting() -> None:
    assert seated(Sitting(NINE, after(30)), after(20), HOUR) == Sitting(NINE, after(30))
