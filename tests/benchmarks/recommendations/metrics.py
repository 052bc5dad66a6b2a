"""Metrics over a full ranking, and how sure they are."""

import math
from collections.abc import Collection, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

_RESAMPLES: Final = 1_000


def ndcg(ranked: Sequence[int], wanted: Collection[int], *, at: int = 10) -> float:
    """Return the normalised discounted cumulative gain of a ranking's first places (0 to 1).

    Järvelin and Kekäläinen, ACM TOIS 2002, with gains of 0 and 1.
    """
    gain = sum(1 / math.log2(place + 2) for place, item in enumerate(ranked[:at]) if item in wanted)
    return gain / sum(1 / math.log2(place + 2) for place in range(min(at, len(wanted))))


def recall(ranked: Sequence[int], wanted: Collection[int], *, at: int = 10) -> float:
    """Return the share of what is wanted among the first places, of as many as fit there."""
    return sum(item in wanted for item in ranked[:at]) / min(at, len(wanted))


def interval(values: npt.NDArray[np.float64], *, seed: int) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of a mean."""
    chance = np.random.default_rng(seed)
    means = [
        float(values[chance.integers(0, len(values), len(values))].mean())
        for _ in range(_RESAMPLES)
    ]
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def first(scores: npt.NDArray[np.floating[npt.NBitBase]], count: int) -> list[int]:
    """Return the places of the highest scores, best first; of equals, the lower number first."""
    return [int(item) for item in np.argsort(-scores, kind="stable")[:count]]
