"""Who is in which arm, and how sure a difference is."""

import math
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from recommendations.core.experiments import Plan, Rate, gini, rate

KEY = UUID(int=7)
ARMS = {"bold": {"share": 0.2, "weights": {"like": 8}}, "shy": {"share": 0.3}}


def _name(plan: Plan, person: UUID) -> str:
    arm = plan.arm_of(person)
    return "holdout" if arm is None else arm.name


def test_people_are_divided_by_their_shares_and_stay_where_they_are() -> None:
    plan = Plan.load(KEY, ARMS)
    again = Plan.load(KEY, plan.document())
    people = [UUID(int=number) for number in range(20_000)]
    arms = [_name(plan, person) for person in people]
    assert [_name(again, person) for person in people] == arms
    assert arms.count("bold") / len(people) == pytest.approx(0.2, abs=0.01)
    assert arms.count("shy") / len(people) == pytest.approx(0.3, abs=0.01)


def test_another_experiment_divides_people_differently() -> None:
    one, other = Plan.load(KEY, ARMS), Plan.load(UUID(int=8), ARMS)
    people = [UUID(int=number) for number in range(10_000)]
    both = sum(
        one.arm_of(who) is one.arms[0] and other.arm_of(who) is other.arms[0] for who in people
    )
    assert both / len(people) == pytest.approx(0.04, abs=0.01)


@pytest.mark.parametrize(
    ("arms", "says"),
    [
        ([], "at least one arm"),
        ({"holdout": {"share": 0.1}}, "no name of an arm"),
        ({"a": {"share": 0}}, "between 0 and 1"),
        ({"a": {"share": True}}, "between 0 and 1"),
        ({"a": {"share": 0.1, "weight": {}}}, "nothing else"),
        ({"a": {"share": 0.1, "weights": {"buy": 1}}}, "no action is named 'buy'"),
        ({"a": {"share": 0.1, "weights": {"like": math.nan}}}, "is a number"),
        ({"a": {"share": 0.5}, "b": {"share": 0.5}}, "leave at least 0.05"),
    ],
)
def test_arms_that_make_no_sense_are_named(arms: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Plan.load(KEY, arms)


def test_intervals_hold_the_truth_where_people_differ_from_each_other() -> None:
    chance = np.random.default_rng(3)
    held = 0
    for _ in range(300):
        shown = chance.integers(1, 60, size=400)
        likes = chance.beta(1, 9, size=400)  # people who like much and people who like little
        found = rate(chance.binomial(shown, likes), shown)
        held += abs(found.value - 0.1) <= 1.96 * found.error
    assert 0.92 <= held / 300 <= 0.98


def test_a_difference_has_the_interval_of_both() -> None:
    gap, low, high = Rate(0.3, 0.03).less(Rate(0.2, 0.04))
    assert gap == pytest.approx(0.1)
    assert (high - low) / 2 == pytest.approx(1.96 * 0.05, abs=1e-3)


def test_nothing_shown_is_no_rate_of_zero() -> None:
    assert math.isnan(rate([], []).value)
    assert math.isnan(rate([1], [4]).error)


def test_gini_knows_equals_and_one_who_has_all() -> None:
    assert gini(np.ones(10)) == pytest.approx(0)
    assert gini(np.array([0.0] * 9 + [5.0])) == pytest.approx(0.9)
    assert gini(np.zeros(3)) == 0
