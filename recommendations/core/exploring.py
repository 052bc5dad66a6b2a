"""Which new item gets a place to show what it is worth.

Thompson sampling over the chance that somebody acts on an item ("An Empirical Evaluation of
Thompson Sampling", Chapelle and Li, NeurIPS 2011): each item's chance is drawn from what its
impressions say of it so far, and the highest draw wins. How often each would win is counted over
many draws, and the place is given by those shares, mixed with an even one: so the chance that an
item had is known exactly, which estimators that weigh by it need.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from recommendations.core.candidates import Candidate

BUDGET: Final = 100
"""How many places of exploration an item gets before it stands on what it earned."""

_DRAWS: Final = 128
_EVEN: Final = 0.2
_WINS, _LOSSES = 1.0, 9.0
"""One of ten acts on what they are shown: what is assumed before an item was."""


def is_open(item: Candidate) -> bool:
    """Whether an item has places of exploration left."""
    return item.shown < item.budget


def shares(items: Sequence[Candidate], chance: np.random.Generator) -> npt.NDArray[np.float64]:
    """Return the chance that each of these gets the place; they sum to 1."""
    wins = np.array([item.wins for item in items], dtype=np.float64)
    shown = np.array([item.shown for item in items], dtype=np.float64)
    losses = np.maximum(shown - wins, 0.0)
    drawn = chance.beta(_WINS + wins, _LOSSES + losses, size=(_DRAWS, len(items)))
    won = np.bincount(drawn.argmax(axis=1), minlength=len(items)) / _DRAWS
    found: npt.NDArray[np.float64] = (1.0 - _EVEN) * won + _EVEN / len(items)
    return found
