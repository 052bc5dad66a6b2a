"""The figures of a set: whole, by hazard, by language and by group; the gate beside words alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from moderation.core.policy import Policy
from moderation.core.wordlists import WordLists
from tests.benchmarks.moderation.curves import (
    Bools,
    Estimate,
    Floats,
    Measures,
    best_within,
    estimates,
    flags,
    ranking,
)
from tests.benchmarks.moderation.judging import SEVERE, STRONG, Judged

LARGEST_FPR = 0.10


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        part: which items: empty for all, else a hazard, language or group.
        judge: `gate` (the whole policy), `detector` (one hazard's own score), `words` (the shipped
            lists alone), `listed` (lists that were given), `crossed` (a cross-validated head).
        items, harmful: how many.
        measures: by name; those of flags begin with hold_ (not released) or block_ (refused).
        ceiling: the best F1 of any threshold with at most 10 % false positives, and the threshold
            (a probability, of the gate a margin in logits); chosen on these items.
    """

    part: str
    judge: str
    items: int
    harmful: int
    measures: Mapping[str, Estimate] = field(default_factory=dict)
    ceiling: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Resampling:
    """How intervals are made: the same seed gives the same ones."""

    resamples: int
    seed: int


def rows_of(
    judged: Sequence[Judged], policy: Policy, how: Resampling, listed: WordLists | None = None
) -> list[Row]:
    """Return the rows of one set.

    `listed` are further word lists to compare with: any of their words holds.
    """
    rows = [*_whole("", judged, how, listed)]
    hazards = list(dict.fromkeys(name for one in judged for name in one.item.hazards))
    for hazard in hazards:
        # Harmless items have a hazard where a file is about one; else they count for all.
        own = [
            one
            for one in judged
            if hazard in one.item.hazards or not (one.item.is_harmful or one.item.hazards)
        ]
        if len(own) < len(judged):
            rows += _whole(hazard, own, how, listed)
        if all(hazard in one.scores for one in own):
            rows.append(_detector(hazard, own, policy, how))
    languages = dict.fromkeys(one.item.language for one in judged)
    for language in languages if len(languages) > 1 else ():
        own = [one for one in judged if one.item.language == language]
        rows += _whole(f"language {language}", own, how, listed)
    for group in dict.fromkeys(one.item.group for one in judged if one.item.group):
        own = [one for one in judged if one.item.group == group]
        rows.append(_gate(f"group {group}", own, how))
    return rows


def row(
    part: str,
    judge: str,
    *,
    truth: Bools,
    scores: Floats | None,
    flagged: Mapping[str, Bools],
    how: Resampling,
) -> Row:
    """Measure scores, where there are any, and flags by their name (hold, block)."""
    return Row(
        part=part,
        judge=judge,
        items=len(truth),
        harmful=int(truth.sum()),
        measures=estimates(
            _measure(truth, scores, flagged), len(truth), resamples=how.resamples, seed=how.seed
        ),
        ceiling=None if scores is None else best_within(scores, truth, largest_fpr=LARGEST_FPR),
    )


def truth_of(judged: Sequence[Judged]) -> Bools:
    """Return (items,): which are harmful by their label."""
    return np.array([one.item.is_harmful for one in judged], dtype=np.bool_)


def _measure(
    truth: Bools, scores: Floats | None, flagged: Mapping[str, Bools]
) -> Callable[[Floats], Measures]:
    def measure(counts: Floats) -> Measures:
        found = {} if scores is None else dict(ranking(scores, truth, counts))
        for name, flag in flagged.items():
            found |= {f"{name}_{key}": value for key, value in flags(flag, truth, counts).items()}
        return found

    return measure


def _whole(
    part: str, judged: Sequence[Judged], how: Resampling, listed: WordLists | None
) -> list[Row]:
    truth = truth_of(judged)
    ranks = np.array([one.words_rank for one in judged], dtype=np.float64)
    by_words = {"hold": ranks >= STRONG, "block": ranks >= SEVERE}
    found = [
        _gate(part, judged, how),
        row(part, "words", truth=truth, scores=ranks, flagged=by_words, how=how),
    ]
    if listed is not None:
        counts = np.array([len(listed.find(one.item.text)) for one in judged], dtype=np.float64)
        found.append(
            row(part, "listed", truth=truth, scores=counts, flagged={"hold": counts > 0}, how=how)
        )
    return found


def _gate(part: str, judged: Sequence[Judged], how: Resampling) -> Row:
    margins = np.array([one.margin for one in judged], dtype=np.float64)
    flagged = {
        "hold": np.array([one.is_held for one in judged], dtype=np.bool_),
        "block": np.array([one.is_blocked for one in judged], dtype=np.bool_),
    }
    return row(part, "gate", truth=truth_of(judged), scores=margins, flagged=flagged, how=how)


def _detector(hazard: str, judged: Sequence[Judged], policy: Policy, how: Resampling) -> Row:
    scores = np.array([one.scores[hazard] for one in judged], dtype=np.float64)
    threshold = policy.surfaces[judged[0].item.surface].thresholds[hazard]
    flagged = {"hold": scores >= threshold.hold_at}
    if threshold.block_at is not None:
        flagged["block"] = scores >= threshold.block_at
    return row(hazard, "detector", truth=truth_of(judged), scores=scores, flagged=flagged, how=how)
