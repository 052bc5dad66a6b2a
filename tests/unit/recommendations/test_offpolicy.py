"""Off-policy estimates, against a world whose truth is known."""

import math

import numpy as np
import pytest

from recommendations.core.offpolicy import ESTIMATORS, Logged, dr, ips, snips

CHOICES = 6
ROUNDS = 2_000
WORLDS = 200


def world(seed: int, *, predictions_off: float = 0.0, says: float = 1.0) -> tuple[Logged, float]:
    """Log one way of choosing and return what is known of it, and what another is truly worth.

    `predictions_off` makes the model wrong; `says` is what logged chances are multiplied by.
    """
    chance = np.random.default_rng(seed)
    likes = chance.uniform(0.05, 0.6, size=CHOICES)  # the truth: how often each is liked
    logging = chance.dirichlet(np.full(CHOICES, 3.0)) * 0.8 + 0.2 / CHOICES
    target = np.exp(4 * likes) / np.exp(4 * likes).sum()
    chosen = chance.choice(CHOICES, size=ROUNDS, p=logging)
    model = np.clip(likes + predictions_off, 0, 1)
    logged = Logged(
        reward=(chance.random(ROUNDS) < likes[chosen]).astype(np.float64),
        propensity=np.minimum(logging[chosen] * says, 1.0),
        target=target[chosen],
        predicted=model[chosen],
        expected=np.full(ROUNDS, float(target @ model)),
    )
    return logged, float(target @ likes)


@pytest.mark.parametrize("name", sorted(ESTIMATORS))
def test_on_average_the_truth_comes_out_and_intervals_hold_it(name: str) -> None:
    off, held = [], 0
    for seed in range(WORLDS):
        logged, truth = world(seed, predictions_off=0.1)
        found = ESTIMATORS[name](logged)
        off.append(found.value - truth)
        held += found.low <= truth <= found.high
    error = np.std(off) / math.sqrt(WORLDS)
    assert abs(np.mean(off)) < 4 * error  # no bias that 200 worlds would show
    assert held / WORLDS >= 0.9  # of intervals that promise 95 %


def test_a_good_model_makes_doubly_robust_surer_than_weighing_alone() -> None:
    wide, narrow = [], []
    for seed in range(WORLDS):
        logged, truth = world(seed)
        wide.append((ips(logged).value - truth) ** 2)
        narrow.append((dr(logged).value - truth) ** 2)
    assert np.mean(narrow) < 0.8 * np.mean(wide)


def test_propensities_that_are_wrong_by_a_factor_are_forgiven_by_all_but_ips() -> None:
    logged, truth = world(3, says=0.5)
    assert ips(logged).value > 1.8 * truth
    assert snips(logged).value == pytest.approx(truth, abs=0.05)
    assert dr(logged).value == pytest.approx(truth, abs=0.05)


def test_the_same_way_is_worth_what_was_seen() -> None:
    logged, _ = world(1)
    same = Logged(
        logged.reward, logged.propensity, logged.propensity, logged.predicted, logged.expected
    )
    assert ips(same).value == snips(same).value == pytest.approx(logged.reward.mean())
    assert ips(same).effective == pytest.approx(ROUNDS)


def test_what_was_never_tried_cannot_be_told() -> None:
    nothing = Logged(*(np.full(3, value) for value in (1.0, 0.5, 0.0, 0.2, 0.2)))
    assert math.isnan(snips(nothing).value)
    assert snips(nothing).effective == 0


@pytest.mark.parametrize(
    ("reward", "propensity", "target"),
    [([], [], []), ([1.0], [0.0], [0.5]), ([1.0], [0.5], [1.5]), ([1.0, 0.0], [0.5], [0.5])],
)
def test_chances_that_are_none_are_refused(
    reward: list[float], propensity: list[float], target: list[float]
) -> None:
    nothing = np.zeros(len(reward))
    with pytest.raises(ValueError, match=r"chance|propensity|one number"):
        Logged(np.array(reward), np.array(propensity), np.array(target), nothing, nothing)
