"""Rules that say in which queue a case waits: conditions over what is known about it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeVar

from moderation.core.expressions import (
    Expression,
    ExpressionFailed,
    Kind,
    Variables,
    compiled,
    given,
)

Name = TypeVar("Name")
VARIABLES: Final[Variables] = MappingProxyType(
    {
        "because": Kind.TEXT,
        "severity": Kind.COUNT,
        "hazards": Kind.SCORES,
        "language": Kind.TEXT,
        "modality": Kind.TEXT,
        "organisation": Kind.TEXT,
        "policy": Kind.TEXT,
        "desk": Kind.TEXT,
        "clock": Kind.TEXT,
        "is_law": Kind.TRUTH,
        "is_late": Kind.TRUTH,
        "reports.count": Kind.COUNT,
        "reports.weight": Kind.NUMBER,
        "reports.best": Kind.NUMBER,
        "reach": Kind.COUNT,
    }
)
"""Every name that a rule may use."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about a case.

    Attributes:
        hazards: each with its severity (0-4).
        language: see `moderation.core.languages`.
        organisation: its id, as text.
        policy: the version that judged it; empty where none did.
        clock: the name of the clock it is due under; empty for none. `is_law` says whose it is.
        reports_best: how much the report that counts most counts alone, by its reporter's record.
        reach: how many people have seen it.
    """

    because: str
    severity: int
    hazards: Mapping[str, float]
    language: str
    modality: str
    organisation: str
    policy: str
    desk: str
    clock: str
    is_law: bool
    is_late: bool
    reports_count: int
    reports_weight: float
    reports_best: float
    reach: int

    def bound(self) -> dict[str, object]:
        """Return them by the names that rules use."""
        return {name: getattr(self, name.replace(".", "_")) for name in VARIABLES}


def condition(source: str) -> Expression:
    """Return a checked rule.

    Raises:
        InvalidExpression: naming every place that is wrong.
    """
    return compiled(source, VARIABLES)


def first_match(rules: Iterable[tuple[Name, Expression]], facts: Facts) -> Name | None:
    """Return the name of the first rule that holds; None where none does.

    A rule that can give no answer holds for nothing: the case comes to a later queue, or to none,
    where everybody finds it.
    """
    bound = given(facts.bound(), VARIABLES)
    for name, rule in rules:
        try:
            if rule.holds(bound):
                return name
        except ExpressionFailed:
            continue
    return None
