"""The policy, and the pure function that turns signals into a decision under it."""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from moderation.core import detectors, tightening
from moderation.core.context import Audience, Context
from moderation.core.decisions import (
    RANK,
    Decision,
    HashHit,
    ListHit,
    Reason,
    Verdict,
    Waiting,
)
from moderation.core.documents import shaped
from moderation.core.loosening import looser
from moderation.core.marked_yaml import Mistake
from moderation.core.policy_file import (
    InvalidPolicy,
    PolicyFile,
    RuleFile,
    WaitingFile,
    contradictions,
)
from moderation.core.reasoning import hashed, listed, outages, scored
from moderation.core.rules import Rule, condition, judged_by_rules
from moderation.core.signals import Signal
from moderation.core.surfaces import Surface, SurfaceRules, Threshold, rules_of

__all__ = [
    "DEFAULT_POLICY",
    "InvalidPolicy",
    "Policy",
    "Surface",
    "SurfaceRules",
    "Threshold",
    "combine",
    "evaluate",
    "for_audience",
    "load",
    "parse",
]

DEFAULT_POLICY = Path(__file__).parent / "policies" / "default.yaml"
_OTHERWISE = "otherwise"
# Parts that came later: a policy without them is the version that it was before there were any.
_LATER = ("unavailable", "rules", "audiences")


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy. `version` is the SHA-256 of its canonical content, word lists included.

    The author of what is held or blocked for a listed word reads which one it was where its hazard
    is among `words_told_to_authors`; staff always do. `waiting` says by hazard ("otherwise": by any
    other) what is done while nobody can speak about it. `file` is what it was made of.
    """

    name: str
    version: str
    source: str
    detectors: Mapping[str, tuple[str, ...]]
    surfaces: Mapping[str, SurfaceRules]
    reports_hold_at: int
    words_told_to_authors: frozenset[str]
    waiting: Mapping[str, Waiting]
    rules: tuple[Rule, ...]
    file: PolicyFile
    lists_digest: str


def load(
    path: Path = DEFAULT_POLICY, *, lists_digest: str = "", guards: Collection[str] = ()
) -> Policy:
    """Read a policy file; `lists_digest` makes the word lists part of its version.

    `guards` are the detectors that an operator has added.

    Raises:
        InvalidPolicy: when the file is no YAML, breaks a rule of the format, or names a detector
            that there is not: it would never answer.
        OSError: when it cannot be read.
    """
    policy = parse(path.read_text(encoding="utf-8"), lists_digest=lists_digest)
    if nobody := detectors.unknown(set(policy.detectors) - set(guards)):
        known = ", ".join([*detectors.DETECTORS, *guards])
        what = f"no detector is called {', '.join(sorted(nobody))}"
        raise InvalidPolicy([Mistake("detectors", 0, 0, what, f"There are: {known}.")])
    return policy


def parse(source: str, *, lists_digest: str = "") -> Policy:
    """As `load`, from the text itself."""
    file, marked = shaped(PolicyFile, source)
    mistakes = [
        *contradictions(file, marked),
        *(
            mistake
            for number, audience in enumerate(file.audiences)
            for mistake in looser(file, audience, marked, ("audiences", number))
        ),
    ]
    if mistakes:
        raise InvalidPolicy(mistakes)
    return _policy(file, source, lists_digest)


def for_audience(
    policy: Policy,
    audience: Audience,
    further: Sequence[tightening.TighteningFile] = (),
) -> Policy:
    """Return the policy as it is for an audience, never milder than it was.

    Its source is a policy by itself: read again, it has the same version.
    """
    file = tightening.for_audience(policy.file, audience, further)
    if file is policy.file:
        return policy
    return _policy(file, tightening.written(file), policy.lists_digest)


def evaluate(
    policy: Policy,
    *,
    surface: Surface,
    signals: Sequence[Signal],
    list_hits: Sequence[ListHit] = (),
    hash_hits: Sequence[HashHit] = (),
    context: Context | None = None,
) -> Decision:
    """Decide one item under a policy; pure, so it can be repeated on stored signals.

    The most severe reason wins: block, hold, unavailable, release. A hazard the policy does not
    name is held, because nobody has ruled on it yet. A required detector that did not answer, or
    did not give a label it must give, makes the item unavailable: an outage never releases. An
    exact hash on the allow list lifts holds by score (a person has judged these very bytes),
    never a block and never an outage. For `context` see `judged_by_rules`.
    """
    surface_rules = policy.surfaces[surface]
    required = surface_rules.required_of(signals)
    reasons = [
        *outages(policy.detectors, surface_rules, required, signals),
        *(reason for signal in signals for reason in scored(surface_rules, signal)),
        *listed(surface_rules, list_hits),
        *hashed(hash_hits),
    ]
    if policy.rules:
        reasons += judged_by_rules(
            policy.rules,
            surface=surface,
            signals=signals,
            expected=[hazard for detector in required for hazard in policy.detectors[detector]],
            list_hits=list_hits,
            hash_hits=hash_hits,
            context=context,
        )
    if any(hit.action == "allow" and hit.kind == "sha256" for hit in hash_hits):
        reasons = [reason for reason in reasons if reason.rule != "score_hold"]
    versions = {signal.detector: signal.version for signal in signals if signal.is_available}
    return _decision(policy.version, versions, reasons, _waiting(policy, reasons))


def combine(decisions: Sequence[Decision], *, further: Sequence[Reason] = ()) -> Decision:
    """Return the decision over several surfaces of one item: the most severe wins.

    `further` are reasons of no surface alone, which only their being together gives.

    Raises:
        ValueError: when there is nothing to combine, or the decisions' policies differ.
    """
    if len({decision.policy_version for decision in decisions}) != 1:
        raise ValueError("combine needs decisions of one policy version, at least one")
    versions: dict[str, str] = {}
    for decision in decisions:
        versions.update(decision.detector_versions)
    reasons = [reason for decision in decisions for reason in decision.reasons]
    waiting = _strictest(one.waiting for one in decisions)
    return _decision(decisions[0].policy_version, versions, [*reasons, *further], waiting)


def _waiting(policy: Policy, reasons: Sequence[Reason]) -> Waiting | None:
    """Return the strictest of what is said about the hazards that nobody can speak about."""
    concerned = {
        hazard
        for reason in reasons
        if reason.verdict is Verdict.UNAVAILABLE
        for hazard in reason.hazards or (_OTHERWISE,)
    }
    otherwise = policy.waiting.get(_OTHERWISE)
    return _strictest(policy.waiting.get(hazard, otherwise) for hazard in concerned)


def _strictest(found: Iterable[Waiting | None]) -> Waiting | None:
    known = (one for one in found if one is not None)
    return max(known, key=lambda one: one.strictness, default=None)


def _decision(
    version: str,
    versions: Mapping[str, str],
    reasons: Iterable[Reason],
    waiting: Waiting | None,
) -> Decision:
    ordered = tuple(
        sorted(reasons, key=lambda reason: (-RANK[reason.verdict], -(reason.score or 0.0)))
    )
    return Decision(
        verdict=ordered[0].verdict if ordered else Verdict.RELEASE,
        reasons=ordered,
        policy_version=version,
        evaluation_version=_digest({"policy": version, "detectors": dict(versions)}),
        detector_versions=MappingProxyType(dict(versions)),
        waiting=waiting,
    )


def _policy(file: PolicyFile, source: str, lists_digest: str) -> Policy:
    document = file.model_dump(mode="json")
    content = {
        "policy": {key: value for key, value in document.items() if value or key not in _LATER},
        "word_lists": lists_digest,
    }
    return Policy(
        name=file.name,
        version=_digest(content),
        source=source,
        detectors=MappingProxyType(
            {name: tuple(map(str, hazards)) for name, hazards in file.detectors.items()}
        ),
        surfaces=MappingProxyType(
            {str(name): rules_of(surface) for name, surface in file.surfaces.items()}
        ),
        reports_hold_at=file.reports.hold_at,
        words_told_to_authors=frozenset(map(str, file.words_told_to_authors)),
        waiting=MappingProxyType(
            {str(key): _waiting_of(one) for key, one in file.unavailable.items()}
        ),
        rules=tuple(_rule(one) for one in file.rules),
        file=file,
        lists_digest=lists_digest,
    )


def _waiting_of(file: WaitingFile) -> Waiting:
    return Waiting(file.then, file.seconds)


def _rule(file: RuleFile) -> Rule:
    when, needs_origin = condition(file.when)
    return Rule(
        name=file.name,
        when=when,
        on=frozenset(file.on),
        then=file.then,
        hazard=str(file.hazard),
        told="" if file.told is None else str(file.told),
        needs_origin=needs_origin,
    )


def _digest(content: Mapping[str, Any]) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
