import numpy as np
import pytest

from recommendations.core.together import (
    BACKWARDS,
    FADING,
    WINDOW,
    Pair,
    Together,
    pairs_of,
    summed,
)


def test_a_deed_counts_itself_and_both_ways_less_the_further_back() -> None:
    pairs = summed(pairs_of("c", ["b", "a"]))
    assert pairs == {
        ("c", "c"): 1.0,
        ("b", "c"): 1.0,
        ("c", "b"): BACKWARDS,
        ("a", "c"): FADING,
        ("c", "a"): BACKWARDS * FADING,
    }


def test_the_same_thing_again_is_no_pair_and_old_things_are_forgotten() -> None:
    assert list(pairs_of("a", ["a"])) == [Pair("a", "a", 1.0)]
    assert len(list(pairs_of(-1, list(range(500))))) == 1 + 2 * WINDOW


def test_what_follows_often_is_scored_above_what_is_merely_common() -> None:
    together = Together(4)
    for _ in range(20):
        together.learn(0, [])
        together.learn(1, [0])
    for _ in range(60):
        together.learn(2, [3])
    scores = together.scores([0])
    assert scores.argmax() == 1
    assert scores[2] == 0
    assert scores[0] == 0
    assert together.counts.tolist() == [20, 20, 60, 0]


def test_somebody_new_gets_no_scores() -> None:
    assert not np.any(Together(3).scores([]))


def test_the_last_thing_counts_more_than_one_before() -> None:
    together = Together(4)
    for _ in range(5):
        together.learn(2, [0])
        together.learn(3, [1])
    scores = together.scores([0, 1])
    assert scores[2] > scores[3] > 0
    assert scores[3] / scores[2] == pytest.approx(FADING, rel=1e-5)
