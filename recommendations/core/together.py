"""What goes together: items that the same people turned to soon after one another.

A count per ordered pair, fed deed by deed: what somebody turns to now is counted for each of the
last things they turned to, less the further back those lie, and a part of that in the other
direction. Counts fade with a half-life, and are kept as popularity is (`core.heat`): a logarithm
plus a clock, so that their order never has to be computed anew.

The counts are those of sequential item co-occurrence ("Sequence-Aware Recommender Systems",
Quadrana, Cremonesi and Jannach, ACM CSUR 2018, §3) with time decay as in SAR (Microsoft
Recommenders, "Smart Adaptive Recommendations"); the division by a power of how common the other
item is follows item-based filtering by conditional probability (Deshpande and Karypis, ACM TOIS
2004, eq. 4).
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import numpy as np
import numpy.typing as npt

WINDOW: Final = 50
"""How many of the last things a viewer turned to are counted with the next."""
FADING: Final = 0.97
"""What a step further back still counts."""
BACKWARDS: Final = 0.3
"""What the pair counts in the other direction: that B came after A says less of A after B."""
COMMONNESS: Final = 0.4
"""The power of an item's own count by which its pairs are divided."""
PRIOR: Final = 5.0
"""Counts below this say little: it is added where is divided."""

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Pair(Generic[Key]):
    """That `other` was turned to around `item`, and how much that counts."""

    item: Key
    other: Key
    weight: float


def pairs_of(turned_to: Key, before: Sequence[Key]) -> Iterator[Pair[Key]]:
    """Yield what one deed adds. `before` is what the same viewer turned to earlier, newest first.

    The pair of an item with itself counts how often it was turned to at all.
    """
    yield Pair(turned_to, turned_to, 1.0)
    for lag, earlier in enumerate(before[:WINDOW]):
        if earlier != turned_to:
            weight = FADING**lag
            yield Pair(earlier, turned_to, weight)
            yield Pair(turned_to, earlier, BACKWARDS * weight)


def strength(pairs: float, item: float, other: float) -> float:
    """Return how much `other` follows from `item`, by the decayed counts of pair and both."""
    return pairs / ((item + PRIOR) * math.pow(other + PRIOR, COMMONNESS))


class Together:
    """The same counts in memory, for catalogues of a few thousand items and for evaluation.

    Args:
        items: how many there are; they are named 0 … items - 1.
    """

    def __init__(self, items: int) -> None:
        self._pairs = np.zeros((items, items), dtype=np.float32)

    @property
    def counts(self) -> npt.NDArray[np.float32]:
        """How often each item was turned to."""
        return self._pairs.diagonal()

    def learn(self, turned_to: int, before: Sequence[int]) -> None:
        """Count one deed; `before` newest first."""
        for pair in pairs_of(turned_to, before):
            self._pairs[pair.item, pair.other] += pair.weight

    def scores(self, recent: Sequence[int], *, fading: float = FADING) -> npt.NDArray[np.float32]:
        """Score every item for who turned to `recent`, newest first; those themselves get 0."""
        chosen = list(recent[:WINDOW])
        counts = self.counts
        if not chosen:
            return np.zeros(len(counts), dtype=np.float32)
        weights = np.power(fading, np.arange(len(chosen))) / (counts[chosen] + PRIOR)
        found: npt.NDArray[np.float32] = (weights.astype(np.float32) @ self._pairs[chosen]) / (
            counts + np.float32(PRIOR)
        ) ** np.float32(COMMONNESS)
        found[chosen] = 0.0
        return found


def summed(pairs: Iterable[Pair[Key]]) -> Mapping[tuple[Key, Key], float]:
    """Add up what many deeds count, pair by pair."""
    found: dict[tuple[Key, Key], float] = {}
    for pair in pairs:
        key = (pair.item, pair.other)
        found[key] = found.get(key, 0.0) + pair.weight
    return found
