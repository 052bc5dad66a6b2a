"""What a viewer likes, as a fold over what they did.

`fold` is the only rule: run event by event while people use the product, and over the whole
log to rebuild, it gives the same state. Old deeds fade with a half-life: slowly in the long
taste, within hours in the short one, so that what somebody looks at now turns the next page
without drowning what they have liked for months.
"""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import numpy as np

from recommendations.core.vectors import DIMENSIONS, Vector, unit

HALF_LIFE: Final = timedelta(days=21)
SHORT_HALF_LIFE: Final = timedelta(hours=3)
REMEMBERED_LIKES: Final = 24
REMEMBERED_TOUCHES: Final = 50
REMEMBERED_AFFINITIES: Final = 120
WEIGHTS: Final = {
    "view": 0.1,
    "dwell": 0.2,
    "play": 0.3,
    "like": 1.0,
    "share": 1.2,
    "save": 1.2,
    "remix": 1.5,
    "hide": -1.0,
    "less": -1.2,
    "report": -1.5,
}
UNDONE: Final = {"unlike": "like", "unsave": "save"}
"""What takes back what."""
AGAINST: Final = frozenset(kind for kind, weight in WEIGHTS.items() if weight < 0)
_AVERSION: Final = 0.4
"""How much the mean of what was hidden pulls away from the mean of what was liked."""
_NOTHING: Final = 1e-6
# A viewer who hides one picture of somebody has not said that they dislike all of theirs.
_SPREAD: Final = {"creator": 0.5, "tag": 0.3, "model": 0.2, "modality": 0.2}


@dataclass(frozen=True, slots=True)
class Liked:
    """One like that stands: which asset, and when."""

    asset_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class Touch:
    """One thing somebody turned to lately, whatever came of it, and how much it weighed."""

    asset_id: UUID
    at: datetime
    weight: float


@dataclass(frozen=True, slots=True)
class Affinity:
    """How drawn somebody is to a creator, a tag, a model: decayed weight as of `at`.

    Negative where they turn away.
    """

    weight: float
    at: datetime

    def now(self, moment: datetime) -> float:
        """Return the weight that is left at a moment."""
        return self.weight * _decay(moment - self.at, HALF_LIFE)


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing a viewer did. `vector` is the asset's, None while it has none.

    `undoes` is when that was done which an unlike or unsave takes back. `facets` name what else
    the asset is: "creator:…", "tag:…", "model:…", "modality:…".
    """

    kind: str
    asset_id: UUID
    at: datetime
    vector: Vector | None
    undoes: datetime | None = None
    facets: tuple[str, ...] = ()


def _zeros() -> Vector:
    return np.zeros(DIMENSIONS, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Taste:
    """Decayed sums as of `at`; `liked` and `touched` newest first."""

    at: datetime
    positive: Vector = field(default_factory=_zeros)
    positive_weight: float = 0.0
    short: Vector = field(default_factory=_zeros)
    short_weight: float = 0.0
    negative: Vector = field(default_factory=_zeros)
    negative_weight: float = 0.0
    liked: tuple[Liked, ...] = ()
    touched: tuple[Touch, ...] = ()
    affinities: Mapping[str, Affinity] = field(default_factory=dict)

    @classmethod
    def blank(cls, at: datetime) -> "Taste":
        """Return the taste of somebody who did nothing yet."""
        return cls(at=at)

    def direction(self) -> Vector | None:
        """Return where to look, length 1: the mean liked minus a part of the mean hidden.

        None while nothing was liked: dislikes alone say where not to look, and no more.
        """
        if self.positive_weight <= _NOTHING:
            return None
        towards = self.positive / np.float32(self.positive_weight)
        if self.negative_weight > _NOTHING:
            towards = towards - np.float32(_AVERSION) * self.negative / np.float32(
                self.negative_weight
            )
        return unit(towards.astype(np.float32))

    def current(self, moment: datetime) -> Vector | None:
        """Return where they look these hours, length 1; None when they did next to nothing."""
        left = self.short_weight * _decay(moment - self.at, SHORT_HALF_LIFE)
        return None if left < WEIGHTS["view"] / 2 else unit(self.short)

    def aversion(self) -> Vector | None:
        """Return what they turn away from, length 1; None when nothing was hidden."""
        return None if self.negative_weight <= _NOTHING else unit(self.negative)


def fold(taste: Taste, deed: Deed) -> Taste:
    """Return the taste after a deed; one older than the state counts as it would have then."""
    after = replace(
        taste,
        liked=_likes(taste.liked, deed),
        touched=_touches(taste.touched, deed),
        affinities=_affinities(taste.affinities, deed),
    )
    given = _weight(deed)
    if deed.vector is None or given is None:
        return after
    weight, began = given
    now = max(taste.at, deed.at)
    fade, share = _decay(now - taste.at, HALF_LIFE), abs(weight) * _decay(now - began, HALF_LIFE)
    soon = _decay(now - taste.at, SHORT_HALF_LIFE)
    positive, positive_weight = taste.positive * np.float32(fade), taste.positive_weight * fade
    negative, negative_weight = taste.negative * np.float32(fade), taste.negative_weight * fade
    short, short_weight = taste.short * np.float32(soon), taste.short_weight * soon
    part = deed.vector * np.float32(share)
    if weight < 0 and deed.kind in AGAINST:
        negative, negative_weight = negative + part, negative_weight + share
    else:
        sign = np.float32(np.sign(weight))
        positive = positive + sign * part
        positive_weight = max(0.0, positive_weight + float(sign) * share)
        lately = abs(weight) * _decay(now - began, SHORT_HALF_LIFE)
        short = short + sign * deed.vector * np.float32(lately)
        short_weight = max(0.0, short_weight + float(sign) * lately)
    return replace(
        after,
        at=now,
        positive=positive.astype(np.float32),
        positive_weight=positive_weight,
        short=short.astype(np.float32),
        short_weight=short_weight,
        negative=negative.astype(np.float32),
        negative_weight=negative_weight,
    )


def _weight(deed: Deed) -> tuple[float, datetime] | None:
    """Return how much a deed weighs and since when; None when there is nothing to take back."""
    if deed.kind not in UNDONE:
        return WEIGHTS[deed.kind], deed.at
    return None if deed.undoes is None else (-WEIGHTS[UNDONE[deed.kind]], deed.undoes)


def _likes(liked: tuple[Liked, ...], deed: Deed) -> tuple[Liked, ...]:
    if deed.kind not in {"like", "unlike"} | AGAINST:
        return liked
    others = [like for like in liked if like.asset_id != deed.asset_id]
    if deed.kind == "like":
        others.append(Liked(deed.asset_id, deed.at))
    others.sort(key=lambda like: like.at, reverse=True)
    return tuple(others[:REMEMBERED_LIKES])


def _touches(touched: tuple[Touch, ...], deed: Deed) -> tuple[Touch, ...]:
    if deed.kind in UNDONE:
        return touched
    before = [touch for touch in touched if touch.asset_id == deed.asset_id]
    others = [touch for touch in touched if touch.asset_id != deed.asset_id]
    if deed.kind not in AGAINST:
        weight = max([WEIGHTS[deed.kind], *(touch.weight for touch in before)])
        at = max([deed.at, *(touch.at for touch in before)])
        others.append(Touch(deed.asset_id, at, weight))
        others.sort(key=lambda touch: touch.at, reverse=True)
    return tuple(others[:REMEMBERED_TOUCHES])


def _affinities(known: Mapping[str, Affinity], deed: Deed) -> Mapping[str, Affinity]:
    given = _weight(deed)
    if given is None or not deed.facets:
        return known
    weight, began = given
    after = dict(known)
    for facet in deed.facets:
        part = weight * _SPREAD[facet.partition(":")[0]]
        had = after.get(facet)
        at = deed.at if had is None else max(had.at, deed.at)
        total = part * _decay(at - began, HALF_LIFE) + (0.0 if had is None else had.now(at))
        after[facet] = Affinity(total, at)
    if len(after) <= REMEMBERED_AFFINITIES:
        return after
    moment = max(deed.at, *(affinity.at for affinity in after.values()))
    kept = heapq.nlargest(
        REMEMBERED_AFFINITIES, after, key=lambda facet: (abs(after[facet].now(moment)), facet)
    )
    return {facet: after[facet] for facet in kept}


def _decay(age: timedelta, half_life: timedelta) -> float:
    return float(0.5 ** (max(0.0, age.total_seconds()) / half_life.total_seconds()))
