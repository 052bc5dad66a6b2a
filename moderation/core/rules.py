"""Rules of a policy: conditions over what was found and over whom it comes from and is for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from moderation.core.context import Context
from moderation.core.decisions import HashHit, ListHit, Reason, Verdict
from moderation.core.expressions import (
    Expression,
    ExpressionFailed,
    InvalidExpression,
    Kind,
    Variables,
    compiled,
    given,
)
from moderation.core.hazards import Hazard
from moderation.core.signals import Signal

Then = Literal["hold", "block", "escalate"]

_ANYWHERE: Final[Variables] = {
    "surface": Kind.TEXT,
    "signals": Kind.SCORES,
    "words": Kind.HITS,
    "hashes": Kind.HITS,
    "audience.organisation": Kind.TEXT,
    "audience.project": Kind.TEXT,
    "audience.shown_to": Kind.TEXT,
    "audience.rating": Kind.TEXT,
    "audience.region": Kind.TEXT,
}
_ORIGIN: Final[Variables] = {
    "author.age_days": Kind.NUMBER,
    "author.released": Kind.COUNT,
    "author.held": Kind.COUNT,
    "author.blocked": Kind.COUNT,
    "author.strike_points": Kind.COUNT,
    "lineage.parents": Kind.COUNT,
    "lineage.blocked_parents": Kind.COUNT,
    "lineage.held_parents": Kind.COUNT,
}
VARIABLES: Final[Variables] = MappingProxyType({**_ANYWHERE, **_ORIGIN})
"""Every name that a rule may use."""

MOST_HITS: Final = 100
"""Listed words and hashes that a rule sees of one item."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Where `when` holds for an item of one of the surfaces `on`, it is held, blocked or escalated.

    `told` is the code of what its author reads, empty for the hazard's own. `needs_origin`: it
    asks about the author or about parents, so it says nothing where there are none.
    """

    name: str
    when: Expression
    on: frozenset[str]
    then: Then
    hazard: str
    told: str
    needs_origin: bool


def condition(source: str) -> tuple[Expression, bool]:
    """Return a checked condition, and whether it asks about the author or about parents.

    Raises:
        InvalidExpression: naming every place that is wrong.
    """
    expression = compiled(source, VARIABLES)
    try:
        compiled(source, _ANYWHERE)
    except InvalidExpression:
        return expression, True
    return expression, False


def judged_by_rules(
    rules: Sequence[Rule],
    *,
    surface: str,
    signals: Sequence[Signal],
    expected: Iterable[str],
    list_hits: Sequence[ListHit],
    hash_hits: Sequence[HashHit],
    context: Context | None,
) -> Iterator[Reason]:
    """Yield a reason for each rule that holds, and for each that could give no answer.

    `expected` are the hazards that some detector had to score on this item. One that nobody gave
    is missing to a rule, and a rule that needs what is missing is an outage: it holds the item. A
    hazard nobody had to score is 0 to a rule, as it is to the thresholds. `context` None was not
    gathered, which is missing as well; of a `Context` without an author, rules about authors say
    nothing.
    """
    concerned = [rule for rule in rules if surface in rule.on]
    if not concerned:
        return
    content = _content(surface, _scores(signals, expected), list_hits, hash_hits)
    facts = given({**content, **_around(context)}, VARIABLES)
    for rule in concerned:
        if rule.needs_origin and context is not None and context.author is None:
            continue
        try:
            if rule.when.holds(facts):
                yield _reason(rule)
        except ExpressionFailed as error:
            yield Reason(
                "",
                None,
                None,
                "rule_failed",
                rule.name,
                Verdict.UNAVAILABLE,
                str(error),
                hazards=(rule.hazard,),
            )


def _reason(rule: Rule) -> Reason:
    return Reason(
        rule.hazard,
        None,
        None,
        "rule",
        rule.name,
        Verdict.BLOCK if rule.then == "block" else Verdict.HOLD,
        rule.when.source,
        told=rule.told,
        is_escalated=rule.then == "escalate",
    )


def _content(
    surface: str,
    scores: Mapping[str, float],
    list_hits: Sequence[ListHit],
    hash_hits: Sequence[HashHit],
) -> dict[str, object]:
    return {
        "surface": surface,
        "signals": scores,
        "words": [
            {
                "term": hit.term,
                "hazard": hit.hazard,
                "severity": str(hit.severity),
                "list": hit.list_name,
            }
            for hit in list_hits[:MOST_HITS]
        ],
        "hashes": [
            {"kind": hit.kind, "action": hit.action, "hazard": hit.hazard}
            for hit in hash_hits[:MOST_HITS]
        ],
    }


def _around(context: Context | None) -> dict[str, object]:
    """Return what is known around an item; what is not is missing."""
    if context is None:
        return {}
    parts = {"audience": context.audience, "author": context.author, "lineage": context.lineage}
    return {
        name: getattr(part, name.partition(".")[2])
        for name in VARIABLES
        if (part := parts.get(name.partition(".")[0])) is not None
    }


def _scores(signals: Sequence[Signal], expected: Iterable[str]) -> Mapping[str, float]:
    missing = set(expected)
    scores = {str(hazard): 0.0 for hazard in Hazard if hazard not in missing}
    for signal in signals:
        for hazard in signal.scores:
            score = signal.score(hazard)
            if score is not None:
                scores[hazard] = max(score, scores.get(hazard, 0.0))
    return scores
