"""The policy, and the pure function that turns signals into a decision under it."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import yaml

from moderation.core import detectors, policy_file
from moderation.core.decisions import (
    RANK,
    Action,
    Decision,
    HashHit,
    ListHit,
    Reason,
    Verdict,
)
from moderation.core.policy_file import InvalidPolicy
from moderation.core.signals import Signal

DEFAULT_POLICY = Path(__file__).parent / "policies" / "default.yaml"

Surface = Literal["prompt", "text", "image", "speech", "music", "video"]


@dataclass(frozen=True, slots=True)
class Threshold:
    """Probabilities 0..1; `block_at` None never blocks by itself."""

    hold_at: float
    block_at: float | None


@dataclass(frozen=True, slots=True)
class SurfaceRules:
    """The rules of one surface: prompt, text, image, speech, music or video.

    `required_with_text` are required only when a reading or listening detector found text.
    """

    required: tuple[str, ...]
    required_with_text: tuple[str, ...]
    thresholds: Mapping[str, Threshold]
    by_detector: Mapping[str, Mapping[str, Threshold]]
    words: Mapping[str, Action]

    def threshold(self, detector: str, hazard: str) -> Threshold | None:
        """Return the threshold for a detector's hazard, or None when nobody has ruled on it."""
        return self.by_detector.get(detector, {}).get(hazard) or self.thresholds.get(hazard)


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy. `version` is the SHA-256 of its canonical content, word lists included.

    The author of what is held or blocked for a listed word reads which one it was where its hazard
    is among `words_told_to_authors`; staff always do.
    """

    name: str
    version: str
    source: str
    detectors: Mapping[str, tuple[str, ...]]
    surfaces: Mapping[str, SurfaceRules]
    reports_hold_at: int
    words_told_to_authors: frozenset[str]


def load(path: Path = DEFAULT_POLICY, *, lists_digest: str = "") -> Policy:
    """Read a policy file; `lists_digest` makes the word lists part of its version.

    Raises:
        InvalidPolicy: when the file is no YAML, breaks a rule of the format, or names a detector
            that there is not: it would never answer.
        OSError: when it cannot be read.
    """
    policy = parse(path.read_text(encoding="utf-8"), lists_digest=lists_digest)
    if nobody := detectors.unknown(policy.detectors):
        known = ", ".join(detectors.DETECTORS)
        raise InvalidPolicy(f"no detector is called {', '.join(nobody)}; there are {known}")
    return policy


def parse(source: str, *, lists_digest: str = "") -> Policy:
    """As `load`, from the text itself."""
    try:
        document = policy_file.read(yaml.safe_load(source))
    except yaml.YAMLError as error:
        raise InvalidPolicy(f"the policy is not YAML: {error}") from error
    content = {"policy": document.model_dump(mode="json"), "word_lists": lists_digest}
    return Policy(
        name=document.name,
        version=_digest(content),
        source=source,
        detectors=MappingProxyType(
            {name: tuple(map(str, hazards)) for name, hazards in document.detectors.items()}
        ),
        surfaces=MappingProxyType(
            {name: _rules(surface) for name, surface in document.surfaces.items()}
        ),
        reports_hold_at=document.reports.hold_at,
        words_told_to_authors=frozenset(map(str, document.words_told_to_authors)),
    )


def evaluate(
    policy: Policy,
    *,
    surface: Surface,
    signals: Sequence[Signal],
    list_hits: Sequence[ListHit] = (),
    hash_hits: Sequence[HashHit] = (),
) -> Decision:
    """Decide one item under a policy; pure, so it can be repeated on stored signals.

    The most severe reason wins: block, hold, unavailable, release. A hazard the policy does not
    name is held, because nobody has ruled on it yet. A required detector that did not answer, or
    did not give a label it must give, makes the item unavailable: an outage never releases. An
    exact hash on the allow list lifts holds by score (a person has judged these very bytes),
    never a block and never an outage.
    """
    rules = policy.surfaces[surface]
    reasons = [
        *_outages(policy, rules, signals),
        *(reason for signal in signals for reason in _scored(rules, signal)),
        *_listed(rules, list_hits),
        *_hashed(hash_hits),
    ]
    if any(hit.action == "allow" and hit.kind == "sha256" for hit in hash_hits):
        reasons = [reason for reason in reasons if reason.rule != "score_hold"]
    versions = {signal.detector: signal.version for signal in signals if signal.is_available}
    return _decision(policy.version, versions, reasons)


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
    return _decision(decisions[0].policy_version, versions, [*reasons, *further])


def _outages(policy: Policy, rules: SurfaceRules, signals: Sequence[Signal]) -> Iterable[Reason]:
    given: dict[str, list[Signal]] = {}
    for signal in signals:
        given.setdefault(signal.detector, []).append(signal)
    found_text = any(signal.text and signal.text.strip() for signal in signals)
    required = rules.required + (rules.required_with_text if found_text else ())
    for detector in dict.fromkeys(required):
        if detector not in given:
            yield _outage(detector, "detector_missing", "")
        for signal in given.get(detector, ()):
            if signal.error is not None:
                yield _outage(detector, "detector_failed", signal.error)
                continue
            for hazard in policy.detectors[detector]:
                if signal.score(hazard) is None:
                    yield _outage(detector, "label_missing", hazard)


def _outage(detector: str, rule: str, detail: str) -> Reason:
    return Reason("", None, None, rule, detector, Verdict.UNAVAILABLE, detail)


def _scored(rules: SurfaceRules, signal: Signal) -> Iterable[Reason]:
    for hazard in signal.scores:
        score = signal.score(hazard)
        if score is None:
            continue
        threshold = rules.threshold(signal.detector, hazard)
        if threshold is None:
            yield Reason(hazard, score, None, "unknown_hazard", signal.detector, Verdict.HOLD)
        elif threshold.block_at is not None and score >= threshold.block_at:
            yield Reason(
                hazard, score, threshold.block_at, "score_block", signal.detector, Verdict.BLOCK
            )
        elif score >= threshold.hold_at:
            yield Reason(
                hazard, score, threshold.hold_at, "score_hold", signal.detector, Verdict.HOLD
            )


def _listed(rules: SurfaceRules, hits: Sequence[ListHit]) -> Iterable[Reason]:
    for hit in hits:
        verdict = Verdict(rules.words[hit.severity])
        if verdict is not Verdict.RELEASE:
            yield Reason(hit.hazard, None, None, "word_list", hit.list_name, verdict, hit.term)


def _hashed(hits: Sequence[HashHit]) -> Iterable[Reason]:
    for hit in hits:
        detail = f"{hit.value} at distance {hit.distance}"
        if hit.action == "allow":
            yield Reason("", None, None, "allow_list", hit.kind, Verdict.RELEASE, detail, hit.entry)
        else:
            yield Reason(
                hit.hazard,
                None,
                None,
                "hash_list",
                hit.kind,
                Verdict(hit.action),
                detail,
                hit.entry,
            )


def _decision(version: str, versions: Mapping[str, str], reasons: Iterable[Reason]) -> Decision:
    ordered = tuple(
        sorted(reasons, key=lambda reason: (-RANK[reason.verdict], -(reason.score or 0.0)))
    )
    return Decision(
        verdict=ordered[0].verdict if ordered else Verdict.RELEASE,
        reasons=ordered,
        policy_version=version,
        evaluation_version=_digest({"policy": version, "detectors": dict(versions)}),
        detector_versions=MappingProxyType(dict(versions)),
    )


def _rules(surface: policy_file.SurfaceFile) -> SurfaceRules:
    return SurfaceRules(
        required=tuple(surface.required),
        required_with_text=tuple(surface.required_with_text),
        thresholds=_thresholds(surface.thresholds),
        by_detector=MappingProxyType(
            {name: _thresholds(given) for name, given in surface.by_detector.items()}
        ),
        words=MappingProxyType(surface.words.model_dump()),
    )


def _thresholds(given: Mapping[Any, policy_file.ThresholdFile]) -> Mapping[str, Threshold]:
    return MappingProxyType(
        {str(hazard): Threshold(one.hold_at, one.block_at) for hazard, one in given.items()}
    )


def _digest(content: Mapping[str, Any]) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
