"""The policy file: what it may say, read strictly.

A typing mistake in a policy must never switch a rule off silently, so unknown keys, unknown
hazards and contradicting thresholds are errors that name their place.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from moderation.core import detectors as described
from moderation.core.decisions import Action
from moderation.core.hazards import Hazard

Probability = Annotated[float, Field(ge=0.0, le=1.0)]


class InvalidPolicy(ValueError):
    """A policy file that cannot be obeyed; the message names the place and what is wrong."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ThresholdFile(_Strict):
    """From which probability an item is held, and from which it is blocked (never, if absent)."""

    hold_at: Probability
    block_at: Probability | None = None

    @model_validator(mode="after")
    def _block_is_not_below_hold(self) -> "ThresholdFile":
        if self.block_at is not None and self.block_at < self.hold_at:
            raise ValueError("block_at must not be below hold_at")
        return self


class WordsFile(_Strict):
    """What a listed word of each severity does on a surface."""

    mild: Action
    strong: Action
    severe: Action


class SurfaceFile(_Strict):
    """The rules of one surface."""

    required: list[str]
    required_with_text: list[str] = []
    thresholds: dict[Hazard, ThresholdFile]
    by_detector: dict[str, dict[Hazard, ThresholdFile]] = {}
    words: WordsFile


class ReportsFile(_Strict):
    """How many different people must report a released item before it is held."""

    hold_at: Annotated[int, Field(ge=1)]


class PolicyFile(_Strict):
    """The whole file."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    detectors: dict[str, list[Hazard]]
    surfaces: dict[Literal["prompt", "text", "image", "speech", "music", "video"], SurfaceFile]
    words_told_to_authors: list[Hazard] = []
    reports: ReportsFile

    @model_validator(mode="after")
    def _names_agree(self) -> "PolicyFile":
        if promises := described.unkept(self.detectors):
            raise ValueError("; ".join(promises))
        missing = {"prompt", "text", "image", "speech"} - set(self.surfaces)
        if missing:
            raise ValueError(f"surfaces without rules: {', '.join(sorted(missing))}")
        for surface, rules in self.surfaces.items():
            named = {*rules.required, *rules.required_with_text, *rules.by_detector}
            unknown = named - set(self.detectors)
            if unknown:
                raise ValueError(f"{surface} names detectors that are not listed: {unknown}")
            scored = {
                hazard
                for detector in (*rules.required, *rules.required_with_text)
                for hazard in self.detectors[detector]
            }
            unruled = scored - set(rules.thresholds)
            if unruled:
                raise ValueError(f"{surface} has no threshold for: {', '.join(sorted(unruled))}")
        return self


def read(document: object) -> PolicyFile:
    """Check a parsed YAML document.

    Raises:
        InvalidPolicy: naming every place that is wrong.
    """
    try:
        return PolicyFile.model_validate(document)
    except ValidationError as error:
        places = "; ".join(
            f"{'.'.join(map(str, item['loc'])) or 'policy'}: {item['msg']}"
            for item in error.errors()
        )
        raise InvalidPolicy(places) from error
