"""A finished examination in the form that is stored and acted on."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from moderation.app.examination import Examination
from moderation.app.models import Case, Outcome
from moderation.app.public_reasons import WAITING, public_reasons
from moderation.core.backtesting import decisions_again, together_again
from moderation.core.decisions import RANK, Decision, Reason, Verdict, Waiting
from moderation.core.failures import Failure, failure_among
from moderation.core.hazards import MOST_URGENT, UNKNOWN, urgency
from moderation.core.policy import Policy
from tidegate.primitives.clock import now

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
        film_hash: vPDQ of a film (`core.film_hashes.write`) or empty.
        simhash: how the text reads, likewise.
        policy_version: the policy and the detector versions that answered, as one SHA-256.
        policy: the policy itself, so that its text can be kept.
        waiting: what the policy does while nobody can judge it; None where it does not say.
        judged_in_ms, judged_at: how long detectors took, and when they had all answered.
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
    film_hash: str
    policy_version: str
    policy: Policy
    judged_in_ms: int
    waiting: Waiting | None = None
    simhash: str = ""
    judged_at: datetime = field(default_factory=now)

    @property
    def errors(self) -> tuple[str, ...]:
        """Why detectors gave no answer, each reason once."""
        return tuple(dict.fromkeys(one["error"] for one in self._said() if one["error"]))

    @property
    def failure(self) -> Failure | None:
        """What decides when it is tried again; None when it was judged."""
        if self.verdict != Outcome.UNAVAILABLE:
            return None
        return failure_among(self.errors)

    @property
    def detectors(self) -> dict[str, str]:
        """The versions of the detectors that answered, by name."""
        return {one["detector"]: one["version"] for one in self._said() if one["version"]}

    def _said(self) -> Iterator[Mapping[str, Any]]:
        return (one for finding in self.signals for one in finding["signals"])

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


class Evidence(Protocol):
    """What was seen of an output, of a judgement or of a stored verdict."""

    @property
    def signals(self) -> Sequence[Mapping[str, Any]]: ...
    @property
    def hash_hits(self) -> Sequence[Mapping[str, Any]]: ...
    @property
    def pdq(self) -> str: ...
    @property
    def film_hash(self) -> str: ...
    @property
    def simhash(self) -> str: ...
    @property
    def judged_in_ms(self) -> int: ...


def judgement_of(
    examination: Examination,
    *,
    policy: Policy,
    pdq: str = "",
    film_hash: str = "",
    simhash: str = "",
) -> Judgement:
    """Put an examination into its stored form."""
    return _judgement(
        [(finding.surface, finding.decision) for finding in examination.findings],
        examination.decision,
        policy=policy,
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
        film_hash=film_hash,
        simhash=simhash,
        judged_in_ms=round(examination.seconds * 1_000),
    )


def judged_again(given: Evidence, policy: Policy) -> Judgement | None:
    """Return what another policy says of what was seen; no detector is asked.

    None where nothing was seen, or the policy has no rules for a surface of it.
    """
    decisions = decisions_again(policy, given.signals, given.hash_hits)
    if not decisions:
        return None
    return _judgement(
        decisions,
        together_again(policy, given.signals, decisions),
        policy=policy,
        signals=tuple(given.signals),
        hash_hits=tuple(given.hash_hits),
        pdq=given.pdq,
        film_hash=given.film_hash,
        simhash=given.simhash,
        judged_in_ms=given.judged_in_ms,
    )


def _judgement(
    decisions: Sequence[tuple[str, Decision]],
    decision: Decision,
    *,
    policy: Policy,
    signals: tuple[Mapping[str, Any], ...],
    hash_hits: tuple[Mapping[str, Any], ...],
    pdq: str,
    film_hash: str,
    simhash: str,
    judged_in_ms: int,
) -> Judgement:
    """Put the decisions over surfaces, and the one over all of them, into their stored form."""
    # What no surface says by itself: that nobody may judge it, or what two of them say together.
    own = {reason for _, one in decisions for reason in one.reasons}
    reasons = (
        *(_stored("", one, decision.waiting) for one in decision.reasons if one not in own),
        *(
            _stored(surface, reason, one.waiting)
            for surface, one in decisions
            for reason in one.reasons
        ),
    )
    counted = [reason for reason in decision.reasons if counts(reason)]
    return Judgement(
        verdict=Outcome(decision.verdict.value),
        reasons=reasons,
        hazards=tuple(dict.fromkeys(reason.hazard for reason in counted if reason.hazard)),
        author_codes=author_codes(counted),
        author_words=author_words(counted, policy),
        severity=_severity(decision, counted),
        signals=signals,
        hash_hits=hash_hits,
        pdq=pdq,
        film_hash=film_hash,
        policy_version=decision.evaluation_version,
        policy=policy,
        judged_in_ms=judged_in_ms,
        waiting=decision.waiting,
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
        author_codes=_author_codes(
            (one.get("told") or one["hazard"], one["rule"]) for one in against
        ),
        severity=max(
            MOST_URGENT if one.get("escalated") else urgency(one["hazard"] or UNKNOWN)
            for one in against
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
    return _author_codes((reason.told or reason.hazard, reason.rule) for reason in reasons)


def _stored(surface: str, reason: Reason, waiting: Waiting | None) -> dict[str, Any]:
    """Return a reason as it is kept; of an outage, also until when somebody has to look."""
    kept = {"surface": surface, **reason.to_json()}
    if waiting is not None and reason.verdict is Verdict.UNAVAILABLE:
        kept["waiting"] = waiting.to_json()
    return kept


def _severity(decision: Decision, counted: Sequence[Reason]) -> int:
    """Return how urgent a person's look is: escalated is as urgent as anything is."""
    waits = decision.verdict is Verdict.UNAVAILABLE and decision.waiting
    if any(reason.is_escalated for reason in counted) or (waits and waits.then == "escalate"):
        return MOST_URGENT
    return max((urgency(reason.hazard or UNKNOWN) for reason in counted), default=0)


def _author_codes(reasons: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    codes = (hazard or _AUTHOR_CODES.get(rule, "review") for hazard, rule in reasons)
    return tuple(dict.fromkeys(codes))
