"""How much reports count together."""

from datetime import UTC, datetime, timedelta

import pytest

from moderation.core.consequences import load
from moderation.core.reporting import Reported

WEIGHING = load().reports
AT = datetime(2026, 11, 1, 12, tzinfo=UTC)


def _report(
    *,
    reliability: float = 1.0,
    age_days: float = 100,
    organisations: tuple[str, ...] = (),
    note: str = "",
    minutes: float = 0,
) -> Reported:
    return Reported(
        reliability=reliability,
        account_age=timedelta(days=age_days),
        organisations=frozenset(organisations),
        note=note,
        at=AT + timedelta(minutes=minutes),
    )


@pytest.mark.parametrize(
    ("upheld", "rejected", "expected"),
    [(0, 0, 1.0), (6, 0, 1.6), (0, 4, 0.5), (0, 16, 0.2), (5, 5, 1.0)],
)
def test_a_record_is_the_posterior_mean_over_that_of_the_prior(
    upheld: int, rejected: int, expected: float
) -> None:
    assert WEIGHING.reliability(upheld=upheld, rejected=rejected) == pytest.approx(expected)


def test_strangers_add_up_in_full() -> None:
    reports = [_report(minutes=number, organisations=(str(number),)) for number in range(3)]
    assert WEIGHING.together(reports) == pytest.approx(3.0)


@pytest.mark.parametrize(
    "alike",
    [
        pytest.param({"organisations": ("a",)}, id="one organisation"),
        pytest.param({"note": "Take  THIS down now"}, id="the same words"),
    ],
)
def test_those_who_act_as_one_never_count_like_two(alike: dict[str, object]) -> None:
    crowd = [_report(**alike) for _ in range(50)]  # type: ignore[arg-type]  # the table's point
    assert WEIGHING.together(crowd[:2]) == pytest.approx(1.5)
    assert 1.9 < WEIGHING.together(crowd) < 2.0


def test_short_words_are_anybodys() -> None:
    assert WEIGHING.together([_report(note="spam"), _report(note="spam")]) == pytest.approx(2.0)


def test_new_accounts_count_less_and_in_a_burst_less_together() -> None:
    apart = [_report(age_days=1, minutes=60 * number) for number in range(4)]
    burst = [_report(age_days=1, minutes=number) for number in range(4)]
    assert WEIGHING.together(apart) == pytest.approx(2.0)
    assert WEIGHING.together(burst) == pytest.approx(0.9375)


def test_established_people_who_see_it_at_once_are_no_burst() -> None:
    assert WEIGHING.together([_report(), _report(minutes=1)]) == pytest.approx(2.0)


def test_links_reach_through_others_and_the_strongest_counts_in_full() -> None:
    first = _report(organisations=("a",), reliability=0.5)
    middle = _report(organisations=("a", "b"), reliability=0.2)
    last = _report(organisations=("b",), reliability=1.6)
    expected = 1.6 + 0.5 * 0.5 + 0.2 * 0.25
    for order in ([first, middle, last], [last, first, middle], [first, last, middle]):
        assert WEIGHING.together(order) == pytest.approx(expected)


def test_without_reports_there_is_no_weight() -> None:
    assert WEIGHING.together([]) == 0
