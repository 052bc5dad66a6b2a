"""The models of the field, trained on the same events.

ALS and item-kNN are those of `implicit`. EASE (Steck, WWW 2019, eq. 8) and SAR (Microsoft
Recommenders: Jaccard similarity, affinity with a half-life) have no library with the numbers'
library that the project runs on; both are a formula.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

from tests.benchmarks.recommendations.ratings import Events, Ints

Scores = npt.NDArray[np.float32]
Scorer = Callable[[int], Scores]

TRENDING_DAYS: Final = 14
_DAY: Final = 86_400
_GRID_EASE: Final = (50.0, 100.0, 200.0, 400.0, 800.0)
_GRID_FACTORS: Final = (8, 16, 32)
_GRID_NEIGHBOURS: Final = (100, 400, 1_000)
_GRID_HALF_LIFE_DAYS: Final = (30, 180, 720)


def matrix(events: Events, rows: Ints) -> sparse.csr_matrix:
    """Return who turned to what: (users, items) of ones."""
    shape = (events.user_count, events.item_count)
    ones = np.ones(len(rows), dtype=np.float32)
    return sparse.csr_matrix((ones, (events.users[rows], events.items[rows])), shape=shape)


def every(events: Events, rows: Ints) -> Iterator[tuple[str, str, Scorer]]:
    """Yield every baseline at every setting: its family, its setting, what scores for a user."""
    seen = matrix(events, rows)
    dense = seen.toarray()
    popular = dense.sum(axis=0)
    yield "popularity", "", lambda _: popular
    yield "trending_14d", "", _trending(events, rows, popular)
    for strength in _GRID_EASE:
        weights = ease(dense, strength)
        yield "ease", f"λ {strength:.0f}", lambda user, weights=weights: dense[user] @ weights  # type: ignore[misc]  # bound now
    for similar in _neighbours(seen):
        yield "item_knn", similar[0], lambda user, by=similar[1]: dense[user] @ by  # type: ignore[misc]  # bound now
    for name, users, items in _factors(seen):
        yield "als", name, lambda user, u=users, i=items: i @ u[user]  # type: ignore[misc]  # bound now
    alike = _jaccard(dense)
    for days in _GRID_HALF_LIFE_DAYS:
        affinity = _faded(events, rows, days)
        yield "sar", f"{days} d", lambda user, by=affinity: by[user] @ alike  # type: ignore[misc]  # bound now


def ease(seen: npt.NDArray[np.float32], strength: float) -> Scores:
    """Return EASE's item weights, (items, items), by its closed form."""
    gram = (seen.T @ seen).astype(np.float64)
    gram[np.diag_indices_from(gram)] += strength
    inverse = np.linalg.inv(gram)
    weights = -inverse / np.diag(inverse)[None, :]
    weights[np.diag_indices_from(weights)] = 0.0
    return weights.astype(np.float32)


def _trending(events: Events, rows: Ints, popular: Scores) -> Scorer:
    """Popularity that fades, as it stood when the user was last there."""
    last: dict[int, int] = {}
    for row in rows:
        last[int(events.users[row])] = int(events.times[row])
    times, items = events.times[rows], events.items[rows]
    half_life = TRENDING_DAYS * _DAY

    def score(user: int) -> Scores:
        ages = last[user] - times
        weights = np.where(ages >= 0, np.exp2(-np.maximum(ages, 0) / half_life), 0.0)
        counts = np.bincount(items, weights, events.item_count)
        return (counts + 1e-9 * popular).astype(np.float32)

    return score


def _neighbours(seen: sparse.csr_matrix) -> Iterator[tuple[str, Any]]:
    from implicit.nearest_neighbours import (
        BM25Recommender,
        CosineRecommender,
        TFIDFRecommender,
    )

    for kind in (CosineRecommender, TFIDFRecommender, BM25Recommender):
        for count in _GRID_NEIGHBOURS:
            model = kind(K=count, num_threads=2)
            model.fit(seen, show_progress=False)
            yield f"{kind.__name__} {count}", model.similarity.toarray().astype(np.float32)


def _factors(seen: sparse.csr_matrix) -> Iterator[tuple[str, Any, Any]]:
    from implicit.als import AlternatingLeastSquares

    for factors in _GRID_FACTORS:
        for regularisation in (0.01, 0.1):
            model = AlternatingLeastSquares(
                factors=factors,
                regularization=regularisation,
                iterations=15,
                random_state=1,
                num_threads=2,
            )
            model.fit(seen, show_progress=False)
            yield f"{factors} factors, {regularisation}", model.user_factors, model.item_factors


def _jaccard(seen: npt.NDArray[np.float32]) -> Scores:
    together = seen.T @ seen
    counts = np.diag(together)
    return np.asarray(together / np.maximum(counts[:, None] + counts[None, :] - together, 1.0))


def _faded(events: Events, rows: Ints, days: int) -> Any:
    ages = (events.times[rows].max() - events.times[rows]) / (days * _DAY)
    shape = (events.user_count, events.item_count)
    weights = np.exp2(-ages).astype(np.float32)
    return sparse.csr_matrix(
        (weights, (events.users[rows], events.items[rows])), shape=shape
    ).toarray()
