"""How much reports count together: by the reporters' records, damped where they act as one.

A reporter's reliability is the posterior mean of a Beta distribution over the share of their
reports that people upheld: (a + upheld) / (a + b + upheld + rejected); Gelman et al., Bayesian
Data Analysis, 3rd ed., section 2.4. Divided by the prior's mean, so that somebody without a record
counts 1 and whoever is always right approaches (a + b) / a.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations


@dataclass(frozen=True, slots=True)
class Reported:
    """One person's report.

    Attributes:
        reliability: what they count for alone, see `Weighing.reliability`.
        account_age: of their account when they reported.
        organisations: those that they work in with others.
        note: what they wrote.
    """

    reliability: float
    account_age: timedelta
    organisations: frozenset[str]
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Weighing:
    """The figures of the formula.

    `upheld` and `rejected` are a and b of the prior. An account younger than `is_new_for` counts
    `new_share` of its reliability. Of reports that belong together the second counts `share` of
    itself, the third `share` squared: however many there are, never 1 / (1 - `share`) times the
    strongest or more.
    """

    upheld: float
    rejected: float
    is_new_for: timedelta
    new_share: float
    share: float
    burst: timedelta
    alike_characters: int

    def reliability(self, *, upheld: int, rejected: int) -> float:
        """Return what a record of that many upheld and rejected reports counts."""
        prior = self.upheld / (self.upheld + self.rejected)
        seen = self.upheld + self.rejected + upheld + rejected
        return (self.upheld + upheld) / seen / prior

    def alone(self, report: Reported) -> float:
        """Return what one report counts by itself."""
        return report.reliability * (self.new_share if self._is_new(report) else 1.0)

    def together(self, reports: Sequence[Reported]) -> float:
        """Return what several people's reports of one thing count together."""
        return sum(self._damped(group) for group in self._groups(reports))

    def _damped(self, group: Iterable[Reported]) -> float:
        strongest_first = sorted(map(self.alone, group), reverse=True)
        return sum(weight * self.share**place for place, weight in enumerate(strongest_first))

    def _groups(self, reports: Sequence[Reported]) -> Iterable[list[Reported]]:
        """Put together what is linked, directly or through others."""
        group_of = list(range(len(reports)))
        for first, second in combinations(range(len(reports)), 2):
            if group_of[first] != group_of[second] and self._belong(
                reports[first], reports[second]
            ):
                joined, kept = group_of[second], group_of[first]
                group_of = [kept if group == joined else group for group in group_of]
        groups: dict[int, list[Reported]] = {}
        for report, group in zip(reports, group_of, strict=True):
            groups.setdefault(group, []).append(report)
        return groups.values()

    def _belong(self, first: Reported, second: Reported) -> bool:
        if first.organisations & second.organisations:
            return True
        words = _words(first.note)
        if len(words) >= self.alike_characters and words == _words(second.note):
            return True
        # Established people who see the same thing at the same time do report it at that time.
        are_new = self._is_new(first) and self._is_new(second)
        return are_new and abs(first.at - second.at) <= self.burst

    def _is_new(self, report: Reported) -> bool:
        return report.account_age < self.is_new_for


def _words(note: str) -> str:
    return " ".join(note.casefold().split())
