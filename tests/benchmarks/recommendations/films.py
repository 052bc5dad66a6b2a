"""Replay and temporal split on films: what goes together, as the product counts it, beside others.

The product's part is `recommendations.core.together`, with the constants that it ships: nothing is
tuned here. The baselines' settings are chosen on a validation slice, each family its best.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from recommendations.core.together import Together
from tests.benchmarks.figures import Result, Target
from tests.benchmarks.recommendations import baselines
from tests.benchmarks.recommendations.metrics import first, interval, ndcg, recall
from tests.benchmarks.recommendations.ratings import Events, Split, cut, read

_LEARNT: Final = 0.8
_REFITS: Final = 20
_PLACES: Final = 10
_DAY: Final = 86_400
_SEED: Final = 20261123

Scores = npt.NDArray[np.float32]


def measure(folder: Path) -> Result:
    """Return hit rates of the replay, and NDCG and recall of the split, each with its interval."""
    result = Result("recommendations_films")
    events = read(folder)
    _replay(result, events)
    shuffled = read(folder, shuffles_ties=_SEED)
    rate = float(_hits(shuffled, _live(shuffled)).mean())
    result.figures["replay_live_ties_shuffled_hit_at_10"] = rate
    _split(result, events)
    result.notes.append(
        "Films rated in one sitting carry seconds apart, and equal seconds stand in the order of "
        "their numbers: part of what a replay of ratings rewards is the order in which the site "
        "showed films. The line with shuffled ties takes away the second of these."
    )
    return result


def _replay(result: Result, events: Events) -> None:
    live = _hits(events, _live(events))
    low, high = interval(live, seed=_SEED)
    policies: Mapping[str, Callable[[Events], _Policy]] = {
        "popularity_live": _popular,
        "ease_nightly": lambda events: _Ease(events, follows=False, refits_by_day=True),
        "ease_live_history_refit": lambda events: _Ease(events, follows=True, refits_by_day=False),
    }
    rates = {name: float(_hits(events, make(events)).mean()) for name, make in policies.items()}
    rate = float(live.mean())
    result.figures |= {
        "replay_events_count": len(live),
        "replay_live_hit_at_10": rate,
        "replay_live_hit_at_10_low": low,
        "replay_live_hit_at_10_high": high,
        **{f"replay_{name}_hit_at_10": value for name, value in rates.items()},
    }
    result.targets.append(Target("replay hit@10", 0.105, rate, at_least=True))


class _Policy(Protocol):
    """Scores every item for a user, and learns one event after the other."""

    def scores(self, user: int) -> Scores: ...

    def learn(self, row: int) -> None: ...


class _live(_Policy):  # noqa: N801  # made as the functions beside it
    """What the product does: counts and the viewer's state are current with every event."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._together = Together(events.item_count)
        self._recent: dict[int, list[int]] = defaultdict(list)

    def scores(self, user: int) -> Scores:
        counts = self._together.counts
        found = self._together.scores(self._recent[user])
        # Somebody new, and ties: what is popular.
        return found + np.float32(1e-9) * counts

    def learn(self, row: int) -> None:
        user, item = int(self._events.users[row]), int(self._events.items[row])
        self._together.learn(item, self._recent[user])
        self._recent[user].insert(0, item)


class _popular(_Policy):  # noqa: N801  # as above
    def __init__(self, events: Events) -> None:
        self._items = events.items
        self._counts = np.zeros(events.item_count, dtype=np.float32)

    def scores(self, user: int) -> Scores:
        return self._counts

    def learn(self, row: int) -> None:
        self._counts[self._items[row]] += 1


class _Ease(_Policy):
    """EASE; `follows` says whether a user's history is current, or that of the last fit."""

    def __init__(self, events: Events, *, follows: bool, refits_by_day: bool) -> None:
        self._events = events
        self._follows = follows
        self._by_day = refits_by_day
        self._seen = np.zeros((events.user_count, events.item_count), dtype=np.float32)
        self._fitted = self._seen
        self._weights: Scores | None = None
        self._next = 0

    def scores(self, user: int) -> Scores:
        assert self._weights is not None
        history = self._seen if self._follows else self._fitted
        popular = self._fitted.sum(axis=0) * np.float32(1e-6)
        return np.asarray(history[user] @ self._weights + popular)

    def learn(self, row: int) -> None:
        self._seen[self._events.users[row], self._events.items[row]] = 1.0
        start = int(len(self._events.items) * _LEARNT)
        if row + 1 < start:
            return
        # Every night would be a fit per day of years: the night's history, the weights of every
        # twentieth of the events.
        every = (len(self._events.items) - start) // _REFITS
        if row + 1 >= self._next or self._weights is None:
            self._weights = baselines.ease(self._seen, 200.0)
            self._next = row + 1 + every
            self._fitted = self._seen.copy()
        elif (
            self._by_day and self._events.times[row] // _DAY != self._events.times[row - 1] // _DAY
        ):
            self._fitted = self._seen.copy()


def _hits(events: Events, policy: _Policy) -> npt.NDArray[np.float64]:
    """Recommend ten before each of the last fifth of the events; return which were hits."""
    start = int(len(events.items) * _LEARNT)
    seen = np.zeros((events.user_count, events.item_count), dtype=np.bool_)
    hits = np.zeros(len(events.items) - start)
    for row in range(len(events.items)):
        user, item = int(events.users[row]), int(events.items[row])
        if row >= start:
            scores = np.where(seen[user], -np.inf, policy.scores(user))
            best = np.argpartition(-scores, _PLACES)[:_PLACES]
            hits[row - start] = float(item in best)
        seen[user, item] = True
        policy.learn(row)
    return hits


def _split(result: Result, events: Events) -> None:
    """Choose settings where a fifth of the learnt events is held out; measure on the last fifth."""
    tuning, testing = cut(events, begin=0.64, end=0.8), cut(events, begin=0.8, end=1.0)
    chosen: dict[str, tuple[float, str]] = {}
    for family, setting, scorer in baselines.every(events, tuning.train):
        value = float(_quality(events, tuning, scorer)[0].mean())
        if family not in chosen or value > chosen[family][0]:
            chosen[family] = (value, setting)
    best, best_name = 0.0, ""
    for family, setting, scorer in baselines.every(events, testing.train):
        if chosen[family][1] != setting:
            continue
        gains, recalls = _quality(events, testing, scorer)
        result.figures[f"split_{family}_ndcg_at_10"] = float(gains.mean())
        result.figures[f"split_{family}_recall_at_10"] = float(recalls.mean())
        if gains.mean() > best:
            best, best_name = float(gains.mean()), family
    gains, recalls = _quality(events, testing, _together(events, testing))
    low, high = interval(gains, seed=_SEED)
    result.figures |= {
        "split_users_count": len(gains),
        "split_together_ndcg_at_10": float(gains.mean()),
        "split_together_ndcg_at_10_low": low,
        "split_together_ndcg_at_10_high": high,
        "split_together_recall_at_10": float(recalls.mean()),
        "split_ndcg_ratio": float(gains.mean()) / best,
    }
    result.notes.append(f"The best of the baselines on the split is {best_name}.")
    result.targets.append(
        Target("NDCG@10 ÷ best baseline", 1.10, float(gains.mean()) / best, at_least=True)
    )


def _together(events: Events, split: Split) -> Callable[[int], Scores]:
    live = _live(events)
    for row in split.train:
        live.learn(int(row))
    return live.scores


def _quality(
    events: Events, split: Split, scorer: Callable[[int], Scores]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return NDCG@10 and recall@10 per user, over all items they had not turned to."""
    seen = np.zeros((events.user_count, events.item_count), dtype=np.bool_)
    seen[events.users[split.train], events.items[split.train]] = True
    gains, recalls = [], []
    for user, wanted in sorted(split.test.items()):
        ranked: Sequence[int] = first(np.where(seen[user], -np.inf, scorer(user)), _PLACES)
        gains.append(ndcg(ranked, wanted))
        recalls.append(recall(ranked, wanted))
    return np.array(gains), np.array(recalls)
