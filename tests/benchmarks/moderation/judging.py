"""What the gate says of items: the detectors' scores, the policy's verdict, the words alone."""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from moderation.app.examination import Asks, Examiner, Finding
from moderation.app.memo import Memo
from moderation.core import policy as policies
from moderation.core import wordlists
from moderation.core.decisions import Verdict
from moderation.core.policy import Policy
from moderation.core.signals import Signal
from tests.benchmarks.moderation.reading import Item

DEADLINE_SECONDS = 120.0
_AT_ONCE = 4
_LEAST, _MOST = 1e-6, 1 - 1e-6
_SEVERITIES = ("mild", "strong", "severe")
STRONG, SEVERE = 2, 3
"""Ranks of words that the shipped policy holds, and blocks."""
_UNJUDGED_SHARE = 0.01


class DetectorsUnavailable(RuntimeError):
    """Too many items were not judged for the figures to be the detectors' own."""


@dataclass(frozen=True, slots=True)
class Judged:
    """An item and what was said of it under the policy.

    Attributes:
        item: the labelled text.
        finding: signals, words and decision, as the gate has them.
        margin: the highest distance, in logits, of any score above its hold threshold; at or above
            nothing means held by score. It ranks by the policy: thresholds differ by hazard.
        scores: probability by hazard, the highest of any detector.
    """

    item: Item
    finding: Finding
    margin: float
    scores: dict[str, float]

    @property
    def is_held(self) -> bool:
        """Whether it is not released: held or blocked."""
        return self.finding.decision.verdict is not Verdict.RELEASE

    @property
    def is_blocked(self) -> bool:
        """Whether it is refused outright."""
        return self.finding.decision.verdict is Verdict.BLOCK

    @property
    def words_rank(self) -> int:
        """The severest listed word: none 0, mild 1, strong 2 (holds), severe 3 (blocks)."""
        hits = self.finding.list_hits
        return max((1 + _SEVERITIES.index(hit.severity) for hit in hits), default=0)


def examiner(detectors: Asks) -> Examiner:
    """Return an examiner under the shipped policy that remembers nothing."""
    words = wordlists.load()
    memo: Memo[tuple[str, str], Signal] = Memo(entries=0, seconds=0.0)
    policy = policies.load(lists_digest=words.digest)
    return Examiner(detectors=detectors, policy=policy, words=words, memo=memo)


def judge(gate: Examiner, items: Sequence[Item]) -> tuple[list[Judged], int]:
    """Judge items, and return with them how many could not be judged and are left out.

    Raises:
        DetectorsUnavailable: when more than one in a hundred could not.
    """

    def one(item: Item) -> Finding:
        (finding,) = gate.text(item.surface, item.text, deadline=DEADLINE_SECONDS).findings
        return finding

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        findings = list(pool.map(one, items))
    judged = [
        judged_under(gate.policy, item, finding)
        for item, finding in zip(items, findings, strict=True)
        if all(signal.is_available for signal in finding.signals)
    ]
    missing = len(items) - len(judged)
    if missing > _UNJUDGED_SHARE * len(items):
        errors = [s.error for finding in findings for s in finding.signals if s.error is not None]
        raise DetectorsUnavailable(f"{missing} of {len(items)} were not judged: {errors[0]}")
    return judged, missing


def judged_under(policy: Policy, item: Item, finding: Finding) -> Judged:
    """Put scores and margin beside a finding."""
    rules = policy.surfaces[item.surface]
    scores: dict[str, float] = {}
    margin = -math.inf
    for signal in finding.signals:
        for hazard in signal.scores:
            score = signal.score(hazard)
            if score is None:
                continue
            threshold = rules.threshold(signal.detector, hazard)
            # A hazard without a rule is held whatever its score.
            hold_at = threshold.hold_at if threshold else _LEAST
            margin = max(margin, _logit(score) - _logit(hold_at))
            scores[hazard] = max(score, scores.get(hazard, 0.0))
    return Judged(item, finding, margin, scores)


def _logit(probability: float) -> float:
    bounded = min(max(probability, _LEAST), _MOST)
    return math.log(bounded / (1 - bounded))
