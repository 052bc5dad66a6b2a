from __future__ import annotations

import numpy as np
import pytest

from tests.benchmarks.moderation.crossed import fit, out_of_fold
from tests.benchmarks.moderation.curves import ranking


def test_the_head_is_where_the_slope_of_its_objective_is_nothing() -> None:
    random = np.random.default_rng(3)
    rows = random.normal(size=(80, 4))
    truth = random.random(80) < 1 / (1 + np.exp(-rows[:, 0]))

    weights = fit(rows, truth, strength=0.5)

    chance = 1 / (1 + np.exp(-(rows @ weights[:-1] + weights[-1])))
    assert np.allclose(weights[:-1] + 0.5 * rows.T @ (chance - truth), 0, atol=1e-6)
    assert float((chance - truth).sum()) == pytest.approx(0, abs=1e-6)
    assert weights[0] > abs(weights[1:-1]).max()


def test_labels_without_a_reason_are_not_learnt_out_of_fold() -> None:
    """Fitted to themselves these rows would be ranked perfectly: there are more columns."""
    random = np.random.default_rng(5)
    rows, truth = random.normal(size=(200, 400)) / 20, np.arange(200) % 2 == 0

    logits = out_of_fold(rows, truth, seed=7)

    area = ranking(logits, truth, np.ones((1, 200)))["auroc"][0]
    assert 0.35 < area < 0.65


def test_what_can_be_learnt_is_learnt_and_the_same_seed_gives_the_same() -> None:
    random = np.random.default_rng(5)
    truth = random.random(200) < 0.3
    rows = random.normal(size=(200, 8)) + 2 * truth[:, np.newaxis]

    logits = out_of_fold(rows, truth, seed=7)

    assert ranking(logits, truth, np.ones((1, 200)))["auroc"][0] > 0.95
    assert np.array_equal(logits, out_of_fold(rows, truth, seed=7))


def test_too_few_items_of_a_kind_are_refused() -> None:
    with pytest.raises(ValueError, match="needs 5 harmful"):
        out_of_fold(np.zeros((20, 2)), np.arange(20) < 4, seed=7)
