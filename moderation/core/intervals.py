"""Shares with their intervals: how sure a figure is that was counted on a few."""

from dataclasses import dataclass
from math import sqrt
from typing import Final

Z: Final = 1.959964
"""Standard deviations of a two-sided interval of 95 %."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95 % interval, and on how many it was counted."""

    value: float
    low: float
    high: float
    count: int


def wilson(successes: float, count: float) -> Interval | None:
    """Return a share with its 95 % score interval (E. B. Wilson, JASA 22, 1927).

    None where nothing was counted. Counts may be fractions: of weighted observations the effective
    number counts (L. Kish, Survey Sampling, 1965), as `effective` returns it.
    """
    if not count:
        return None
    share, square = successes / count, Z * Z
    centre = (share + square / (2 * count)) / (1 + square / count)
    spread = Z * sqrt(share * (1 - share) / count + square / (4 * count * count))
    spread /= 1 + square / count
    return Interval(share, max(0.0, centre - spread), min(1.0, centre + spread), int(count))


def effective(weights: list[float]) -> float:
    """Return on how many equal ones an average of so weighted ones is as sure (Kish 1965)."""
    total = sum(weights)
    return total * total / sum(weight * weight for weight in weights) if total else 0.0
