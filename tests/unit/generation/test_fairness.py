"""Turns between organisations."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.core.fairness import take_turn


def serve(waiting: dict[str, int], *, costs: dict[str, int], weights: dict[str, int]) -> list[str]:
    """Serve everything as the queue does: the smallest effective time first."""
    clock, times, order = 0.0, dict[str, float](), list[str]()
    while any(waiting.values()):
        chosen = min(
            (name for name in waiting if waiting[name]),
            key=lambda name: (max(times.get(name, clock), clock), name),
        )
        turn = take_turn(
            own=times.get(chosen), clock=clock, cost=costs[chosen], weight=weights[chosen]
        )
        times[chosen], clock = turn.finish, turn.start
        waiting[chosen] -= 1
        order.append(chosen)
    return order


def test_equal_organisations_alternate_whatever_their_backlog() -> None:
    order = serve({"a": 50, "b": 3}, costs={"a": 1, "b": 1}, weights={"a": 1, "b": 1})
    assert order[:6] == ["a", "b", "a", "b", "a", "b"]


def test_a_costly_job_uses_up_several_turns() -> None:
    order = serve({"a": 10, "b": 40}, costs={"a": 4, "b": 1}, weights={"a": 1, "b": 1})
    assert Counter(order[:20]) == {"a": 4, "b": 16}


def test_weights_divide_the_service() -> None:
    order = serve({"a": 60, "b": 60}, costs={"a": 1, "b": 1}, weights={"a": 3, "b": 1})
    assert Counter(order[:40]) == {"a": 30, "b": 10}


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 30), min_size=1),
    st.integers(1, 5),
)
def test_nobody_starves_and_nobody_is_ahead_by_more_than_a_turn(
    waiting: dict[str, int], cost: int
) -> None:
    order = serve(
        dict(waiting), costs=dict.fromkeys(waiting, cost), weights=dict.fromkeys(waiting, 1)
    )
    assert Counter(order) == waiting
    left, served = dict(waiting), Counter[str]()
    for name in order:
        served[name] += 1
        left[name] -= 1
        still = [served[other] for other in waiting if left[other]]
        if still:
            assert max(still) - min(still) <= 1


def test_who_was_away_starts_at_the_clock() -> None:
    assert take_turn(own=2.0, clock=100.0, cost=1, weight=1).start == 100.0
    assert take_turn(own=101.0, clock=100.0, cost=1, weight=1).start == 101.0


@pytest.mark.parametrize(("cost", "weight"), [(0, 1), (1, 0), (-1, 1)])
def test_a_turn_without_cost_or_weight_is_refused(cost: int, weight: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        take_turn(own=None, clock=0, cost=cost, weight=weight)
