"""The rules of a surface: what must be asked about it, and from which probability it matters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from moderation.core.decisions import Action
from moderation.core.policy_file import SurfaceFile, SurfaceName, ThresholdFile
from moderation.core.signals import Signal

Surface = SurfaceName


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

    def required_of(self, signals: Sequence[Signal]) -> tuple[str, ...]:
        """Return the detectors that must have answered, each once, given what others read."""
        has_text = any(signal.text and signal.text.strip() for signal in signals)
        named = self.required + (self.required_with_text if has_text else ())
        return tuple(dict.fromkeys(named))


def rules_of(surface: SurfaceFile) -> SurfaceRules:
    """Return the rules that a file states."""
    return SurfaceRules(
        required=tuple(surface.required),
        required_with_text=tuple(surface.required_with_text),
        thresholds=_thresholds(surface.thresholds),
        by_detector=MappingProxyType(
            {name: _thresholds(given) for name, given in surface.by_detector.items()}
        ),
        words=MappingProxyType(surface.words.model_dump()),
    )


def _thresholds(given: Mapping[Any, ThresholdFile]) -> Mapping[str, Threshold]:
    return MappingProxyType(
        {str(hazard): Threshold(one.hold_at, one.block_at) for hazard, one in given.items()}
    )
