"""What another policy would have decided, from stored signals: no detector is asked again.

A decision is repeated from what its verdict kept of every surface: signals, list hits, hash hits.
How well a policy does is measured against what people decided afterwards. They see what was held or
reported, so recall is that among what somebody looked at, not among everything there was.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import Any, Final

from moderation.core.context import Context
from moderation.core.decisions import Decision, HashHit, ListHit, Verdict
from moderation.core.policy import Policy, combine, evaluate, for_audience
from moderation.core.signals import Signal
from moderation.core.tightening import TighteningFile

_Z: Final = 1.959964  # of a two-sided interval of 95 %
_WAITING: Final = frozenset({Verdict.HOLD, Verdict.UNAVAILABLE})


@dataclass(frozen=True, slots=True)
class Stored:
    """One decision as it was kept.

    `findings` are `Finding.to_json` of each surface; `is_harmful` is what a person decided about
    the asset (True: blocked), None where nobody did. `tightened_by` are the rules of its
    organisation and project at that time, those that its context names.
    """

    id: str
    asset_id: str
    verdict: Verdict
    findings: Sequence[Mapping[str, Any]]
    hash_hits: Sequence[Mapping[str, Any]]
    is_harmful: bool | None
    tightened_by: tuple[TighteningFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Interval:
    """A share with its 95 % interval (Wilson 1927); None where nothing was counted."""

    value: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Changed:
    """A decision that would be another one, and why (most severe reason first)."""

    asset_id: str
    before: Verdict
    after: Verdict
    because: tuple[str, ...]


@dataclass(slots=True)
class Tally:
    """Decisions of one policy against people's: harmful and not let through, and so on."""

    true_positive: int = 0
    false_positive: int = 0
    true_negative: int = 0
    false_negative: int = 0

    def add(self, verdict: Verdict, *, is_harmful: bool) -> None:
        """Count one decision; whatever is not released counts as flagged."""
        is_flagged = verdict is not Verdict.RELEASE
        self.true_positive += is_flagged and is_harmful
        self.false_positive += is_flagged and not is_harmful
        self.true_negative += not is_flagged and not is_harmful
        self.false_negative += not is_flagged and is_harmful

    @property
    def precision(self) -> Interval | None:
        """How much of what was flagged people blocked."""
        return wilson(self.true_positive, self.true_positive + self.false_positive)

    @property
    def recall(self) -> Interval | None:
        """How much of what people blocked was flagged."""
        return wilson(self.true_positive, self.true_positive + self.false_negative)


@dataclass(slots=True)
class Backtest:
    """A policy run over stored decisions; `add` them one by one, then read the figures.

    Attributes:
        moves: decisions by (verdict then, verdict now).
        not_repeatable: decisions without stored findings, which stay what they were.
        then, now: both policies against people's decisions.
        examples: the first decisions that change, `most_examples` of each kind of move.
    """

    policy: Policy
    most_examples: int = 10
    moves: Counter[tuple[Verdict, Verdict]] = field(default_factory=Counter)
    not_repeatable: int = 0
    then: Tally = field(default_factory=Tally)
    now: Tally = field(default_factory=Tally)
    examples: list[Changed] = field(default_factory=list)
    _audiences: dict[object, Policy] = field(default_factory=dict)

    def add(self, stored: Stored) -> Verdict:
        """Decide it again and count; returns what the policy says."""
        decision = again(self._policy_of(stored), stored)
        after = stored.verdict if decision is None else decision.verdict
        self.not_repeatable += decision is None
        move = (stored.verdict, after)
        self.moves[move] += 1
        if decision and after is not stored.verdict and self.moves[move] <= self.most_examples:
            self.examples.append(
                Changed(stored.asset_id, stored.verdict, after, _because(decision))
            )
        if stored.is_harmful is not None:
            self.then.add(stored.verdict, is_harmful=stored.is_harmful)
            self.now.add(after, is_harmful=stored.is_harmful)
        return after

    @property
    def decisions(self) -> int:
        """How many were counted."""
        return self.moves.total()

    @property
    def changed(self) -> int:
        """How many would be another decision."""
        return sum(count for (then, now), count in self.moves.items() if then is not now)

    @property
    def waiting(self) -> tuple[int, int]:
        """How many went to people, and how many would: held, or nobody could judge them."""
        then = sum(count for (one, _), count in self.moves.items() if one in _WAITING)
        now = sum(count for (_, one), count in self.moves.items() if one in _WAITING)
        return then, now

    def _policy_of(self, stored: Stored) -> Policy:
        """Return the policy as it is for the audience of a decision, made once for each."""
        if not (self.policy.file.audiences or stored.tightened_by):
            return self.policy
        context = context_of(stored)
        key = (context.audience, context.tightened_by)
        if key not in self._audiences:
            self._audiences[key] = for_audience(self.policy, context.audience, stored.tightened_by)
        return self._audiences[key]


def context_of(stored: Stored) -> Context:
    """Return the context that a decision was made in; empty where none was kept."""
    kept = next((one["context"] for one in stored.findings if one.get("context")), None)
    return Context() if kept is None else Context.from_json(kept)


def again(policy: Policy, stored: Stored) -> Decision | None:
    """Return what a policy says of stored signals; None where none were kept.

    The policy is the one for the audience, if it has such: see `for_audience`.
    """
    decisions = []
    context = context_of(stored)
    for finding in stored.findings:
        surface = finding["surface"]
        if surface not in policy.surfaces:
            return None
        decisions.append(
            evaluate(
                policy,
                surface=surface,
                signals=[Signal.from_json(one) for one in finding["signals"]],
                list_hits=[
                    ListHit(one["term"], one["hazard"], one["severity"], one.get("list", ""))
                    for one in finding["words"]
                ],
                hash_hits=[
                    HashHit(
                        kind=one["kind"],
                        action=one["effect"],
                        value=one["value"],
                        distance=one["distance"],
                        hazard=one.get("hazard", ""),
                        entry=one.get("entry", ""),
                        bank=one.get("bank", ""),
                    )
                    for one in stored.hash_hits
                    if one["surface"] == surface
                ],
                context=context,
            )
        )
    return combine(decisions) if decisions else None


def wilson(successes: int, count: int) -> Interval | None:
    """Return a share with its 95 % score interval (E. B. Wilson, JASA 22, 1927)."""
    if not count:
        return None
    share, square = successes / count, _Z * _Z
    centre = (share + square / (2 * count)) / (1 + square / count)
    spread = _Z * sqrt(share * (1 - share) / count + square / (4 * count * count))
    spread /= 1 + square / count
    return Interval(share, max(0.0, centre - spread), min(1.0, centre + spread), count)


def _because(decision: Decision) -> tuple[str, ...]:
    return tuple(
        f"{reason.rule} {reason.hazard or reason.detector}"
        + (f" {reason.score:.2f}" if reason.score is not None else "")
        for reason in decision.reasons[:3]
    )
