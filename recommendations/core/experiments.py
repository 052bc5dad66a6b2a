"""Experiments: who is in which arm, and what came of it, with how sure that is.

An arm is a pure function of the experiment's key and the person, so nothing about it is stored, a
person stays in it on every device, and who was in which is known for as long as the key is. Rates
are ratios of sums over people, who are what was assigned; their intervals follow the delta method
(Deng, Knoblich and Lu, "Applying the Delta Method in Metric Analytics", KDD 2018).
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self, TypeGuard
from uuid import UUID

import numpy as np
import numpy.typing as npt

from recommendations.core.ranking import ACTIONS

HOLDOUT: Final = "holdout"
"""Everybody whom no arm takes: they get what they would get without the experiment."""
_NORMAL_95: Final = 1.959964
_STEPS: Final = 2**64

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Arm:
    """A share of people (0 to 1), and what an action is worth to them where it differs."""

    name: str
    share: float
    weights: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """The arms of an experiment. `key` is its own: two experiments divide people differently."""

    key: UUID
    arms: tuple[Arm, ...]

    def arm_of(self, person: UUID) -> Arm | None:
        """Return the person's arm; None for the holdout."""
        digest = hashlib.sha256(self.key.bytes + person.bytes).digest()
        place = int.from_bytes(digest[:8], "big") / _STEPS
        for arm in self.arms:
            if place < arm.share:
                return arm
            place -= arm.share
        return None

    def document(self) -> dict[str, Any]:
        """Return the arms as JSON knows them."""
        return {arm.name: {"share": arm.share, "weights": dict(arm.weights)} for arm in self.arms}

    @classmethod
    def load(cls, key: UUID, document: Any) -> Self:
        """Read arms: `{"bold": {"share": 0.1, "weights": {"like": 8}}}`.

        Raises:
            ValueError: says which arm is wrong, and how.
        """
        if not isinstance(document, dict) or not document:
            raise ValueError("name at least one arm, each with a share and weights")
        arms = tuple(_arm(name, given) for name, given in document.items())
        total = sum(arm.share for arm in arms)
        if total > 0.95:  # noqa: PLR2004  # as the message says
            raise ValueError(
                f"the arms' shares sum to {total:g}: leave at least 0.05 to the holdout"
            )
        return cls(key, arms)


def _arm(name: object, given: Any) -> Arm:
    if not isinstance(name, str) or not name.isidentifier() or name == HOLDOUT:
        raise ValueError(f"{name!r} is no name of an arm: letters, digits and _, not {HOLDOUT!r}")
    if not isinstance(given, dict) or set(given) - {"share", "weights"}:
        raise ValueError(f"arm {name}: give a share and weights, nothing else")
    share, weights = given.get("share"), given.get("weights", {})
    if not _is_number(share) or not 0 < share < 1:
        raise ValueError(f"arm {name}: the share lies between 0 and 1, not {share!r}")
    if not isinstance(weights, dict):
        raise ValueError(f"arm {name}: weights are given by the name of an action")  # noqa: TRY004  # what a file says, not a type
    for action, weight in weights.items():
        if action not in ACTIONS:
            raise ValueError(f"arm {name}: no action is named {action!r}; there are {ACTIONS}")
        if not _is_number(weight) or not math.isfinite(weight):
            raise ValueError(f"arm {name}: the weight of {action} is a number, not {weight!r}")
    return Arm(name, float(share), {key: float(value) for key, value in weights.items()})


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate and its standard error."""

    value: float
    error: float

    def less(self, other: "Rate") -> tuple[float, float, float]:
        """Return this minus another, and the 95 % interval of that."""
        gap = self.value - other.value
        wide = _NORMAL_95 * math.hypot(self.error, other.error)
        return gap, gap - wide, gap + wide


def rate(outcomes: npt.ArrayLike, shown: npt.ArrayLike) -> Rate:
    """Return outcomes per place shown; one number for each person in both.

    NaN where nothing was shown; the error is NaN with fewer than two people.
    """
    of, out_of = np.asarray(outcomes, dtype=np.float64), np.asarray(shown, dtype=np.float64)
    total, people = float(out_of.sum()), len(out_of)
    if total == 0:
        return Rate(math.nan, math.nan)
    value = float(of.sum()) / total
    if people < 2:  # noqa: PLR2004  # one person varies from nobody
        return Rate(value, math.nan)
    off = of - value * out_of
    return Rate(value, math.sqrt(float(off @ off) * people / (people - 1)) / total)


def gini(counts: Numbers) -> float:
    """Return how unequal counts are: 0 when all are the same, towards 1 when one has all."""
    ordered = np.sort(counts)
    places = np.arange(1, len(ordered) + 1)
    total = ordered.sum()
    if not total:
        return 0.0
    return float((2 * places - len(ordered) - 1) @ ordered / (len(ordered) * total))
