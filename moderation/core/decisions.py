"""The vocabulary of a decision: verdicts, reasons, and the hits that are not probabilities."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal

from moderation.core.hazards import severity

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
    """The item equals (sha256) or resembles (pdq, simhash, vpdq) a listed one.

    `distance` is in bits of 256; of a film that of its pictures on average.
    `entry` and `bank` say which list entry it was; `content` is the SHA-256 of the item itself.
    """

    kind: Literal["sha256", "pdq", "simhash", "vpdq"]
    action: Literal["allow", "hold", "block"]
    value: str
    distance: int = 0
    hazard: str = ""
    entry: str = ""
    bank: str = ""
    content: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in an item something stands; what is not known is empty.

    Attributes:
        spans: half-open ranges of characters of the text that was judged.
        boxes: left, top, right, bottom in parts (0..1) of the picture's width and height.
        at_ms: the moment in a film, milliseconds from its start.
    """

    spans: tuple[tuple[int, int], ...] = ()
    boxes: tuple[tuple[float, float, float, float], ...] = ()
    at_ms: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; only what is known."""
        return {
            **({"spans": [list(span) for span in self.spans]} if self.spans else {}),
            **({"boxes": [list(box) for box in self.boxes]} if self.boxes else {}),
            **({"at_ms": self.at_ms} if self.at_ms is not None else {}),
        }


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a verdict was reached.

    `rule` is one of score_block, score_hold, unknown_hazard, word_list, hash_list, allow_list,
    detector_missing, detector_failed, label_missing, rule, rule_failed,
    minor_and_sexual. `detector` names the
    detector, the list, or the rule. `hazard` is empty where none is at stake.

    Attributes:
        entry: the list entry that it rests on, if any.
        hazards: of an outage, the hazards that nobody can speak about.
        told: what the author reads instead of the hazard, as a code; empty for the hazard.
        is_escalated: whether it goes to the front of the queue.
        place: where in the item it stands, as far as it is known.
    """

    hazard: str
    score: float | None
    threshold: float | None
    rule: str
    detector: str
    verdict: Verdict
    detail: str = ""
    entry: str = ""
    hazards: tuple[str, ...] = ()
    told: str = ""
    is_escalated: bool = False
    place: Place | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "hazard": self.hazard,
            "score": self.score,
            "threshold": self.threshold,
            "rule": self.rule,
            "detector": self.detector,
            "verdict": str(self.verdict),
            "severity": severity(self.hazard) if self.hazard else None,
            "detail": self.detail,
            **({"entry": self.entry} if self.entry else {}),
            **({"hazards": list(self.hazards)} if self.hazards else {}),
            **({"told": self.told} if self.told else {}),
            **({"escalated": True} if self.is_escalated else {}),
            **({"place": self.place.to_json()} if self.place else {}),
        }


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is done while nobody can speak about a hazard.

    Attributes:
        then: `retry` asks again until `seconds` have passed, and then a person looks; `hold` asks
            a person at once; `escalate` does so in front of the queue.
        seconds: the deadline, counted from when the item was made.
    """

    then: Literal["retry", "hold", "escalate"]
    seconds: float

    @property
    def strictness(self) -> tuple[int, float]:
        """Of two, the higher one is stricter."""
        return ("retry", "hold", "escalate").index(self.then), -self.seconds

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"then": self.then, "seconds": self.seconds}


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome. Reasons come most severe first.

    Attributes:
        waiting: of what nobody can judge, the strictest of what the policy says about the hazards
            concerned; None where it says nothing of them.
        policy_version: SHA-256 of the policy's content (thresholds, rules, word lists).
        evaluation_version: SHA-256 over the policy version and the versions of the detectors that
            answered: two decisions with the same one are comparable score by score.
    """

    verdict: Verdict
    reasons: tuple[Reason, ...]
    policy_version: str
    evaluation_version: str
    detector_versions: Mapping[str, str]
    waiting: Waiting | None = None

    @property
    def hazards(self) -> tuple[str, ...]:
        """The hazards that led to the verdict, each once, most severe reason first."""
        named = (reason.hazard for reason in self.reasons if reason.hazard)
        return tuple(dict.fromkeys(named))
