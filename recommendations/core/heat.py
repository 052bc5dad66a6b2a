"""Popularity that fades, kept so that it can be sorted without being recomputed.

An item's count of likes decays with a half-life. Stored is not the count but
`heat = ln(count) + t/τ`: decay takes the same from every item, so the order of heats is the
order of counts at any later moment, and an index on the column is the trending list.
"""

import math
from datetime import UTC, datetime, timedelta

HALF_LIFE = timedelta(days=3)
WEIGHTS = {
    "view": 0.05,
    "dwell": 0.1,
    "play": 0.3,
    "like": 1.0,
    "share": 1.0,
    "save": 1.2,
    "remix": 1.5,
}
POPULAR = 2.0
"""The decayed count from which "Popular this week" is said: two fresh likes."""

_TAU = HALF_LIFE.total_seconds() / math.log(2)
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def heated(heat: float | None, kind: str, at: datetime) -> float | None:
    """Return the heat after one more deed; deeds that say nothing of popularity change nothing."""
    weight = WEIGHTS.get(kind)
    return heat if weight is None else added(heat, weight, at)


def added(heat: float | None, weight: float, at: datetime) -> float:
    """Return the heat after a weight above zero was added at a moment."""
    more = math.log(weight) + _age(at)
    if heat is None:
        return more
    high, low = max(heat, more), min(heat, more)
    return high + math.log1p(math.exp(low - high))


def cooled(heat: float | None, kind: str, at: datetime) -> float | None:
    """Return the heat after a deed was taken back; never below nothing."""
    if heat is None or kind not in WEIGHTS:
        return heat
    taken = math.log(WEIGHTS[kind]) + _age(at)
    if taken >= heat - 1e-9:
        return None
    return heat + math.log1p(-math.exp(taken - heat))


def count(heat: float | None, now: datetime) -> float:
    """Return the decayed count that a heat stands for now."""
    return 0.0 if heat is None else math.exp(min(50.0, heat - _age(now)))


def _age(at: datetime) -> float:
    return (at - _EPOCH).total_seconds() / _TAU
