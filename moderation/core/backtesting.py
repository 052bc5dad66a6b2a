"""What another policy would have decided, from stored signals: no detector is asked again.

A decision is repeated from what its verdict kept of every surface: signals, list hits, hash hits.
How well a policy does is measured against what people decided afterwards. They see what was held or
reported, so recall is that among what somebody looked at, not among everything there was.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from moderation.core import minors
from moderation.core.context import Context
from moderation.core.decisions import Decision, HashHit, ListHit, Verdict
from moderation.core.detectors import IN_PROCESS
from moderation.core.intervals import Interval, wilson
from moderation.core.policy import (
    Policy,
    Surface,
    SurfaceRules,
    combine,
    evaluate,
    for_audience,
)
from moderation.core.signals import Signal
from moderation.core.tightening import TighteningFile

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
            self.examples.append(Changed(stored.asset_id, stored.verdict, after, because(decision)))
        if stored.is_harmful is not None:
            self.then.add(stored.verdict, is_harmful=stored.is_harmful)
            self.now.add(after, is_harmful=stored.is_harmful)
        return after

    def to_json(self) -> dict[str, Any]:
        """Return all that was counted, so that another process goes on; see `from_json`."""
        return {
            "moves": [[then, now, count] for (then, now), count in self.moves.items()],
            "not_repeatable": self.not_repeatable,
            "then": asdict(self.then),
            "now": asdict(self.now),
            "examples": [asdict(one) for one in self.examples],
        }

    @classmethod
    def from_json(cls, policy: Policy, counted: Mapping[str, Any]) -> "Backtest":
        """Return a backtest that goes on where another stopped; an empty mapping begins."""
        if not counted:
            return cls(policy)
        return cls(
            policy,
            moves=Counter(
                {(Verdict(then), Verdict(now)): count for then, now, count in counted["moves"]}
            ),
            not_repeatable=counted["not_repeatable"],
            then=Tally(**counted["then"]),
            now=Tally(**counted["now"]),
            examples=[
                Changed(
                    one["asset_id"],
                    Verdict(one["before"]),
                    Verdict(one["after"]),
                    tuple(one["because"]),
                )
                for one in counted["examples"]
            ],
        )

    def figures(self, *, days: float) -> dict[str, Any]:
        """Return what people and programs read, JSON values; `days` is the period's length."""
        then, after = self.waiting
        return {
            "policy": self.policy.version,
            "decisions": self.decisions,
            "changed": self.changed,
            "not_repeatable": self.not_repeatable,
            "moves": {f"{one}→{other}": count for (one, other), count in self.moves.items()},
            "cases_per_day_then": then / days,
            "cases_per_day_now": after / days,
            "people": {
                name: {
                    **asdict(tally),
                    "precision": _as_json(tally.precision),
                    "recall": _as_json(tally.recall),
                }
                for name, tally in (("then", self.then), ("now", self.now))
            },
            "examples": [asdict(one) for one in self.examples],
        }

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
        context = context_of(stored.findings)
        key = (context.audience, context.tightened_by)
        if key not in self._audiences:
            self._audiences[key] = for_audience(self.policy, context.audience, stored.tightened_by)
        return self._audiences[key]


def context_of(findings: Sequence[Mapping[str, Any]]) -> Context:
    """Return the context that a decision was made in; empty where none was kept."""
    kept = next((one["context"] for one in findings if one.get("context")), None)
    return Context() if kept is None else Context.from_json(kept)


def again(policy: Policy, stored: Stored) -> Decision | None:
    """Return what a policy says of stored signals; None where none were kept.

    The policy is the one for the audience, if it has such: see `for_audience`.
    """
    decisions = decisions_again(policy, stored.findings, stored.hash_hits)
    return together_again(policy, stored.findings, decisions) if decisions else None


def decisions_again(
    policy: Policy,
    findings: Sequence[Mapping[str, Any]],
    hash_hits: Sequence[Mapping[str, Any]],
) -> list[tuple[Surface, Decision]]:
    """Return what a policy says of each stored surface, in their order.

    Nothing where nothing was kept, and where the policy has no rules for one of the surfaces.
    """
    if any(finding["surface"] not in policy.surfaces for finding in findings):
        return []
    context = context_of(findings)
    return [
        (
            finding["surface"],
            evaluate(
                policy,
                surface=finding["surface"],
                signals=_signals(policy.surfaces[finding["surface"]], finding),
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
                        content=one.get("content", ""),
                    )
                    for one in hash_hits
                    if one["surface"] == finding["surface"]
                ],
                context=context,
            ),
        )
        for finding in findings
    ]


def together_again(
    policy: Policy,
    findings: Sequence[Mapping[str, Any]],
    decisions: Sequence[tuple[Surface, Decision]],
) -> Decision:
    """Return the decision over all surfaces again, and over what they say of each other."""
    seen = [
        minors.Seen(
            finding["surface"],
            finding["text"],
            _signals(policy.surfaces[finding["surface"]], finding),
        )
        for finding in findings
    ]
    further = minors.reason_across(seen)
    return combine([decision for _, decision in decisions], further=further)


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


def because(decision: Decision) -> tuple[str, ...]:
    """Return the three weightiest reasons in a line each."""
    return tuple(
        f"{reason.rule} {reason.hazard or reason.detector}"
        + (f" {reason.score:.2f}" if reason.score is not None else "")
        for reason in decision.reasons[:3]
    )


def _as_json(interval: Interval | None) -> dict[str, float] | None:
    return None if interval is None else asdict(interval)
