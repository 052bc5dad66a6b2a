"""What one detector said about one item."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Signal:
    """The answer of one detector for one item, or the reason why there is none.

    Attributes:
        detector: name of the detector, as the policy names it.
        version: `<name>@<sha256 prefix of its weights>`; empty when it did not answer.
        scores: hazard to probability 0..1. None means that the detector could not say, which is
            never the same as 0: a policy that needs the label holds the item back.
        text: what a reading or listening detector found; None for the others.
        error: why there is no answer; None when there is one.
        language: ISO 639-1 code of `text` where the detector knows it.
        detail: whatever helps a reviewer (matched attack type, confidence ...); JSON values.
    """

    detector: str
    version: str = ""
    scores: Mapping[str, float | None] = field(default_factory=dict)
    text: str | None = None
    error: str | None = None
    language: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_available(self) -> bool:
        """Whether the detector answered at all."""
        return self.error is None

    def score(self, hazard: str) -> float | None:
        """Return the probability of a hazard, or None when there is no usable number."""
        value = self.scores.get(hazard)
        if not self.is_available or value is None or not math.isfinite(value):
            return None
        return value if 0.0 <= value <= 1.0 else None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; `from_json` reads them back."""
        return {
            "detector": self.detector,
            "version": self.version,
            "scores": dict(self.scores),
            "text": self.text,
            "error": self.error,
            "language": self.language,
            "detail": dict(self.detail),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Signal":
        """Read what `to_json` wrote.

        Raises:
            KeyError: when a field is missing.
        """
        return cls(
            detector=document["detector"],
            version=document["version"],
            scores=dict(document["scores"]),
            text=document["text"],
            error=document["error"],
            language=document["language"],
            detail=dict(document["detail"]),
        )

    @classmethod
    def unavailable(cls, detector: str, error: str) -> "Signal":
        """Return the signal of a detector that did not answer, with the reason."""
        return cls(detector=detector, error=error)
