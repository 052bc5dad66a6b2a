"""From candidates to an ordered slate: relevance, diversity, one slot per family, exploration.

Pure and seeded: the same candidates, taste and seed give the same slate, so a slate that was
logged can be replayed.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random
from uuid import UUID

import numpy as np
import numpy.typing as npt

from recommendations.core import heat as heats
from recommendations.core.vectors import DIMENSIONS, Vector, closeness

EXPLORE_EVERY = 6
"""Every sixth place is given to something the taste would not have picked."""

_RELEVANCE, _VARIETY = 0.75, 0.25
_CREATOR_DECAY, _CREATOR_FLOOR = 0.5, 0.25
_TWIN = 0.975
"""Two items whose vectors are this close are one thing twice."""
_FRESHNESS = timedelta(days=3)
_SEEN = 0.35
"""What an item is still worth to somebody who opened it already."""


class Source(StrEnum):
    """Why an item stands where it stands."""

    LIKED = "liked"
    POPULAR = "popular"
    NEW = "new"
    EXPLORE = "explore"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item that retrieval found. `vector` has length 1, None while it is not embedded."""

    asset_id: UUID
    owner_id: UUID
    family: str
    released_at: datetime
    heat: float | None
    vector: Vector | None
    is_seen: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """One place of a slate. `anchor_id` is the like it follows from.

    `propensity` is the chance that this item got this place given the slate before it: 1 for a
    ranked place, 1/pool for an explored one.
    """

    asset_id: UUID
    source: Source
    anchor_id: UUID | None
    propensity: float


@dataclass(frozen=True, slots=True)
class _Scored:
    value: npt.NDArray[np.float64]
    source: list[Source]
    anchor: list[UUID | None]
    is_near: npt.NDArray[np.bool_]


def compose(
    candidates: Sequence[Candidate],
    *,
    direction: Vector | None,
    anchors: Mapping[UUID, Vector],
    now: datetime,
    seed: int,
    length: int,
) -> list[Place]:
    """Order candidates into at most `length` places.

    `direction` is the viewer's taste (None: cold), `anchors` the vectors of their likes.
    """
    unique = list({candidate.asset_id: candidate for candidate in candidates}.values())
    if not unique:
        return []
    vectors = np.stack(
        [
            candidate.vector
            if candidate.vector is not None
            else np.zeros(DIMENSIONS, dtype=np.float32)
            for candidate in unique
        ]
    )
    scored = _score(unique, vectors, direction, anchors, now)
    return _pick(unique, vectors, scored, Random(seed), length)  # noqa: S311  # no secret


def _score(
    candidates: Sequence[Candidate],
    vectors: npt.NDArray[np.float32],
    direction: Vector | None,
    anchors: Mapping[UUID, Vector],
    now: datetime,
) -> _Scored:
    counts = np.array([heats.count(candidate.heat, now) for candidate in candidates])
    ages = np.array([(now - candidate.released_at).total_seconds() for candidate in candidates])
    fresh = np.exp(-np.maximum(ages, 0.0) / _FRESHNESS.total_seconds())
    popular = counts / (1.0 + counts)
    seen = np.where([candidate.is_seen for candidate in candidates], _SEEN, 1.0)
    if direction is None:
        # Cold: what others like leads, then the newest.
        value = np.where(counts >= heats.POPULAR, 1.0 + popular, fresh) * seen
        sources = [Source.POPULAR if it else Source.NEW for it in counts >= heats.POPULAR]
        nobody: list[UUID | None] = [None] * len(candidates)
        return _Scored(value, sources, nobody, np.zeros(len(candidates), dtype=np.bool_))
    near = closeness(vectors @ direction).astype(np.float64)
    value = (0.6 * near + 0.2 * popular + 0.2 * fresh) * seen
    anchor, bond = _anchors(vectors, anchors)
    sources = []
    for index in range(len(candidates)):
        if near[index] > 0 and (0.6 * near[index] >= 0.2 * popular[index] or bond[index] > 0):
            sources.append(Source.LIKED)
        else:
            sources.append(Source.POPULAR if counts[index] >= heats.POPULAR else Source.NEW)
    threshold = float(np.quantile(near, 0.5))
    return _Scored(value, sources, anchor, near > threshold)


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
    bonds = np.where(cosines >= _TWIN, np.float32(0), closeness(cosines))
    best = bonds.argmax(axis=1)
    strength = bonds.max(axis=1)
    found: list[UUID | None] = [
        ids[which] if bond > 0 else None for which, bond in zip(best, strength, strict=True)
    ]
    return found, strength


def _pick(
    candidates: Sequence[Candidate],
    vectors: npt.NDArray[np.float32],
    scored: _Scored,
    chance: Random,
    length: int,
) -> list[Place]:
    """Choose place by place: maximal marginal relevance, creators fading, families once.

    What choosing one item means for the others is worked out for all pairs beforehand; a place
    then costs a handful of passes over one row.
    """
    cosines = vectors @ vectors.T
    alike = _VARIETY * closeness(cosines)
    families = _codes([candidate.family for candidate in candidates])
    closes = (cosines >= _TWIN) | (families[:, None] == families[None, :])
    np.fill_diagonal(closes, val=True)
    owners = _codes([candidate.owner_id for candidate in candidates])
    worth = _RELEVANCE * scored.value
    fading = np.ones(len(candidates))
    likeness = np.zeros(len(candidates), dtype=np.float32)
    is_open = np.ones(len(candidates), dtype=np.bool_)
    places: list[Place] = []
    while len(places) < length and is_open.any():
        pool = np.flatnonzero(is_open & ~scored.is_near) if _explores(len(places), scored) else ()
        if len(pool):
            index = int(pool[chance.randrange(len(pool))])
            place = Place(candidates[index].asset_id, Source.EXPLORE, None, 1 / len(pool))
        else:
            index = int(np.where(is_open, worth * fading - likeness, -math.inf).argmax())
            place = Place(
                candidates[index].asset_id, scored.source[index], scored.anchor[index], 1.0
            )
        places.append(place)
        np.maximum(likeness, alike[index], out=likeness)
        is_open[closes[index]] = False
        same = owners == owners[index]
        fading[same] = max(_CREATOR_FLOOR, fading[index] * _CREATOR_DECAY)
    return places


def _codes(names: Sequence[Hashable]) -> npt.NDArray[np.int64]:
    """Number names, so that finding equals is one comparison of numbers."""
    known: dict[Hashable, int] = {}
    return np.array([known.setdefault(name, len(known)) for name in names], dtype=np.int64)


def _explores(position: int, scored: _Scored) -> bool:
    """Whether a place is for exploration; a cold viewer's whole slate explores already."""
    return bool(scored.is_near.any()) and position % EXPLORE_EVERY == EXPLORE_EVERY - 1
