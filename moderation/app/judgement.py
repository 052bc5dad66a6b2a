"""A finished examination in the form that is stored and acted on."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from moderation.app.examination import Examination
from moderation.app.models import Case, Outcome
from moderation.app.public_reasons import WAITING, public_reasons
from moderation.core.decisions import RANK, Reason, Verdict
from moderation.core.hazards import UNKNOWN_SEVERITY, severity
from moderation.core.policy import Policy

_AUTHOR_CODES = {"hash_list": "listed"}
_AGAINST = frozenset({Verdict.HOLD, Verdict.BLOCK})


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was ruled about one output, ready to be written.

    Attributes:
        reasons: for staff, JSON values; each names its surface.
        author_codes: for the author, see `public_reasons`.
        author_words: listed words that the author may know, by hazard.
        signals: per surface what was seen (`Finding.to_json`).
        pdq: look of the picture, 64 hexadecimal digits or empty.
        simhash: how the text reads, likewise.
        policy_version: the policy and the detector versions that answered, as one SHA-256.
        policy: the policy itself, so that its text can be kept.
    """

    verdict: Outcome
    reasons: tuple[Mapping[str, Any], ...]
    hazards: tuple[str, ...]
    author_codes: tuple[str, ...]
    author_words: Mapping[str, tuple[str, ...]]
    severity: int
    signals: tuple[Mapping[str, Any], ...]
    hash_hits: tuple[Mapping[str, Any], ...]
    pdq: str
    policy_version: str
    policy: Policy
    judged_in_ms: int
    simhash: str = ""

    @property
    def because(self) -> Case.Because:
        """Why a case would be opened."""
        if self.verdict == Outcome.UNAVAILABLE:
            return Case.Because.UNAVAILABLE
        return Case.Because.HOLD

    @property
    def public(self) -> list[dict[str, Any]]:
        """What the author reads; nothing for what is released."""
        if self.verdict == Outcome.RELEASE:
            return []
        if self.verdict == Outcome.UNAVAILABLE:
            return [reason.as_json() for reason in public_reasons([WAITING])]
        told = public_reasons(self.author_codes or ["review"], self.author_words)
        return [reason.as_json() for reason in told]


def judgement_of(
    examination: Examination, *, policy: Policy, pdq: str = "", simhash: str = ""
) -> Judgement:
    """Put an examination into its stored form."""
    decision = examination.decision
    reasons = tuple(
        {"surface": finding.surface, **reason.to_json()}
        for finding in examination.findings
        for reason in finding.decision.reasons
    )
    # What no surface says by itself: that nobody may judge it, or what two of them say together.
    own = {reason for finding in examination.findings for reason in finding.decision.reasons}
    reasons = (
        *({"surface": "", **one.to_json()} for one in decision.reasons if one not in own),
        *reasons,
    )
    counted = [reason for reason in decision.reasons if counts(reason)]
    return Judgement(
        verdict=Outcome(decision.verdict.value),
        reasons=reasons,
        hazards=tuple(dict.fromkeys(reason.hazard for reason in counted if reason.hazard)),
        author_codes=author_codes(counted),
        author_words=author_words(counted, policy),
        severity=max(
            (severity(reason.hazard) if reason.hazard else UNKNOWN_SEVERITY for reason in counted),
            default=0,
        ),
        signals=tuple(finding.to_json() for finding in examination.findings),
        hash_hits=tuple(
            {
                "surface": finding.surface,
                "kind": hit.kind,
                "effect": hit.action,
                "value": hit.value,
                "distance": hit.distance,
                "hazard": hit.hazard,
                "entry": hit.entry,
                "bank": hit.bank,
                "content": hit.content,
            }
            for finding in examination.findings
            for hit in finding.hash_hits
        ),
        pdq=pdq,
        policy_version=decision.evaluation_version,
        policy=policy,
        judged_in_ms=round(examination.seconds * 1_000),
        simhash=simhash,
    )


def without(judgement: Judgement, entries: Collection[str]) -> Judgement:
    """Return the judgement as if these list entries had not matched, but held at the least.

    An entry may have stopped matching after the output was looked at. What it led to (a block, or
    a doubt that was lifted) no longer stands on it; whatever else speaks against the output does.
    """
    kept = [reason for reason in judgement.reasons if reason.get("entry") not in entries]
    gone = Reason("", None, None, "hash_paused", "", Verdict.HOLD, ", ".join(sorted(entries)))
    reasons = sorted(
        [*kept, {"surface": "", **gone.to_json()}],
        key=lambda reason: -RANK[Verdict(reason["verdict"])],
    )
    against = [reason for reason in reasons if Verdict(reason["verdict"]) in _AGAINST]
    return replace(
        judgement,
        verdict=Outcome(reasons[0]["verdict"]),
        reasons=tuple(reasons),
        hazards=tuple(dict.fromkeys(one["hazard"] for one in against if one["hazard"])),
        author_codes=_author_codes((one["hazard"], one["rule"]) for one in against),
        severity=max(
            severity(one["hazard"]) if one["hazard"] else UNKNOWN_SEVERITY for one in against
        ),
    )


def counts(reason: Reason) -> bool:
    """Whether a reason speaks about the content and against it."""
    return reason.verdict in _AGAINST


def author_words(reasons: Sequence[Reason], policy: Policy) -> dict[str, tuple[str, ...]]:
    """Return the listed words that counted, by hazard, where the policy lets the author know."""
    found: dict[str, list[str]] = {}
    for reason in reasons:
        if reason.rule == "word_list" and reason.hazard in policy.words_told_to_authors:
            found.setdefault(reason.hazard, []).append(reason.detail)
    return {hazard: tuple(dict.fromkeys(words)) for hazard, words in found.items()}


def author_codes(reasons: list[Reason]) -> tuple[str, ...]:
    """Return the codes an author may know: the hazard, or the kind of list where none is named."""
    return _author_codes((reason.hazard, reason.rule) for reason in reasons)


def _author_codes(reasons: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    codes = (hazard or _AUTHOR_CODES.get(rule, "review") for hazard, rule in reasons)
    return tuple(dict.fromkeys(codes))
