"""How likely a viewer is to act on an item, and what that is worth.

Each candidate is described by the viewer and itself alone, never by its neighbours in the slate,
so that a score can be kept, compared and explained. One logistic regression per action gives
probabilities; the public weights of the actions make one value of them. The position at which an
item was shown is a feature like others while learning and held at the first place while serving:
what stands on top is opened more because it stands on top, and must not be put there for it
(position as a feature: Guo et al., "PAL", RecSys 2019, §1).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Self
from uuid import UUID

import numpy as np
import numpy.typing as npt

from recommendations.core import heat as heats
from recommendations.core.candidates import Candidate
from recommendations.core.taste import Affinity
from recommendations.core.vectors import DIMENSIONS, Vector, apart, closeness

FEATURES: Final = (
    "taste",
    "lately",
    "aversion",
    "together",
    "creator",
    "tags",
    "model",
    "followed",
    "popular",
    "fresh",
    "quality",
    "seen",
    "position",
)
ACTIONS: Final = ("open", "like", "remix", "hide", "report")
DONE: Final = {
    "view": "open",
    "play": "open",
    "dwell": "open",
    "like": "like",
    "save": "like",
    "share": "like",
    "remix": "remix",
    "hide": "hide",
    "less": "hide",
    "report": "report",
}
"""Which action an interaction counts as."""

ACTION_WEIGHTS: Final = {"open": 1.0, "like": 6.0, "remix": 12.0, "hide": -12.0, "report": -60.0}
"""What an action is worth where the deployment says nothing else."""

_FRESHNESS: Final = timedelta(days=3)
_FARTHEST: Final = 100
# What was hidden was shown, and what was shown was near: dislikes meet likes. Only what is nearer
# to them than a stranger would be counts against an item.
_WINS_EXPECTED, _SHOWN_EXPECTED = 1.0, 20.0

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Perspective:
    """What is known of a viewer when a slate is made; all of it empty for somebody new.

    `common` is what all items of the catalogue have in common; None while they are too few.
    """

    direction: Vector | None = None
    current: Vector | None = None
    aversion: Vector | None = None
    affinities: Mapping[str, Affinity] = field(default_factory=dict)
    anchors: Mapping[UUID, Vector] = field(default_factory=dict)
    common: Vector | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """Logistic regressions, one row per action; `version` names them in logs.

    Attributes:
        weights: (actions, features).
        bias: (actions,).
    """

    version: str
    weights: Matrix
    bias: Matrix

    def probabilities(self, features: Matrix) -> Matrix:
        """Return (items, actions) chances of what is described by (items, features)."""
        logits = features @ self.weights.T + self.bias
        chances: Matrix = 1.0 / (1.0 + np.exp(-np.clip(logits, -30.0, 30.0)))
        return chances

    def document(self) -> dict[str, Any]:
        """Return it as JSON knows it, every feature and action by name."""
        return {
            "version": self.version,
            "actions": {
                action: {
                    "bias": round(float(self.bias[row]), 6),
                    **{
                        name: round(float(self.weights[row, column]), 6)
                        for column, name in enumerate(FEATURES)
                    },
                }
                for row, action in enumerate(ACTIONS)
            },
        }

    @classmethod
    def load(cls, document: Mapping[str, Any]) -> Self:
        """Read what `document` returned; a feature that it does not know weighs nothing.

        Raises:
            ValueError: no such document, or an action is missing.
        """
        try:
            rows = [document["actions"][action] for action in ACTIONS]
            weights = np.array([[float(row.get(name, 0.0)) for name in FEATURES] for row in rows])
            bias = np.array([float(row["bias"]) for row in rows])
            version = str(document["version"])
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"no ranking model: {error!r}") from error
        if not (np.isfinite(weights).all() and np.isfinite(bias).all()):
            raise ValueError("no ranking model: its numbers are not finite")
        return cls(version, weights, bias)


def _prior() -> Model:
    """What holds before anything was learnt: people open what is near, fresh and liked by others.

    The numbers are assumptions, made so that the sum ranks as the product did when it had no
    model: taste before popularity before freshness. Learning starts here.
    """
    rows = {
        "open": (-3.0, (2.2, 1.6, -1.0, 1.6, 0.8, 0.8, 0.2, 0.8, 1.0, 0.8, 1.0, -5.0, -1.5)),
        "like": (-4.5, (2.6, 1.2, -1.2, 1.4, 1.0, 0.8, 0.2, 1.0, 1.2, 0.5, 1.5, -5.0, -0.8)),
        "remix": (-6.5, (2.0, 1.6, -1.0, 1.0, 0.5, 0.8, 0.4, 0.5, 0.8, 0.3, 1.0, -1.0, -0.8)),
        "hide": (-4.5, (-1.0, -0.5, 2.5, -0.5, -1.0, -0.8, -0.2, -1.0, -0.2, 0.0, -0.8, 0.4, -0.8)),
        "report": (-7.5, (-0.5, 0.0, 1.0, 0.0, -0.5, -0.3, 0.0, -0.8, 0.0, 0.0, -0.8, 0.0, -0.5)),
    }
    return Model(
        "prior",
        np.array([rows[action][1] for action in ACTIONS], dtype=np.float64),
        np.array([rows[action][0] for action in ACTIONS], dtype=np.float64),
    )


PRIOR: Final = _prior()


def describe(candidates: Sequence[Candidate], viewer: Perspective, now: datetime) -> Matrix:
    """Return (items, features) for the first place of a slate; all but `creator`, `tags` and
    `model` lie between 0 and 1, those between -1 and 1."""  # noqa: D205, D209
    near = _nearness(stacked(candidates), viewer.common)
    ages = np.array([(now - item.released_at).total_seconds() for item in candidates])
    counts = np.array([heats.count(item.heat, now) for item in candidates])
    together = np.array([item.together for item in candidates], dtype=np.float64)
    drawn = {facet: math.tanh(it.now(now)) for facet, it in viewer.affinities.items()}
    columns = {
        "taste": near(viewer.direction),
        "lately": near(viewer.current),
        "aversion": near(viewer.aversion),
        "together": together / (1.0 + together),
        "creator": np.array([drawn.get(f"creator:{item.owner_id}", 0.0) for item in candidates]),
        "tags": np.array([_strongest(drawn, item.tags) for item in candidates]),
        "model": np.array([drawn.get(f"model:{item.model}", 0.0) for item in candidates]),
        "followed": np.array([float(item.is_followed) for item in candidates]),
        "popular": counts / (1.0 + counts),
        "fresh": np.exp(-np.maximum(ages, 0.0) / _FRESHNESS.total_seconds()),
        "quality": np.array(
            [
                min(1.0, (item.wins + _WINS_EXPECTED) / (item.shown + _SHOWN_EXPECTED) * 4.0)
                for item in candidates
            ]
        ),
        "seen": np.array([float(item.is_seen) for item in candidates]),
        "position": np.zeros(len(candidates)),
    }
    return np.stack([columns[name] for name in FEATURES], axis=1)


def at_position(features: Matrix, positions: Sequence[int]) -> Matrix:
    """Return features as they were where the items stood, from 1: what is learnt from."""
    placed = features.copy()
    places = np.clip(np.asarray(positions, dtype=np.float64), 1, _FARTHEST)
    placed[:, FEATURES.index("position")] = np.log(places) / math.log(_FARTHEST)
    return placed


def worth(chances: Matrix, weights: Mapping[str, float]) -> npt.NDArray[np.float64]:
    """Return one value per item: what its chances are worth, by the weights of the actions."""
    value: npt.NDArray[np.float64] = chances @ np.array([weights[action] for action in ACTIONS])
    return value


def stacked(candidates: Sequence[Candidate]) -> npt.NDArray[np.float32]:
    """Return the candidates' vectors in rows; zeros where one has none."""
    nothing = np.zeros(DIMENSIONS, dtype=np.float32)
    return np.stack([nothing if item.vector is None else item.vector for item in candidates])


def _nearness(
    vectors: npt.NDArray[np.float32], common: Vector | None
) -> Callable[[Vector | None], npt.NDArray[np.float64]]:
    """Return what tells how near to a direction each item is, 0 to 1."""
    left = None if common is None else apart(vectors, common)

    def near(direction: Vector | None) -> npt.NDArray[np.float64]:
        if direction is None:
            return np.zeros(len(vectors))
        if left is None or common is None:
            return closeness(vectors @ direction).astype(np.float64)
        towards = apart(direction[None, :], common)[0]
        found: npt.NDArray[np.float64] = (left @ towards).clip(0.0, 1.0).astype(np.float64)
        return found

    return near


def _strongest(drawn: Mapping[str, float], tags: Sequence[str]) -> float:
    """Return the tag that says most, for or against: one loved word outweighs five neutral ones."""
    return max((drawn.get(f"tag:{tag}", 0.0) for tag in tags), key=abs, default=0.0)
