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

from moderation.core import minors
from moderation.core.decisions import Decision, HashHit, ListHit, Verdict
from moderation.core.detectors import IN_PROCESS
from moderation.core.policy import Policy, SurfaceRules, combine, evaluate
from moderation.core.signals import Signal

_Z: Final = 1.959964  # of a two-sided interval of 95 %
_WAITING: Final = frozenset({Verdict.HOLD, Verdict.UNAVAILABLE})


@dataclass(frozen=True, slots=True)
class Stored:
    """One decision as it was kept.

    `findings` are `Finding.to_json` of each surface; `is_harmful` is what a person decided about
    the asset (True: blocked), None where nobody did.
    """

    id: str
    asset_id: str
    verdict: Verdict
    findings: Sequence[Mapping[str, Any]]
    hash_hits: Sequence[Mapping[str, Any]]
    is_harmful: bool | None


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

    def add(self, stored: Stored) -> Verdict:
        """Decide it again and count; returns what the policy says."""
        decision = again(self.policy, stored)
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


def again(policy: Policy, stored: Stored) -> Decision | None:
    """Return what a policy says of stored signals; None where none were kept."""
    decisions = []
    seen = []
    for finding in stored.findings:
        surface = finding["surface"]
        if surface not in policy.surfaces:
            return None
        signals = _signals(policy.surfaces[surface], finding)
        seen.append(minors.Seen(surface, finding["text"], signals))
        decisions.append(
            evaluate(
                policy,
                surface=surface,
                signals=signals,
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
                    )
                    for one in stored.hash_hits
                    if one["surface"] == surface
                ],
            )
        )
    return combine(decisions, further=minors.reason_across(seen)) if decisions else None


def _signals(rules: SurfaceRules, finding: Mapping[str, Any]) -> list[Signal]:
    """Return what was said then, and what detectors of this process that are newer say now.

    They need nothing but the text, which was kept; others that were not asked stay missing.
    """
    said = [Signal.from_json(one) for one in finding["signals"]]
    given = {signal.detector for signal in said}
    text = finding["text"]
    needed = rules.required + (rules.required_with_text if text.strip() else ())
    newer = [name for name in dict.fromkeys(needed) if name in IN_PROCESS and name not in given]
    return said + [IN_PROCESS[name](text) for name in newer]


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
