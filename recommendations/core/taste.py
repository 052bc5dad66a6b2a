"""What a viewer likes, as a fold over what they did.

`fold` is the only rule: run event by event while people use the product, and over the whole
log to rebuild, it gives the same state. Old deeds fade with a half-life.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np

from recommendations.core.vectors import DIMENSIONS, Vector, unit

HALF_LIFE = timedelta(days=21)
REMEMBERED_LIKES = 24
WEIGHTS = {"view": 0.1, "play": 0.3, "like": 1.0, "hide": -1.0, "report": -1.5}
_AVERSION = 0.4
"""How much the mean of what was hidden pulls away from the mean of what was liked."""


@dataclass(frozen=True, slots=True)
class Liked:
    """One like that stands: which asset, its vector if known, and when."""

    asset_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing a viewer did. `vector` is the asset's, None while it has none.

    `undoes` is when the like was given that an unlike takes back.
    """

    kind: str
    asset_id: UUID
    at: datetime
    vector: Vector | None
    undoes: datetime | None = None


@dataclass(frozen=True, slots=True)
class Taste:
    """Decayed sums as of `at`; `liked` holds the newest likes that stand, newest first."""

    at: datetime
    positive: Vector
    positive_weight: float
    negative: Vector
    negative_weight: float
    liked: tuple[Liked, ...] = ()

    @classmethod
    def blank(cls, at: datetime) -> "Taste":
        """Return the taste of somebody who did nothing yet."""
        zero = np.zeros(DIMENSIONS, dtype=np.float32)
        return cls(at=at, positive=zero, positive_weight=0.0, negative=zero, negative_weight=0.0)

    def direction(self) -> Vector | None:
        """Return where to look, length 1: the mean liked minus a part of the mean hidden.

        None while nothing was liked: dislikes alone say where not to look, and no more.
        """
        if self.positive_weight <= 1e-6:  # noqa: PLR2004
            return None
        towards = self.positive / np.float32(self.positive_weight)
        if self.negative_weight > 1e-6:  # noqa: PLR2004
            towards = towards - np.float32(_AVERSION) * self.negative / np.float32(
                self.negative_weight
            )
        return unit(towards.astype(np.float32))


def fold(taste: Taste, deed: Deed) -> Taste:
    """Return the taste after a deed; one older than the state counts as it would have then."""
    after = replace(taste, liked=_likes(taste.liked, deed))
    if deed.vector is None:
        return after
    if deed.kind == "unlike":
        if deed.undoes is None:
            return after
        weight, began = -WEIGHTS["like"], deed.undoes
    else:
        weight, began = WEIGHTS[deed.kind], deed.at
    now = max(taste.at, deed.at)
    fade, share = _decay(now - taste.at), abs(weight) * _decay(now - began)
    positive, positive_weight = taste.positive * np.float32(fade), taste.positive_weight * fade
    negative, negative_weight = taste.negative * np.float32(fade), taste.negative_weight * fade
    part = deed.vector * np.float32(share)
    if deed.kind in {"hide", "report"}:
        negative, negative_weight = negative + part, negative_weight + share
    elif weight > 0:
        positive, positive_weight = positive + part, positive_weight + share
    else:
        positive, positive_weight = positive - part, max(0.0, positive_weight - share)
    return replace(
        after,
        at=now,
        positive=positive.astype(np.float32),
        positive_weight=positive_weight,
        negative=negative.astype(np.float32),
        negative_weight=negative_weight,
    )


def _likes(liked: tuple[Liked, ...], deed: Deed) -> tuple[Liked, ...]:
    if deed.kind not in {"like", "unlike", "hide", "report"}:
        return liked
    others = [like for like in liked if like.asset_id != deed.asset_id]
    if deed.kind == "like":
        others.append(Liked(deed.asset_id, deed.at))
    others.sort(key=lambda like: like.at, reverse=True)
    return tuple(others[:REMEMBERED_LIKES])


def _decay(age: timedelta) -> float:
    return float(0.5 ** (max(0.0, age.total_seconds()) / HALF_LIFE.total_seconds()))
