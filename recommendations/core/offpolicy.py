"""What another way of choosing would have earned, told from what was logged under this one.

Places of exploration carry the chance that their item had, so what came of them can be weighed
anew: by inverse propensity (IPS: Horvitz and Thompson, JASA 1952), the same divided by the sum of
its weights (SNIPS: Swaminathan and Joachims, NeurIPS 2015), and doubly robust (DR: Dudík, Langford
and Li, ICML 2011), which needs the propensities or the predictions to be right, not both. Intervals
are of the normal approximation; the effective sample size (Kish, 1965) says what they are worth.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

_NORMAL_95: Final = 1.959964

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Logged:
    """What was chosen, with what chance, and what came of it; one number per choice in each.

    Attributes:
        reward: what came of the choice.
        propensity: the chance that it had when it was made, above 0.
        target: the chance that the other way would have given to the same choice.
        predicted: the reward that a model expects of the choice; used by DR alone.
        expected: the reward that the model expects if the other way chooses; DR alone.
    """

    reward: Numbers
    propensity: Numbers
    target: Numbers
    predicted: Numbers
    expected: Numbers

    def __post_init__(self) -> None:
        """Refuse what no estimate can be made of.

        Raises:
            ValueError: nothing logged, different lengths, or chances outside of 0 to 1.
        """
        lengths = {len(part) for part in (self.reward, self.propensity, self.target)}
        lengths |= {len(self.predicted), len(self.expected)}
        if len(lengths) != 1 or 0 in lengths:
            raise ValueError(f"one number per choice in each, and at least one: got {lengths}")
        if not ((self.propensity > 0) & (self.propensity <= 1)).all():
            raise ValueError("a propensity is above 0 and at most 1")
        if not ((self.target >= 0) & (self.target <= 1)).all():
            raise ValueError("the chance of a choice lies between 0 and 1")

    @property
    def weights(self) -> Numbers:
        """How much more likely the other way is to choose the same."""
        return self.target / self.propensity


@dataclass(frozen=True, slots=True)
class Estimate:
    """The mean reward of the other way, its 95 % interval, and how many choices tell of it."""

    value: float
    low: float
    high: float
    effective: float


def ips(logged: Logged) -> Estimate:
    """Weigh every reward by how much more likely the other way is to choose the same. Unbiased."""
    return _estimate(logged, logged.weights * logged.reward)


def snips(logged: Logged) -> Estimate:
    """Divide by the sum of the weights: a little bias, much less variance, never out of range.

    NaN where the other way would have chosen nothing of what was logged.
    """
    weights = logged.weights
    total = float(weights.sum())
    if total == 0:
        return Estimate(math.nan, math.nan, math.nan, 0.0)
    value = float(weights @ logged.reward) / total
    # The linearised ratio (delta method), as Owen, "Monte Carlo theory", 2013, §9.2.
    error = math.sqrt(float((weights**2) @ (logged.reward - value) ** 2)) / total
    return Estimate(value, value - _NORMAL_95 * error, value + _NORMAL_95 * error, _kish(weights))


def dr(logged: Logged) -> Estimate:
    """Take what the model expects, and correct it by what it got wrong about what was chosen."""
    off = logged.weights * (logged.reward - logged.predicted)
    return _estimate(logged, logged.expected + off)


ESTIMATORS: Final[Mapping[str, Callable[[Logged], Estimate]]] = {
    "ips": ips,
    "snips": snips,
    "dr": dr,
}


def _estimate(logged: Logged, parts: Numbers) -> Estimate:
    value = float(parts.mean())
    spread = float(parts.std(ddof=1)) if len(parts) > 1 else math.inf
    error = _NORMAL_95 * spread / math.sqrt(len(parts))
    return Estimate(value, value - error, value + error, _kish(logged.weights))


def _kish(weights: Numbers) -> float:
    squares = float(weights @ weights)
    return float(weights.sum()) ** 2 / squares if squares else 0.0
