from __future__ import annotations

import numpy as np
import pytest

from tests.benchmarks.moderation.curves import (
    Estimate,
    best_within,
    estimates,
    flags,
    ranking,
)


def once(items: int) -> np.ndarray:
    return np.ones((1, items))


def ranked(scores: list[float], truth: list[bool]) -> dict[str, float]:
    found = ranking(np.array(scores), np.array(truth), once(len(scores)))
    return {name: float(value[0]) for name, value in found.items()}


@pytest.mark.parametrize(
    ("scores", "truth", "auprc", "auroc", "at_rare"),
    [
        ([0.9, 0.8, 0.3, 0.1], [True, True, False, False], 1.0, 1.0, 1.0),
        # Steps: precision 1/1, 1/2, 2/3 with recall 1/2, 1/2, 1; of four pairs three are in order.
        ([0.9, 0.7, 0.6, 0.2], [True, False, True, False], (1 + 2 / 3) / 2, 0.75, 0.5),
        ([0.1, 0.2, 0.8, 0.9], [True, True, False, False], (1 / 3 + 2 / 4) / 2, 0.0, 0.0),
        # All alike: one step that flags everything.
        ([0.5, 0.5, 0.5, 0.5], [True, False, False, False], 0.25, 0.5, 0.0),
        # A tie between one of each at the top: half a pair lost, and no step without a false alarm.
        ([0.9, 0.9, 0.4, 0.1], [True, False, True, False], (0.5 * 1 / 2 + 0.5 * 2 / 3), 0.625, 0.0),
    ],
)
def test_rankings_are_measured_as_by_hand(
    scores: list[float], truth: list[bool], auprc: float, auroc: float, at_rare: float
) -> None:
    found = ranked(scores, truth)

    assert found["auprc"] == pytest.approx(auprc)
    assert found["auroc"] == pytest.approx(auroc)
    assert found["recall_at_1pct_fpr"] == pytest.approx(at_rare)


def test_the_order_of_items_of_one_score_changes_nothing() -> None:
    scores = [0.9, 0.5, 0.5, 0.5, 0.1]
    one = ranked(scores, [True, True, False, False, False])

    assert one == ranked(scores, [True, False, False, True, False])


def test_one_false_alarm_in_a_hundred_harmless_items_is_allowed() -> None:
    scores = np.r_[0.99, 0.9, np.linspace(0.0, 0.5, 100)]
    truth = np.r_[False, True, True, np.zeros(99, dtype=bool)]  # 100 harmless, one of them on top

    found = ranking(scores, truth, once(102))

    assert found["recall_at_1pct_fpr"][0] == pytest.approx(0.5)


@pytest.mark.parametrize("truth", [[True, True, True], [False, False, False]])
def test_a_ranking_of_one_kind_alone_has_no_measures(truth: list[bool]) -> None:
    array = np.array(truth)
    found = estimates(
        lambda counts: ranking(np.array([0.1, 0.2, 0.3]), array, counts), 3, resamples=5, seed=1
    )

    assert found == {}


def test_a_flag_is_measured_as_by_hand() -> None:
    flagged = np.array([True, True, True, False, False, False, False])
    truth = np.array([True, True, False, True, False, False, False])

    found = {name: float(v[0]) for name, v in flags(flagged, truth, once(7)).items()}

    assert found == pytest.approx({"f1": 2 / 3, "precision": 2 / 3, "recall": 2 / 3, "fpr": 1 / 4})


@pytest.mark.parametrize(
    ("flagged", "truth", "known"),
    [
        ([True, False], [True, True], {"f1": 2 / 3, "precision": 1.0, "recall": 0.5}),
        ([True, False], [False, False], {"precision": 0.0, "fpr": 0.5}),
        ([False, False], [True, False], {"f1": 0.0, "recall": 0.0, "fpr": 0.0}),
    ],
    ids=["all harmful", "all harmless", "nothing flagged"],
)
def test_measures_without_a_denominator_are_not_given(
    flagged: list[bool], truth: list[bool], known: dict[str, float]
) -> None:
    found = estimates(
        lambda counts: flags(np.array(flagged), np.array(truth), counts), 2, resamples=0, seed=1
    )

    assert {name: one.value for name, one in found.items()} == pytest.approx(known)


def interval(seed: int, resamples: int = 400) -> Estimate:
    random = np.random.default_rng(0)
    truth = random.random(300) < 0.4
    scores = random.normal(size=300) + truth

    def measure(counts: np.ndarray) -> dict[str, np.ndarray]:
        return dict(ranking(scores, truth, counts))

    return estimates(measure, 300, resamples=resamples, seed=seed)["auroc"]


def test_the_same_seed_gives_the_same_interval_and_another_one_another() -> None:
    assert interval(7) == interval(7)
    assert interval(7) != interval(8)
    assert interval(7).value == interval(8).value


def test_an_interval_is_about_as_wide_as_theory_says() -> None:
    found = interval(7, resamples=1000)

    # Hanley and McNeil (1982) for an area of 0.76 of 120 against 180: a standard error of 0.029.
    assert found.low < found.value < found.high
    assert (found.high - found.low) / (2 * 1.96) == pytest.approx(0.029, abs=0.006)


def test_a_resample_counts_items_as_often_as_they_are_drawn() -> None:
    scores, truth = np.array([0.9, 0.5, 0.1]), np.array([True, False, True])

    drawn = ranking(scores, truth, np.array([[1.0, 2.0, 3.0]]))
    written_out = ranked([0.9, 0.5, 0.5, 0.1, 0.1, 0.1], [True, False, False, True, True, True])

    assert {name: float(v[0]) for name, v in drawn.items()} == pytest.approx(written_out)


def test_a_ceiling_is_the_best_threshold_that_keeps_the_false_alarms() -> None:
    scores = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    truth = np.array([True, False, True, True, False])

    assert best_within(scores, truth, largest_fpr=0.5) == (6 / 7, 0.6)
    assert best_within(scores, truth, largest_fpr=0.1) == (2 / 4, 0.9)
    assert best_within(scores[1:2], truth[1:2], largest_fpr=0.5) is None
