"""Learning the ranking model from what people did with what they were shown.

One pass of stochastic gradient descent per batch of examples, from where the model stands, with a
step per weight that shrinks as the weight is learnt (AdaGrad: Duchi, Hazan and Singer, JMLR 2011).
Logistic regression trained on log-loss is calibrated by itself; how well, `quality` measures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from recommendations.core.ranking import ACTIONS, Matrix, Model

STEP: Final = 0.4
_TOWARDS_PRIOR: Final = 1e-4
_BINS: Final = 10
_LEAST: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Examples:
    """What was shown, and what came of it.

    Attributes:
        features: (examples, features), each at the position at which it stood.
        outcomes: (examples, actions) of 0 and 1.
    """

    features: Matrix
    outcomes: Matrix

    def __len__(self) -> int:
        return len(self.features)

    def part(self, chosen: Sequence[int]) -> "Examples":
        """Return some of them."""
        return Examples(self.features[chosen], self.outcomes[chosen])


@dataclass(frozen=True, slots=True)
class Quality:
    """How a model predicts: mean log-loss per action, and how far its chances are off on average.

    The second is the expected calibration error over ten bins of equal counts (Naeini, Cooper and
    Hauskrecht, AAAI 2015), of opening, the only action that is frequent.
    """

    log_loss: float
    calibration_error: float


def learn(model: Model, examples: Examples, *, version: str, seed: int) -> Model:
    """Return the model after one pass over examples in random order; weights stay near the old."""
    weights, bias = model.weights.copy(), model.bias.copy()
    slope = np.full_like(weights, _LEAST)
    slope_of_bias = np.full_like(bias, _LEAST)
    for index in np.random.default_rng(seed).permutation(len(examples)):
        features = examples.features[index]
        chances = 1.0 / (1.0 + np.exp(-np.clip(weights @ features + bias, -30.0, 30.0)))
        off = chances - examples.outcomes[index]
        gradient = off[:, None] * features[None, :] + _TOWARDS_PRIOR * (weights - model.weights)
        slope += gradient**2
        slope_of_bias += off**2
        weights -= STEP * gradient / np.sqrt(slope)
        bias -= STEP * off / np.sqrt(slope_of_bias)
    return Model(version, weights, bias)


def quality(model: Model, examples: Examples) -> Quality:
    """Measure a model on examples that it has not learnt from."""
    chances = model.probabilities(examples.features).clip(_LEAST, 1 - _LEAST)
    outcomes = examples.outcomes
    losses = -(outcomes * np.log(chances) + (1 - outcomes) * np.log(1 - chances))
    column = ACTIONS.index("open")
    order = np.argsort(chances[:, column], kind="stable")
    error = 0.0
    for part in np.array_split(order, min(_BINS, len(order))):
        gap = chances[part, column].mean() - outcomes[part, column].mean()
        error += len(part) / len(order) * abs(float(gap))
    return Quality(float(losses.mean()), error)
