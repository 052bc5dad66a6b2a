"""Measures of a ranking and of a flag against the truth, with bootstrap intervals.

Every measure takes `counts`, a (resamples, items) array that says how often each item is drawn; the
measure itself is the row of ones. So one pass gives the value of every resample.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Measures = Mapping[str, Floats]

RARE = 0.01
"""The share of harmless items that may be flagged in `recall_at_1pct_fpr`."""
_CONFIDENCE = (2.5, 97.5)
_ROWS = 100  # resamples at a time: 100 x 3,000 items are 2 MB


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measure and its 95 % bootstrap percentile interval."""

    value: float
    low: float
    high: float


def ranking(scores: Floats, truth: Bools, counts: Floats) -> Measures:
    """Measure how well scores put the harmful items (`truth`) first.

    Items of one score are one step, so ties are worth a half in `auroc` and their order changes
    nothing. `auprc` is the average precision: precision after each step, weighted by the recall it
    adds, without interpolation. `recall_at_1pct_fpr` is the largest recall of any step that flags
    no more than a hundredth of the harmless items.

    Returns:
        (resamples,) each, NaN where a resample lacks harmful or harmless items.
    """
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    steps = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    drawn, harmful = counts[:, order], truth[order]
    positives = np.add.reduceat(drawn * harmful, steps, axis=1)
    negatives = np.add.reduceat(drawn * ~harmful, steps, axis=1)
    found, wrong = positives.cumsum(axis=1), negatives.cumsum(axis=1)
    all_positives, all_negatives = found[:, -1], wrong[:, -1]
    below = all_negatives[:, np.newaxis] - wrong
    both = np.where((all_positives > 0) & (all_negatives > 0), 1.0, np.nan)
    auroc = _ratio((positives * (below + negatives / 2)).sum(axis=1), all_positives * all_negatives)
    precision = _ratio(found, found + wrong)
    auprc = _ratio(np.nansum(positives * precision, axis=1), all_positives)
    allowed = wrong <= RARE * all_negatives[:, np.newaxis] + 1e-9
    at_rare = _ratio(np.where(allowed, found, 0.0).max(axis=1), all_positives)
    return {"auprc": auprc * both, "auroc": auroc * both, "recall_at_1pct_fpr": at_rare * both}


def flags(flagged: Bools, truth: Bools, counts: Floats) -> Measures:
    """Measure a flag: `f1`, `precision`, `recall` and `fpr` (share of harmless items flagged).

    Returns:
        (resamples,) each, NaN where the denominator is nothing: precision when nothing was
        flagged, recall and F1 without harmful items, FPR without harmless ones.
    """
    found = counts @ (flagged & truth)
    wrong = counts @ (flagged & ~truth)
    positives, negatives = counts @ truth, counts @ ~truth
    has_positives = np.where(positives > 0, 1.0, np.nan)
    return {
        "f1": _ratio(2 * found, found + wrong + positives) * has_positives,
        "precision": _ratio(found, found + wrong),
        "recall": _ratio(found, positives),
        "fpr": _ratio(wrong, negatives),
    }


def estimates(
    measure: Callable[[Floats], Measures], items: int, *, resamples: int, seed: int
) -> dict[str, Estimate]:
    """Return each measure that is defined, with its interval; the same seed draws the same.

    Resamples for which a measure is undefined are left out of its interval.
    """
    point = measure(np.ones((1, items)))
    drawn: dict[str, list[Floats]] = {name: [] for name in point}
    for counts in _resamples(items, resamples, seed):
        for name, values in measure(counts).items():
            drawn[name].append(values)
    found = {}
    for name, value in point.items():
        if not np.isfinite(value[0]):
            continue
        values = np.concatenate([value[:0], *drawn[name]])
        values = values[np.isfinite(values)]
        low, high = np.percentile(values, _CONFIDENCE) if len(values) else (value[0], value[0])
        found[name] = Estimate(float(value[0]), float(low), float(high))
    return found


def _resamples(items: int, resamples: int, seed: int) -> Iterator[Floats]:
    random = np.random.default_rng(seed)
    for start in range(0, resamples, _ROWS):
        size = min(_ROWS, resamples - start)
        yield random.multinomial(items, np.full(items, 1 / items), size=size).astype(np.float64)


def _ratio(part: Floats, whole: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio: Floats = np.where(whole > 0, part / whole, np.nan)
    return ratio


def best_within(scores: Floats, truth: Bools, *, largest_fpr: float) -> tuple[float, float] | None:
    """Return the best F1 that any threshold on `scores` has within an FPR, and that threshold.

    It is chosen on the very items it is measured on, so it is a ceiling and no proposal. None when
    no threshold keeps the FPR, or items of either kind are missing.
    """
    found: tuple[float, float] | None = None
    positives, negatives = int(truth.sum()), int((~truth).sum())
    if not positives or not negatives:
        return None
    order = np.argsort(-scores, kind="stable")
    ordered, harmful = scores[order], truth[order]
    last_of_step = np.flatnonzero(np.r_[ordered[1:] != ordered[:-1], True])
    caught, wrong = harmful.cumsum()[last_of_step], (~harmful).cumsum()[last_of_step]
    for place, right, false in zip(last_of_step, caught, wrong, strict=True):
        f1 = 2 * float(right) / float(right + false + positives)
        if false <= largest_fpr * negatives + 1e-9 and (found is None or f1 > found[0]):
            found = f1, float(ordered[place])
    return found
