"""How far people agree, beyond what they would by chance."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

from moderation.core.intervals import Z

_LEAST: Final = 2


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement about `count` items.

    Attributes:
        observed: the share (0..1) of pairs of answers that are the same.
        kappa: 1 is full agreement, 0 what chance gives, below 0 less than that; None where chance
            alone would give full agreement (everybody gave one answer), so that nothing is said.
        low, high: the 95 % interval of kappa; None where kappa is, or where too few were seen.
    """

    count: int
    observed: float
    kappa: float | None
    low: float | None
    high: float | None


def cohen(pairs: Iterable[tuple[str, str]]) -> Agreement | None:
    """Return the agreement of two who answered about the same items; None without any.

    J. Cohen, A coefficient of agreement for nominal scales, 1960; its standard error as in
    J. L. Fleiss, J. Cohen, B. S. Everitt, Large sample standard errors of kappa, 1969, eq. 13.
    """
    counted = Counter(pairs)
    n = counted.total()
    if not n:
        return None
    answers = sorted({answer for pair in counted for answer in pair})
    share = {pair: count / n for pair, count in counted.items()}
    mine = {one: sum(share.get((one, other), 0.0) for other in answers) for one in answers}
    theirs = {one: sum(share.get((other, one), 0.0) for other in answers) for one in answers}
    observed = sum(share.get((one, one), 0.0) for one in answers)
    chance = sum(mine[one] * theirs[one] for one in answers)
    if chance >= 1.0:
        return Agreement(n, observed, None, None, None)
    kappa = (observed - chance) / (1 - chance)
    same = sum(
        share.get((one, one), 0.0) * (1 - (mine[one] + theirs[one]) * (1 - kappa)) ** 2
        for one in answers
    )
    other = (1 - kappa) ** 2 * sum(
        share.get((one, two), 0.0) * (theirs[one] + mine[two]) ** 2
        for one in answers
        for two in answers
        if one != two
    )
    variance = same + other - (kappa - chance * (1 - kappa)) ** 2
    return _with_interval(n, observed, kappa, variance / (n * (1 - chance) ** 2))


def fleiss(items: Iterable[Sequence[str]]) -> Agreement | None:
    """Return the agreement of several, others about each item; None without any.

    J. L. Fleiss, Measuring nominal scale agreement among many raters, 1971. Items may have
    different numbers of answers, at least two; those with fewer are left out. The interval is the
    jackknife's over items (B. Efron, C. Stein, 1981), as Fleiss' own error holds for kappa 0 only.
    """
    rated = [Counter(answers) for answers in items if len(answers) > 1]
    if not rated:
        return None
    pairs = [(_pairs(item), item.total() * (item.total() - 1)) for item in rated]
    observed, chance = _parts(rated, pairs)
    if chance >= 1.0:
        return Agreement(len(rated), observed, None, None, None)
    kappa = (observed - chance) / (1 - chance)
    return _with_interval(len(rated), observed, kappa, _jackknife(rated, pairs))


def _pairs(item: Counter[str]) -> int:
    return sum(count * (count - 1) for count in item.values())


def _parts(rated: list[Counter[str]], pairs: list[tuple[int, int]]) -> tuple[float, float]:
    observed = sum(same / of for same, of in pairs) / len(pairs)
    answers: Counter[str] = Counter()
    for item in rated:
        answers.update(item)
    total = answers.total()
    return observed, sum((count / total) ** 2 for count in answers.values())


def _jackknife(rated: list[Counter[str]], pairs: list[tuple[int, int]]) -> float | None:
    """Return the variance of kappa, from leaving out each item once."""
    n = len(rated)
    if n < _LEAST:
        return None
    answers: Counter[str] = Counter()
    for item in rated:
        answers.update(item)
    total, agreed = answers.total(), sum(same / of for same, of in pairs)
    without = []
    for item, (same, of) in zip(rated, pairs, strict=True):
        left = total - item.total()
        chance = sum(((count - item[one]) / left) ** 2 for one, count in answers.items())
        if chance >= 1.0:
            return None
        observed = (agreed - same / of) / (n - 1)
        without.append((observed - chance) / (1 - chance))
    mean = sum(without) / n
    return (n - 1) / n * sum((one - mean) ** 2 for one in without)


def _with_interval(n: int, observed: float, kappa: float, variance: float | None) -> Agreement:
    # From a single item, or where all agree, no spread can be told.
    if variance is None or n < _LEAST:
        return Agreement(n, observed, kappa, None, None)
    spread = Z * sqrt(max(0.0, variance))
    return Agreement(n, observed, kappa, max(-1.0, kappa - spread), min(1.0, kappa + spread))
