"""From candidates to an ordered slate: value, diversity, one slot per family, exploration.

Pure and seeded: the same candidates, viewer and seed give the same slate, so a slate that was
logged can be replayed.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import numpy as np
import numpy.typing as npt

from recommendations.core import exploring
from recommendations.core import heat as heats
from recommendations.core.candidates import Candidate, Place, Source
from recommendations.core.ranking import (
    ACTION_WEIGHTS,
    FEATURES,
    PRIOR,
    Matrix,
    Model,
    Perspective,
    describe,
    stacked,
    worth,
)
from recommendations.core.vectors import Vector, closeness

EXPLORE_EVERY: Final = 6
"""Every sixth place is given to something that the ranking would not have picked."""
_RELEVANCE, _VARIETY = 0.75, 0.25
_CREATOR_DECAY, _CREATOR_FLOOR = 0.5, 0.25
TWIN: Final = 0.975
"""Two items whose vectors are this close are one thing twice."""
_TASTE, _LATELY, _TOGETHER = (FEATURES.index(name) for name in ("taste", "lately", "together"))
_TOLD_BY_COMPANY: Final = 0.2


@dataclass(frozen=True, slots=True)
class Slate:
    """Places in order, and what each item was described by: (places, features)."""

    places: tuple[Place, ...]
    features: Matrix


@dataclass(frozen=True, slots=True)
class _Scored:
    value: npt.NDArray[np.float64]
    source: list[Source]
    anchor: list[UUID | None]
    is_near: npt.NDArray[np.bool_]


def compose(
    candidates: Sequence[Candidate],
    viewer: Perspective,
    *,
    now: datetime,
    seed: int,
    length: int,
    model: Model = PRIOR,
    weights: Mapping[str, float] = ACTION_WEIGHTS,
) -> Slate:
    """Order candidates into at most `length` places."""
    unique = list({candidate.asset_id: candidate for candidate in candidates}.values())
    if not unique:
        return Slate((), np.zeros((0, len(FEATURES))))
    features = describe(unique, viewer, now)
    value = worth(model.probabilities(features), weights)
    scored = _explained(unique, features, _scaled(value), viewer, now)
    chosen = _pick(unique, scored, np.random.default_rng(seed), length)
    return Slate(tuple(place for _, place in chosen), features[[index for index, _ in chosen]])


def _scaled(value: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Bring the best to 1, so that variety weighs the same against any model's values.

    Nothing is worth 0, and what does harm less: half as good as the best stays half as good.
    """
    lowest, highest = min(0.0, float(value.min())), float(value.max())
    scaled: npt.NDArray[np.float64] = (value - lowest) / max(highest - lowest, 1e-12)
    return scaled


def _explained(
    candidates: Sequence[Candidate],
    features: Matrix,
    value: npt.NDArray[np.float64],
    viewer: Perspective,
    now: datetime,
) -> _Scored:
    """Say of each what speaks most for it, in the order in which people would."""
    vectors = stacked(candidates)
    anchor, bond = _anchors(vectors, viewer.anchors)
    popular = np.array([heats.count(item.heat, now) for item in candidates]) >= heats.POPULAR
    sources: list[Source] = []
    for index, item in enumerate(candidates):
        taste, lately = features[index, _TASTE], features[index, _LATELY]
        company = features[index, _TOGETHER]
        if item.is_followed:
            sources.append(Source.FOLLOWED)
        elif company > max(_TOLD_BY_COMPANY, taste, lately) and item.after is not None:
            sources.append(Source.TOGETHER)
            anchor[index] = item.after
        elif taste > 0 and (bond[index] > 0 or taste >= lately):
            sources.append(Source.LIKED)
        elif lately > 0:
            sources.append(Source.RECENT)
        elif popular[index]:
            sources.append(Source.POPULAR)
        else:
            sources.append(Source.LANGUAGE if item.is_native else Source.NEW)
    near = features[:, [_TASTE, _LATELY]].max(axis=1)
    is_near = near > float(np.quantile(near, 0.5)) if viewer.direction is not None else near > 1
    return _Scored(value, sources, anchor, is_near)


def _anchors(
    vectors: npt.NDArray[np.float32], anchors: Mapping[UUID, Vector]
) -> tuple[list[UUID | None], npt.NDArray[np.float32]]:
    """Return for each candidate the like it is closest to, and how close.

    A like is no reason for itself, nor for its twin made of the same words.
    """
    if not anchors:
        return [None] * len(vectors), np.zeros(len(vectors), dtype=np.float32)
    ids = list(anchors)
    cosines = vectors @ np.stack([anchors[asset_id] for asset_id in ids]).T
    bonds = np.where(cosines >= TWIN, np.float32(0), closeness(cosines))
    best = bonds.argmax(axis=1)
    strength = bonds.max(axis=1)
    found: list[UUID | None] = [
        ids[which] if bond > 0 else None for which, bond in zip(best, strength, strict=True)
    ]
    return found, strength


def _pick(
    candidates: Sequence[Candidate],
    scored: _Scored,
    chance: np.random.Generator,
    length: int,
) -> list[tuple[int, Place]]:
    """Choose place by place: maximal marginal relevance, creators fading, families once.

    What choosing one item means for the others is worked out for all pairs beforehand; a place
    then costs a handful of passes over one row. (Carbonell and Goldstein, SIGIR 1998.)
    """
    vectors = stacked(candidates)
    cosines = vectors @ vectors.T
    alike = _VARIETY * closeness(cosines)
    families = _codes([candidate.family for candidate in candidates])
    closes = (cosines >= TWIN) | (families[:, None] == families[None, :])
    np.fill_diagonal(closes, val=True)
    owners = _codes([candidate.owner_id for candidate in candidates])
    untried = np.array([exploring.is_open(candidate) for candidate in candidates])
    shares = np.zeros(len(candidates))
    if untried.any():
        shares[untried] = exploring.shares(
            [item for item, is_untried in zip(candidates, untried, strict=True) if is_untried],
            chance,
        )
    worth_left = _RELEVANCE * scored.value
    fading = np.ones(len(candidates))
    likeness = np.zeros(len(candidates), dtype=np.float32)
    is_open = np.ones(len(candidates), dtype=np.bool_)
    places: list[tuple[int, Place]] = []
    while len(places) < length and is_open.any():
        drawn = _explored(scored, is_open, shares, chance, len(places))
        if drawn is not None:
            index, propensity = drawn
            place = Place(candidates[index].asset_id, Source.EXPLORE, None, propensity)
        else:
            index = int(np.where(is_open, worth_left * fading - likeness, -math.inf).argmax())
            place = Place(
                candidates[index].asset_id, scored.source[index], scored.anchor[index], 1.0
            )
        places.append((index, place))
        np.maximum(likeness, alike[index], out=likeness)
        is_open[closes[index]] = False
        same = owners == owners[index]
        fading[same] = max(_CREATOR_FLOOR, fading[index] * _CREATOR_DECAY)
    return places


def _explored(
    scored: _Scored,
    is_open: npt.NDArray[np.bool_],
    shares: npt.NDArray[np.float64],
    chance: np.random.Generator,
    position: int,
) -> tuple[int, float] | None:
    """Return what this place explores and the chance it had; None where it is for the ranking.

    What has places of exploration left goes first. Where nothing has, somebody with a taste gets
    something outside it now and then; a cold viewer's whole slate explores already.
    """
    if position % EXPLORE_EVERY != EXPLORE_EVERY - 1:
        return None
    fresh = np.flatnonzero(is_open & (shares > 0))
    if len(fresh):
        left = shares[fresh] / shares[fresh].sum()
        which = int(chance.choice(len(fresh), p=left))
        return int(fresh[which]), float(left[which])
    pool = np.flatnonzero(is_open & ~scored.is_near) if scored.is_near.any() else ()
    if not len(pool):
        return None
    return int(pool[int(chance.integers(len(pool)))]), 1 / len(pool)


def _codes(names: Sequence[Hashable]) -> npt.NDArray[np.int64]:
    """Number names, so that finding equals is one comparison of numbers."""
    known: dict[Hashable, int] = {}
    return np.array([known.setdefault(name, len(known)) for name in names], dtype=np.int64)
