"""When a policy on trial has gone astray."""

import pytest

from moderation.core.fuses import Limits, Rates, astray

LIMITS = Limits(
    verdicts=50,
    rulings=20,
    hold=0.5,
    block=0.5,
    unavailable=0.5,
    overturned=0.8,
    factor=2.0,
    margin=0.05,
    cases_an_hour=600.0,
)
CALM = Rates(verdicts=200, held=10, blocked=2, rulings=40, overturned=20)


@pytest.mark.parametrize(
    ("rates", "baseline", "found"),
    [
        (Rates(verdicts=100, held=10), None, []),
        (Rates(verdicts=49, held=49), None, []),
        (Rates(verdicts=100, held=80), None, ["held"]),
        (Rates(verdicts=100, held=55), None, []),
        (Rates(verdicts=100, blocked=80), None, ["blocked"]),
        (Rates(verdicts=100, unavailable=90), None, ["unavailable"]),
        (Rates(verdicts=100, held=30), CALM, ["held"]),
        (Rates(verdicts=100, held=12), CALM, []),
        (Rates(verdicts=100, held=80), Rates(verdicts=49, held=49), ["held"]),
        (Rates(verdicts=100, unavailable=90), Rates(verdicts=90, unavailable=80), []),
        (Rates(verdicts=100, rulings=100, overturned=95), None, ["overturned"]),
        (Rates(verdicts=100, rulings=19, overturned=19), None, []),
        (Rates(verdicts=100, rulings=40, overturned=38), CALM, []),
        (Rates(verdicts=100, cases_an_hour=601.0), None, ["601 cases"]),
        (Rates(verdicts=10, cases_an_hour=601.0), None, []),
        (Rates(), None, []),
    ],
)
def test_a_rate_is_outside_when_all_of_its_interval_is(
    rates: Rates, baseline: Rates | None, found: list[str]
) -> None:
    said = astray(rates, baseline, LIMITS)
    assert len(said) == len(found)
    assert all(one.startswith(word) for one, word in zip(said, found, strict=True))
