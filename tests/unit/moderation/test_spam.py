"""Spam by behaviour: the same over and over, or far too much."""

import pytest

from moderation.core.spam import Earlier, Limits, judge

LIMITS = Limits(seconds=3_600, alike=11, requests=101)
LOOK = "0" * 64
NEAR = "0" * 60 + "ffff"
FAR = "f" * 64


@pytest.mark.parametrize(
    ("earlier", "score", "alike", "requests"),
    [
        ([], 0.0, 0, 1),
        ([Earlier("a", pdq=NEAR)], 0.1, 1, 2),
        ([Earlier("a", simhash=NEAR)], 0.1, 1, 2),
        ([Earlier("a", pdq=FAR, simhash=FAR)], 0.01, 0, 2),
        ([Earlier("a"), Earlier("a")], 0.01, 0, 2),
        ([Earlier("a", pdq=LOOK)] * 4, 0.1, 1, 2),
        ([Earlier("me", pdq=LOOK)] * 4, 0.0, 0, 1),
        ([Earlier(str(n), pdq=LOOK) for n in range(40)], 1.0, 40, 41),
        ([Earlier(str(n)) for n in range(75)], 0.75, 0, 76),
    ],
)
def test_requests_count_and_outputs_of_one_are_one(
    earlier: list[Earlier], score: float, alike: int, requests: int
) -> None:
    signal = judge(pdq=LOOK, simhash=LOOK, request="me", earlier=earlier, limits=LIMITS)
    assert signal.scores == {"spam": pytest.approx(score)}
    assert (signal.detail["alike"], signal.detail["requests"]) == (alike, requests)


def test_what_has_no_look_and_no_reading_is_like_nothing() -> None:
    earlier = [Earlier(str(n)) for n in range(5)]
    signal = judge(pdq="", simhash="", request="me", earlier=earlier, limits=LIMITS)
    assert signal.detail["alike"] == 0
