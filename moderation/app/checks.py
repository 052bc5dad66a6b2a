"""Checking what somebody else is about to show: the gate's answer, and nothing that stays.

The same policy, detectors, word lists and hash lists as for outputs; no asset, no case, no row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import connection

from moderation.app.batch_examination import Item, start_batch
from moderation.app.engine import engine
from moderation.app.examination import Finding
from moderation.app.fingerprints import content_digest, listed, look_of
from moderation.app.judgement import counts
from moderation.core import personal_data
from moderation.core.decisions import HashHit, Reason, Verdict
from moderation.core.hazards import Hazard
from moderation.core.policy import Surface
from moderation.core.signals import Signal
from moderation.core.spans import Span, spans_of_piece, spans_of_term


@dataclass(frozen=True, slots=True)
class Input:
    """A text, or a picture with the SHA-256 (hexadecimal) of every form that lists may know.

    Both None is a picture whose bytes cannot be read now.
    """

    surface: Surface
    text: str | None = None
    picture: bytes | None = None
    sha256s: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Why:
    """A reason for whoever asked.

    It names the word that was found, but no entry of a hash list and no address of a server.
    `spans` are half-open ranges of characters in the text that was given, empty where unknown.
    """

    hazard: str
    score: float | None
    threshold: float | None
    rule: str
    detector: str
    verdict: Verdict
    term: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """The answer for one input.

    Attributes:
        scores: every hazard to its highest probability 0..1; None where no detector could say.
        against: the hazards for which the policy holds or blocks it.
    """

    surface: Surface
    verdict: Verdict
    reasons: tuple[Why, ...]
    scores: Mapping[str, float | None]
    against: frozenset[str]
    policy_version: str
    evaluation_version: str
    detector_versions: Mapping[str, str]


def check(inputs: Sequence[Input]) -> list[Check]:
    """Judge inputs under the policy in force; the answers come in their order.

    Takes as long as the slowest detector, at most the check deadline. An outage is an answer
    ("unavailable") of the inputs that it met and not an exception.
    """
    judging = engine()
    examined = start_batch(
        judging.examiner,
        [Item(given.surface, given.text, given.picture) for given in inputs],
        deadline=judging.configuration.check_deadline,
    )
    hits = [_hits(given) for given in inputs]
    if not connection.in_atomic_block:
        # Back to the pool: detectors that hang must not take the database from everybody else.
        connection.close()
    return [_check(given, finding) for given, finding in zip(inputs, examined(hits), strict=True)]


def policy_in_force() -> tuple[str, str]:
    """Return the name and the version of the policy that `check` judges by."""
    policy = engine().policy
    return policy.name, policy.version


def _hits(given: Input) -> list[HashHit]:
    """Return what the hash banks say of an input; nothing of it counts towards a fuse."""
    if given.text is not None:
        return listed(content=content_digest(given.text), text=given.text)
    if given.picture is None:
        return []
    return listed(content=given.sha256s[0], sha256s=given.sha256s, look=look_of(given.picture))


def _check(given: Input, finding: Finding) -> Check:
    decision = finding.decision
    return Check(
        surface=given.surface,
        verdict=decision.verdict,
        reasons=tuple(_why(reason, given, finding.signals) for reason in decision.reasons),
        scores=_scores(finding.signals),
        against=frozenset(
            reason.hazard for reason in decision.reasons if reason.hazard and counts(reason)
        ),
        policy_version=decision.policy_version,
        evaluation_version=decision.evaluation_version,
        detector_versions=decision.detector_versions,
    )


def _scores(signals: Sequence[Signal]) -> dict[str, float | None]:
    scores: dict[str, float | None] = {str(hazard): None for hazard in Hazard}
    for signal in signals:
        for hazard in signal.scores:
            score, highest = signal.score(hazard), scores.get(hazard)
            if score is not None and (highest is None or score > highest):
                scores[hazard] = score
    return scores


def _why(reason: Reason, given: Input, signals: Sequence[Signal]) -> Why:
    term = reason.detail if reason.rule == "word_list" else ""
    return Why(
        hazard=reason.hazard,
        score=reason.score,
        threshold=reason.threshold,
        rule=reason.rule,
        detector=reason.detector,
        verdict=reason.verdict,
        term=term,
        spans=() if given.text is None else _spans(reason, given.text, term, signals),
    )


def _spans(reason: Reason, text: str, term: str, signals: Sequence[Signal]) -> tuple[Span, ...]:
    """Return where a reason stands: a word, the data found, or the piece with the highest score."""
    if term:
        return spans_of_term(text, term)
    for signal in signals:
        if signal.detector == reason.detector == personal_data.DETECTOR:
            return personal_data.spans(signal.detail)
        if signal.detector == reason.detector and signal.score(reason.hazard) is not None:
            worst = max(signal.scores, key=lambda hazard: signal.score(hazard) or 0.0)
            if worst == reason.hazard:
                return spans_of_piece(text, str(signal.detail.get("worst_piece", "")))
    return ()
