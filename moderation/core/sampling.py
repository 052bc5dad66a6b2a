"""Which decisions are looked at again: more of what the checks were unsure of, or who is new."""

from collections.abc import Iterable
from dataclasses import dataclass

from moderation.core.intervals import wilson
from moderation.core.quality_rules import Record, SecondReview


@dataclass(frozen=True, slots=True)
class Chance:
    """How likely a decision is looked at again, and the parts (0..1) that it was made of."""

    value: float
    uncertainty: float
    doubt: float


def chance_of(
    rules: SecondReview, *, margins: Iterable[tuple[float, float]], record: Record
) -> Chance:
    """Return how likely a ruling is looked at again.

    `margins` are (score, threshold) of what the checks said, both 0..1; without any the checks said
    nothing that a person could have leant on, which is no uncertainty of theirs.
    """
    unsure = max((uncertainty(score, threshold) for score, threshold in margins), default=0.0)
    doubtful = doubt(record)
    value = rules.base + rules.uncertainty * unsure + rules.record * doubtful
    return Chance(min(rules.most, value), unsure, doubtful)


def uncertainty(score: float, threshold: float) -> float:
    """Return 1 for a score at its threshold, falling to 0 at the far end of the scale."""
    reach = max(threshold, 1.0 - threshold)
    return max(0.0, 1.0 - abs(score - threshold) / reach)


def doubt(record: Record) -> float:
    """Return 1 for who is unknown, near 0 for whom colleagues agreed with often.

    What is left to the lower end of the interval of their agreement: a few good answers prove
    little.
    """
    seen = wilson(record.agreed, record.looked_at)
    return 1.0 if seen is None else 1.0 - seen.low
