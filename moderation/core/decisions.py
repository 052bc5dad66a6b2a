"""The vocabulary of a decision: verdicts, reasons, and the hits that are not probabilities."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal

Action = Literal["release", "hold", "block"]
WordSeverity = Literal["mild", "strong", "severe"]


class Verdict(StrEnum):
    """What happens to an item."""

    RELEASE = "release"
    UNAVAILABLE = "unavailable"
    HOLD = "hold"
    BLOCK = "block"


RANK: Mapping[Verdict, int] = MappingProxyType(
    {Verdict.RELEASE: 0, Verdict.UNAVAILABLE: 1, Verdict.HOLD: 2, Verdict.BLOCK: 3}
)
"""Which verdict wins. Clear evidence blocks even while another detector is down, and a reason to
ask a person is not lost to an outage; an outage only ever stops a release."""


@dataclass(frozen=True, slots=True)
class ListHit:
    """A listed word was found."""

    term: str
    hazard: str
    severity: WordSeverity
    list_name: str


@dataclass(frozen=True, slots=True)
class HashHit:
    """The item equals (sha256) or resembles (pdq, simhash: `distance` bits of 256) a listed one.

    `entry` and `bank` say which list entry it was; `content` is the SHA-256 of the item itself.
    """

    kind: Literal["sha256", "pdq", "simhash"]
    action: Literal["allow", "hold", "block"]
    value: str
    distance: int = 0
    hazard: str = ""
    entry: str = ""
    bank: str = ""
    content: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a verdict was reached.

    `rule` is one of score_block, score_hold, unknown_hazard, word_list, hash_list, allow_list,
    minor_and_sexual, detector_missing, detector_failed, label_missing. `hazard` is empty where
    none is at stake. `entry` is the list entry that it rests on, if any.
    """

    hazard: str
    score: float | None
    threshold: float | None
    rule: str
    detector: str
    verdict: Verdict
    detail: str = ""
    entry: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "hazard": self.hazard,
            "score": self.score,
            "threshold": self.threshold,
            "rule": self.rule,
            "detector": self.detector,
            "verdict": str(self.verdict),
            "detail": self.detail,
            **({"entry": self.entry} if self.entry else {}),
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome. Reasons come most severe first.

    Attributes:
        policy_version: SHA-256 of the policy's content (thresholds, rules, word lists).
        evaluation_version: SHA-256 over the policy version and the versions of the detectors that
            answered: two decisions with the same one are comparable score by score.
    """

    verdict: Verdict
    reasons: tuple[Reason, ...]
    policy_version: str
    evaluation_version: str
    detector_versions: Mapping[str, str]

    @property
    def hazards(self) -> tuple[str, ...]:
        """The hazards that led to the verdict, each once, most severe reason first."""
        named = (reason.hazard for reason in self.reasons if reason.hazard)
        return tuple(dict.fromkeys(named))
