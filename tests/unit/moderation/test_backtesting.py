from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from moderation.core.backtesting import Backtest, Stored, again
from moderation.core.decisions import Verdict
from moderation.core.intervals import wilson
from moderation.core.policy import Policy, load, parse


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load()


@pytest.fixture(scope="module")
def stricter(policy: Policy) -> Policy:
    usual = "hate: {hold_at: 0.80"
    assert usual in policy.source
    return parse(policy.source.replace(usual, "hate: {hold_at: 0.30"))


def finding(policy: Policy, **scores: float) -> dict[str, Any]:
    """What is kept of a text whose detector gave these scores."""
    every = dict.fromkeys(policy.detectors["text_hazards"], 0.0) | scores
    return {
        "surface": "text",
        "text": "words",
        "verdict": "release",
        "words": [],
        "signals": [
            {
                "detector": "text_hazards",
                "version": "text_hazards@1",
                "scores": every,
                "text": None,
                "error": None,
                "language": None,
                "detail": {},
            }
        ],
    }


def stored(
    *findings: Mapping[str, Any], verdict: Verdict = Verdict.RELEASE, harmful: bool | None = None
) -> Stored:
    return Stored("1", "a", verdict, findings, (), harmful)


@pytest.mark.parametrize(
    ("successes", "count", "low", "high"),
    # Published examples of the score interval, rounded to three places.
    [(0, 10, 0.0, 0.278), (8, 10, 0.490, 0.943), (10, 10, 0.722, 1.0), (50, 100, 0.404, 0.596)],
)
def test_an_interval_is_that_of_wilson(successes: int, count: int, low: float, high: float) -> None:
    found = wilson(successes, count)
    assert found is not None
    assert (round(found.low, 3), round(found.high, 3)) == (low, high)
    assert found.value == successes / count


def test_of_nothing_there_is_no_share() -> None:
    assert wilson(0, 0) is None


@pytest.mark.parametrize(
    ("score", "now", "then"),
    [(0.1, Verdict.RELEASE, Verdict.RELEASE), (0.4, Verdict.HOLD, Verdict.RELEASE)],
)
def test_stored_signals_are_decided_again(
    policy: Policy, stricter: Policy, score: float, now: Verdict, then: Verdict
) -> None:
    kept = stored(finding(policy, hate=score))
    for one, verdict in ((stricter, now), (policy, then)):
        decision = again(one, kept)
        assert decision is not None
        assert decision.verdict is verdict


def test_list_and_hash_hits_count_again(policy: Policy) -> None:
    word = finding(policy) | {"words": [{"term": "x", "hazard": "hate", "severity": "severe"}]}
    decision = again(policy, stored(word))
    assert decision is not None
    assert decision.verdict is Verdict.BLOCK
    hit = {"surface": "text", "kind": "sha256", "effect": "hold", "value": "ab", "distance": 0}
    decision = again(policy, Stored("1", "a", Verdict.RELEASE, (finding(policy),), (hit,), None))
    assert decision is not None
    assert decision.verdict is Verdict.HOLD


def test_a_detector_that_was_not_asked_then_makes_it_unavailable(policy: Policy) -> None:
    decision = again(policy, stored(finding(policy) | {"signals": []}))
    assert decision is not None
    assert decision.verdict is Verdict.UNAVAILABLE


def test_what_kept_no_signals_stays_what_it_was(stricter: Policy) -> None:
    backtest = Backtest(stricter)
    assert backtest.add(stored(verdict=Verdict.HOLD)) is Verdict.HOLD
    assert (backtest.decisions, backtest.changed, backtest.not_repeatable) == (1, 0, 1)


def test_moves_cases_and_people_are_counted(policy: Policy, stricter: Policy) -> None:
    backtest = Backtest(stricter, most_examples=1)
    for hate, harmful in ((0.4, True), (0.4, False), (0.1, True), (0.1, None)):
        backtest.add(stored(finding(policy, hate=hate), harmful=harmful))
    assert backtest.moves == {
        (Verdict.RELEASE, Verdict.HOLD): 2,
        (Verdict.RELEASE, Verdict.RELEASE): 2,
    }
    assert backtest.changed == 2
    assert backtest.waiting == (0, 2)
    assert (backtest.then.recall, backtest.then.precision) == (wilson(0, 2), None)
    assert (backtest.now.recall, backtest.now.precision) == (wilson(1, 2), wilson(1, 2))
    (example,) = backtest.examples
    assert example.because == ("score_hold hate 0.40",)
