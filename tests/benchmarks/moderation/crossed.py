"""A regularised logistic head on frozen sentence vectors, by cross-validation.

The same objective as the heads of `moderation.training.hazards`, solved by Newton's method: there
are 384 weights, so it takes a few steps, and the application's environment has no scikit-learn.
"""

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.moderation.curves import Bools, Floats

FOLDS = 5
# As in `moderation.training.hazards`; chosen there, not on what is measured here.
STRENGTH = 1.0
SCALE = 8.0
_STEPS = 50
_TOLERANCE = 1e-8


def out_of_fold(rows: Floats, truth: Bools, *, seed: int, folds: int = FOLDS) -> Floats:
    """Return a logit per item, each by a head that was fitted without the item's fold.

    Folds are drawn at random (`seed`) from harmful and harmless items apart, so that each fold has
    the same share of both. Vectors are centred by the mean of the folds that are fitted.

    Args:
        rows: (items, dimensions).
        truth: (items,); each fold needs harmful and harmless items.
        seed: of the folds.
        folds: how many.

    Raises:
        ValueError: when there are fewer harmful or harmless items than folds.
    """
    if min(int(truth.sum()), int((~truth).sum())) < folds:
        raise ValueError(f"cross-validation needs {folds} harmful and {folds} harmless items")
    fold = _folds(truth, seed, folds)
    logits = np.empty(len(truth))
    for number in range(folds):
        inside = fold != number
        mean = rows[inside].mean(axis=0)
        weights = fit((rows[inside] - mean) * SCALE, truth[inside])
        logits[~inside] = _with_one((rows[~inside] - mean) * SCALE) @ weights
    return logits


def fit(rows: Floats, truth: Bools, *, strength: float = STRENGTH) -> Floats:
    """Return the weights, the bias last, that minimise |w|^2 / 2 + strength * the log loss.

    The bias is not regularised. Raises:
        ArithmeticError: when it does not converge.
    """
    inputs = _with_one(rows)
    penalty = np.ones(inputs.shape[1])
    penalty[-1] = 0.0
    weights = np.zeros(inputs.shape[1])
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(inputs @ weights, -500, 500)))
        slope = penalty * weights + strength * inputs.T @ (chance - truth)
        spread = strength * chance * (1 - chance)
        curvature = (inputs.T * spread) @ inputs + np.diag(penalty)
        step = np.linalg.solve(curvature, slope)
        weights = weights - step
        if float(np.abs(step).max()) < _TOLERANCE:
            return weights
    raise ArithmeticError(f"the head did not converge in {_STEPS} steps")


def _folds(truth: Bools, seed: int, folds: int) -> NDArray[np.int64]:
    random = np.random.default_rng(seed)
    fold = np.empty(len(truth), dtype=np.int64)
    for side in (truth, ~truth):
        places = random.permutation(np.flatnonzero(side))
        fold[places] = np.arange(len(places)) % folds
    return fold


def _with_one(rows: Floats) -> Floats:
    return np.hstack([rows, np.ones((len(rows), 1))])
