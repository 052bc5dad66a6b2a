"""Thresholds from what people found: where to hold so that most of what is held is right.

What was held is looked at by people all of it, what was released only as samples are drawn from it.
A sample of one in two hundred stands for two hundred: every label has a weight, one over the chance
that somebody looked (D. G. Horvitz, D. J. Thompson, JASA 47, 1952).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor
from typing import Literal

from moderation.core.intervals import Interval, effective, wilson
from moderation.core.quality_rules import Calibration

Call = Literal["tp", "fp", "tn", "fn", "unsure"]


@dataclass(frozen=True, slots=True)
class Label:
    """A score (0..1) with what a person found; `weight` is how many like it this one stands for."""

    score: float
    is_harmful: bool
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A threshold and what it would do.

    Attributes:
        hold_at: from which score on to hold.
        precision: what share of what it holds is right, with its interval.
        recall: what share of what is harmful it holds, of all that anybody labelled.
        per_day: how many items a day it would hold.
        now_per_day: how many the present threshold holds, counted alike.
    """

    hold_at: float
    precision: Interval
    recall: Interval | None
    per_day: float
    now_per_day: float


@dataclass(frozen=True, slots=True)
class TooFew:
    """No threshold is proposed: so many labels are missing, of all, harmful and harmless ones."""

    labels: int
    harmful: int
    harmless: int


def call_of(*, is_called: bool, truth: bool | None) -> Call:
    """Return what a check's call was in the light of what a person found; None: they are unsure."""
    if truth is None:
        return "unsure"
    if is_called:
        return "tp" if truth else "fp"
    return "fn" if truth else "tn"


def suggest(
    labels: Sequence[Label],
    *,
    scores: Sequence[float],
    days: float,
    current: float,
    rules: Calibration,
) -> Suggestion | TooFew | None:
    """Return the lowest threshold whose precision is at least the one that is wanted.

    The lowest, as it misses the least. `scores` are those of all items of the last `days`, for the
    load. None: no threshold is that precise.
    """
    harmful = sum(one.is_harmful for one in labels)
    harmless = len(labels) - harmful
    missing = TooFew(
        max(0, rules.least_labels - len(labels)),
        max(0, rules.least_of_each - harmful),
        max(0, rules.least_of_each - harmless),
    )
    if missing.labels or missing.harmful or missing.harmless:
        return missing
    for threshold in sorted({one.score for one in labels}):
        held = [one for one in labels if one.score >= threshold]
        precision = share(held, [one for one in held if one.is_harmful])
        if precision is not None and precision.value >= rules.precision:
            return Suggestion(
                # Down: rounded up, it would not hold what it was found by.
                hold_at=floor(threshold * 10_000) / 10_000,
                precision=precision,
                recall=share(
                    [one for one in labels if one.is_harmful],
                    [one for one in held if one.is_harmful],
                ),
                per_day=sum(score >= threshold for score in scores) / days,
                now_per_day=sum(score >= current for score in scores) / days,
            )
    return None


def share(whole: Sequence[Label], part: Sequence[Label]) -> Interval | None:
    """Return how much of these labels those are, by weight; None of none."""
    weights = [one.weight for one in whole]
    total = sum(weights)
    if not total:
        return None
    count = effective(weights)
    value = min(1.0, sum(one.weight for one in part) / total)
    return wilson(value * count, count)
