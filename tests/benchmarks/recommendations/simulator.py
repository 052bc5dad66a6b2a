"""Cold start from text alone, and an hour of traffic in a world whose truth is known.

What ranks here is the product's own code: tastes are folded, candidates described, slates
composed as they are when served. Retrieval is by exact search over arrays, and the gate is an
array too: what is measured is who gets what, not how fast, and not the door.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import numpy as np
import numpy.typing as npt

from recommendations.core import exploring, heat
from recommendations.core.candidates import Candidate, Source
from recommendations.core.experiments import gini
from recommendations.core.ranking import ACTION_WEIGHTS, PRIOR, Perspective, describe, worth
from recommendations.core.slates import compose
from recommendations.core.taste import Deed, Taste, fold
from recommendations.core.vectors import Vector, common_direction
from tests.benchmarks.figures import Result, Target
from tests.benchmarks.recommendations import world as worlds
from tests.benchmarks.recommendations.metrics import first, interval, recall

_SEED: Final = 20261124
_START: Final = datetime(2026, 11, 1, tzinfo=UTC)

_READERS: Final = 1_000
_HISTORY: Final = 6
_WANTED: Final = 30

_VIEWERS: Final = 3_000
_CREATORS: Final = 150
_OLD: Final = 1_500
_NEW: Final = 60
_REQUESTS: Final = 6_000
_PAGE: Final = 20
_HARMFUL: Final = 0.03
_REPORTED: Final = 0.2
_REPORTS_TO_HOLD: Final = 3
_BRIGADE: Final = 60
_OPENED: Final = 0.25
_LOOKED_ON: Final = 0.93
"""How likely somebody who looked at a place looks at the next."""

Numbers = npt.NDArray[np.intp]


def measure(folder: Path, kept: Path) -> Result:
    """Return recall at the cold start, and what an hour of traffic did to new work and creators."""
    result = Result("recommendations_world")
    world = worlds.read(folder, kept)
    result.figures["prompts_count"] = len(world)
    _cold(result, world)
    _traffic(result, world)
    result.notes.append(
        "Tastes are planted: three of 33 concepts each, sets of words that mean much the same. "
        "Real people are not so tidy; the ratios compare policies, they predict no rate."
    )
    return result


def _cold(result: Result, world: worlds.World) -> None:
    """Rank items that nobody has met, for people known by six likes of other items."""
    chance = np.random.default_rng(_SEED)
    order = chance.permutation(len(world))
    known, unseen = order[: len(world) // 2], order[len(world) // 2 :]
    common = common_direction(world.vectors[known])
    found: dict[str, list[float]] = {"product": [], "tfidf": [], "vectors": []}
    for taste in worlds.tastes(_READERS, chance):
        likes = world.liking(taste)
        history = known[_drawn(likes[known], _HISTORY, chance)]
        wanted = set(_drawn(likes[unseen], _WANTED, chance).tolist())
        viewer = _perspective(_folded(world, history), common)
        candidates = [_candidate(world, int(item), _START) for item in unseen]
        value = worth(
            PRIOR.probabilities(describe(candidates, viewer, _START)), dict(ACTION_WEIGHTS)
        )
        profile = np.asarray(world.words[history].mean(axis=0)).ravel()
        scores = {
            "product": value,
            "tfidf": np.asarray(world.words[unseen] @ profile).ravel(),
            "vectors": world.vectors[unseen] @ world.vectors[history].mean(axis=0),
        }
        for name, of in scores.items():
            found[name].append(recall(first(of, 10), wanted))
    for name, values in found.items():
        low, high = interval(np.array(values), seed=_SEED)
        result.figures |= {
            f"cold_{name}_recall_at_10": float(np.mean(values)),
            f"cold_{name}_recall_at_10_low": low,
            f"cold_{name}_recall_at_10_high": high,
        }
    ours, theirs = np.array(found["product"]), np.array(found["tfidf"])
    ratio = ours.mean() / theirs.mean()
    again = [chance.integers(0, _READERS, _READERS) for _ in range(1_000)]  # of the same readers
    ratios = [ours[rows].mean() / theirs[rows].mean() for rows in again]
    result.figures |= {
        "cold_product_to_tfidf_ratio": float(ratio),
        "cold_product_to_tfidf_ratio_low": float(np.quantile(ratios, 0.025)),
        "cold_product_to_tfidf_ratio_high": float(np.quantile(ratios, 0.975)),
    }
    result.targets.append(
        Target("cold start, recall@10 ÷ TF-IDF profile", 1.2, float(ratio), at_least=True)
    )


@dataclass(slots=True)
class _Hour:
    """What is known of everything at a moment of the simulated hour."""

    world: worlds.World
    items: Numbers
    creator: Numbers
    released: list[datetime]
    harmful: npt.NDArray[np.bool_]
    is_new: npt.NDArray[np.bool_]
    heat: list[float | None]
    shown: Numbers
    wins: Numbers
    explored: Numbers
    impressions: Numbers
    reports: Numbers
    tastes: list[Taste]
    met: list[set[int]]
    filled: list[datetime | None]
    common: Vector | None

    @property
    def is_there(self) -> npt.NDArray[np.bool_]:
        return self.reports < _REPORTS_TO_HOLD


Policy = Callable[[_Hour, int, datetime, np.random.Generator], list[tuple[int, Source]]]


def _traffic(result: Result, world: worlds.World) -> None:
    policies: dict[str, Policy] = {"product": _product, "popularity": _popularity}
    for name, policy in policies.items():
        hour = _run(world, policy, result, name)
        by_creator = np.bincount(hour.creator, weights=hour.impressions, minlength=_CREATORS)
        seen = hour.impressions.sum()
        stayed = hour.is_new & hour.is_there
        fair = np.array([moment is not None for moment in hour.filled])[stayed]
        result.figures |= {
            "traffic_works_per_creator_gini": gini(np.bincount(hour.creator).astype(np.float64)),
            f"traffic_{name}_creator_gini": gini(by_creator.astype(np.float64)),
            f"traffic_{name}_violating_view_rate": float(
                hour.impressions[hour.harmful].sum() / seen
            ),
            f"traffic_{name}_brigaded_item_view_share": float(hour.impressions[0] / seen),
            f"traffic_{name}_new_items_with_100_looks_share": float(
                (hour.impressions[stayed] >= exploring.BUDGET).mean()
            ),
            f"traffic_{name}_looks_at_new_items_share": float(
                hour.impressions[hour.is_new].sum() / seen
            ),
        }
        if name == "product":
            minutes = [
                (moment - hour.released[item]).total_seconds() / 60
                for item, moment in enumerate(hour.filled)
                if moment is not None and hour.is_new[item]
            ]
            result.figures |= {
                "traffic_new_items_count": int(hour.is_new.sum()),
                "traffic_new_items_taken_down_count": int((hour.is_new & ~hour.is_there).sum()),
                "traffic_new_items_with_100_fair_impressions_share": float(fair.mean()),
                "traffic_minutes_to_100_fair_impressions_p95": float(np.quantile(minutes, 0.95))
                if minutes
                else float("nan"),
            }
            result.targets.append(
                Target(
                    "new items that stayed and had 100 fair impressions within the hour, share",
                    1.0,
                    float(fair.mean()),
                    at_least=True,
                )
            )
    figures = result.figures
    saved = 1 - figures["traffic_product_creator_gini"] / figures["traffic_popularity_creator_gini"]
    figures["traffic_creator_gini_below_popularity_share"] = saved
    result.targets.append(Target("creator Gini below popularity's by", 0.2, saved, at_least=True))


def _run(world: worlds.World, policy: Policy, result: Result, name: str) -> _Hour:
    chance = np.random.default_rng(_SEED + 1)
    count = _OLD + _NEW
    items = chance.choice(len(world), size=count, replace=False)
    tastes = worlds.tastes(_VIEWERS, chance)
    is_new = np.arange(count) >= _OLD
    # A few make much, most make little.
    share = 1.0 / np.sqrt(np.arange(1, _CREATORS + 1))
    hour = _Hour(
        world=world,
        items=items,
        creator=chance.choice(_CREATORS, size=count, p=share / share.sum()),
        # New work is there from the start of the hour: so each has the same hour.
        released=[
            _START - timedelta(days=float(chance.uniform(1, 10))) if old < _OLD else _START
            for old in range(count)
        ],
        harmful=chance.random(count) < _HARMFUL,
        is_new=is_new,
        heat=[None] * count,
        shown=np.where(is_new, 0, exploring.BUDGET),
        wins=np.zeros(count, dtype=np.intp),
        explored=np.zeros(count, dtype=np.intp),
        impressions=np.zeros(count, dtype=np.intp),
        reports=np.zeros(count, dtype=np.intp),
        tastes=[Taste.blank(_START) for _ in range(_VIEWERS)],
        met=[set() for _ in range(_VIEWERS)],
        filled=[None] * count,
        common=common_direction(world.vectors[items[:_OLD]]),
    )
    hour.harmful[0] = False
    liking = [world.liking(taste)[items] for taste in tastes]
    _warm(hour, liking, chance)
    liked = looked = 0
    for number in range(_REQUESTS):
        at = _START + timedelta(hours=1) * (number / _REQUESTS)
        if number == _REQUESTS // 3:
            for _ in range(_BRIGADE):  # accounts made for it, all in the same minute
                hour.heat[0] = heat.heated(hour.heat[0], "like", at)
        viewer = int(chance.integers(_VIEWERS))
        page = policy(hour, viewer, at, chance)
        seen, pleased = _look(hour, viewer, page, liking[viewer], at, chance)
        looked, liked = looked + seen, liked + pleased
    result.figures[f"traffic_{name}_likes_per_look"] = liked / looked
    return hour


def _warm(
    hour: _Hour, liking: Sequence[npt.NDArray[np.float64]], chance: np.random.Generator
) -> None:
    """Let everybody have liked a few of the old ones already."""
    for viewer, likes in enumerate(liking):
        for item in _drawn(likes[:_OLD], 3, chance):
            at = _START - timedelta(hours=float(chance.uniform(1, 24)))
            _act(hour, viewer, int(item), "like", at)


def _look(  # noqa: PLR0917  # who looks at what, and when
    hour: _Hour,
    viewer: int,
    page: Sequence[tuple[int, Source]],
    likes: npt.NDArray[np.float64],
    at: datetime,
    chance: np.random.Generator,
) -> tuple[int, int]:
    """Look down a page, and act; return how much was looked at and how much liked."""
    looked = liked = 0
    for item, source in page:
        looked += 1
        hour.impressions[item] += 1
        hour.met[viewer].add(item)
        explored = source == Source.EXPLORE and hour.shown[item] < exploring.BUDGET
        if explored:
            hour.shown[item] += 1
            if hour.shown[item] == exploring.BUDGET:
                hour.filled[item] = at
        if hour.harmful[item]:
            if chance.random() < _REPORTED:
                hour.reports[item] += 1
                _act(hour, viewer, item, "report", at)
        elif chance.random() < likes[item]:
            liked += 1
            _act(hour, viewer, item, "like", at)
            hour.wins[item] += explored
        elif chance.random() < _OPENED * likes[item]:
            _act(hour, viewer, item, "view", at)
        if chance.random() > _LOOKED_ON:
            break
    return looked, liked


def _act(hour: _Hour, viewer: int, item: int, kind: str, at: datetime) -> None:
    candidate = _candidate(hour.world, int(hour.items[item]), hour.released[item])
    deed = Deed(
        kind=kind,
        asset_id=candidate.asset_id,
        at=at,
        vector=candidate.vector,
        facets=(
            f"creator:{UUID(int=int(hour.creator[item]) + 1)}",
            *(f"tag:{tag}" for tag in candidate.tags),
        ),
    )
    hour.tastes[viewer] = fold(hour.tastes[viewer], deed)
    hour.heat[item] = heat.heated(hour.heat[item], kind, at)


def _product(
    hour: _Hour, viewer: int, at: datetime, chance: np.random.Generator
) -> list[tuple[int, Source]]:
    """Retrieve as the sources do, with their limits, and compose."""
    vectors = hour.world.vectors[hour.items]
    taste = hour.tastes[viewer]
    reachable = hour.is_there.copy()
    reachable[list(hour.met[viewer])] = False
    open_ = np.flatnonzero(reachable)
    heats = np.array([-np.inf if one is None else one for one in hour.heat])
    age = np.array([moment.timestamp() for moment in hour.released])
    untried = open_[hour.shown[open_] < exploring.BUDGET]
    parts: list[Numbers] = [
        open_[np.argsort(-heats[open_], kind="stable")[:40]],
        open_[np.argsort(-age[open_], kind="stable")[:40]],
        untried[np.argsort(age[untried], kind="stable")[:40]],
    ]
    for direction, most in ((taste.direction(), 80), (taste.current(at), 40)):
        if direction is not None:
            parts.append(open_[np.argsort(-(vectors[open_] @ direction), kind="stable")[:most]])
    found = np.unique(np.concatenate(parts))
    by_id = {hour.world.ids[hour.items[item]]: int(item) for item in found}
    candidates = [
        _candidate(
            hour.world,
            int(hour.items[item]),
            hour.released[item],
            creator=int(hour.creator[item]),
            heat_=hour.heat[item],
            shown=int(hour.shown[item]),
            wins=int(hour.wins[item]),
        )
        for item in found
    ]
    made = compose(
        candidates,
        _perspective(taste, hour.common, at),
        now=at,
        seed=int(chance.integers(2**32)),
        length=_PAGE,
    )
    return [(by_id[place.asset_id], place.source) for place in made.places]


def _popularity(
    hour: _Hour, viewer: int, at: datetime, chance: np.random.Generator
) -> list[tuple[int, Source]]:
    """Show what is liked most now and was not met yet; what nobody liked comes last, by chance."""
    del at
    reachable = hour.is_there.copy()
    reachable[list(hour.met[viewer])] = False
    open_ = chance.permutation(np.flatnonzero(reachable))
    heats = np.array([-np.inf if hour.heat[item] is None else hour.heat[item] for item in open_])
    best = open_[np.argsort(-heats.astype(np.float64), kind="stable")[:_PAGE]]
    return [(int(item), Source.POPULAR) for item in best]


def _perspective(taste: Taste, common: Vector | None, at: datetime = _START) -> Perspective:
    return Perspective(
        direction=taste.direction(),
        current=taste.current(at),
        aversion=taste.aversion(),
        affinities=taste.affinities,
        common=common,
    )


def _folded(world: worlds.World, history: Numbers) -> Taste:
    taste = Taste.blank(_START - timedelta(days=1))
    for back, item in enumerate(history):
        deed = Deed(
            kind="like",
            asset_id=world.ids[item],
            at=_START - timedelta(hours=len(history) - back),
            vector=world.vectors[item],
            facets=tuple(f"tag:{tag}" for tag in world.tags[item]),
        )
        taste = fold(taste, deed)
    return taste


def _candidate(
    world: worlds.World,
    item: int,
    released: datetime,
    *,
    creator: int = 0,
    heat_: float | None = None,
    shown: int = 0,
    wins: int = 0,
) -> Candidate:
    return Candidate(
        asset_id=world.ids[item],
        owner_id=UUID(int=creator + 1),
        family=world.families[item],
        released_at=released,
        heat=heat_,
        vector=world.vectors[item],
        tags=world.tags[item],
        shown=shown,
        wins=wins,
        budget=exploring.BUDGET,
    )


def _drawn(chances: npt.NDArray[np.float64], count: int, chance: np.random.Generator) -> Numbers:
    """Draw different items, each by how likely it is to be liked."""
    return chance.choice(len(chances), size=count, replace=False, p=chances / chances.sum())
