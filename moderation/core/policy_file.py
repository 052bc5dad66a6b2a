"""The policy file: what it may say, read strictly.

A typing mistake in a policy must never switch a rule off silently, so unknown keys, unknown
hazards and contradicting thresholds are errors that name their place.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from moderation.core import detectors as described
from moderation.core.decisions import Action
from moderation.core.expressions import LONGEST, InvalidExpression
from moderation.core.hazards import Hazard
from moderation.core.marked_yaml import InvalidDocument, Marked, Mistake
from moderation.core.rules import condition

Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Name = Annotated[str, Field(min_length=1, max_length=80)]
SurfaceName = Literal["prompt", "text", "image", "speech", "music", "video"]
ANY: Final = "any"
MOST_RULES: Final = 100
# Codes that an author may be told besides hazards: `moderation.app.public_reasons` has their words.
Told = Literal["rules", "review"] | Hazard


class InvalidPolicy(InvalidDocument):
    """A policy file that cannot be obeyed; says of each mistake where, what, and what to do."""


class Strict(BaseModel):
    """Knows no other keys than its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ThresholdFile(Strict):
    """From which probability an item is held, and from which it is blocked (never, if absent)."""

    hold_at: Probability
    block_at: Probability | None = None

    @model_validator(mode="after")
    def _block_is_not_below_hold(self) -> "ThresholdFile":
        if self.block_at is not None and self.block_at < self.hold_at:
            raise PydanticCustomError(
                "block_below_hold", "block_at must not be below hold_at; raise it, or lower hold_at"
            )
        return self


class WordsFile(Strict):
    """What a listed word of each severity does on a surface."""

    mild: Action
    strong: Action
    severe: Action


class SurfaceFile(Strict):
    """The rules of one surface."""

    required: list[str]
    required_with_text: list[str] = []
    thresholds: dict[Hazard, ThresholdFile]
    by_detector: dict[str, dict[Hazard, ThresholdFile]] = {}
    words: WordsFile


class ReportsFile(Strict):
    """How many different people must report a released item before it is held."""

    hold_at: Annotated[int, Field(ge=1)]


def _checked(source: str) -> str:
    try:
        condition(source)
    except InvalidExpression as error:
        # Custom errors format their text: braces of the condition are no places in it.
        raise PydanticCustomError("condition", "{why}", {"why": str(error)}) from error
    return source


Condition = Annotated[
    str,
    Field(min_length=1, max_length=LONGEST, description="A condition in CEL: true or false."),
    AfterValidator(_checked),
]


class RuleFile(Strict):
    """A condition over what was found, and what it leads to."""

    name: Name
    when: Condition
    on: Annotated[list[SurfaceName], Field(min_length=1)]
    then: Literal["hold", "block", "escalate"]
    hazard: Hazard
    told: Told | None = None

    @model_validator(mode="after")
    def _a_prompt_has_no_history(self) -> "RuleFile":
        if "prompt" in self.on and condition(self.when)[1]:
            raise PydanticCustomError(
                "prompt_has_no_history",
                "of a prompt neither author.… nor lineage.… is known; take prompt out of `on`: the "
                "output is judged together with its prompt",
            )
        return self


class WaitingFile(Strict):
    """What is done while nobody can speak about a hazard.

    `retry` asks again until the item is so many seconds old, and then a person looks; `hold` asks a
    person at once, `escalate` does so in front of the queue; they decide within the seconds.
    """

    then: Literal["retry", "hold", "escalate"]
    seconds: Annotated[float, Field(ge=0, le=7 * 86_400)]


WaitingKey = Hazard | Literal["otherwise"]


class PartialThreshold(Strict):
    """A threshold of which only what becomes stricter is said."""

    hold_at: Probability | None = None
    block_at: Probability | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "PartialThreshold":
        if self.hold_at is None and self.block_at is None:
            raise PydanticCustomError("empty", "say hold_at, block_at, or both")
        if None not in (self.hold_at, self.block_at) and self.block_at < self.hold_at:  # type: ignore[operator]  # neither is None
            raise PydanticCustomError(
                "block_below_hold", "block_at must not be below hold_at; raise it, or lower hold_at"
            )
        return self


class PartialWords(Strict):
    """What listed words do, of which only what becomes stricter is said."""

    mild: Action | None = None
    strong: Action | None = None
    severe: Action | None = None


PlaceKey = SurfaceName | Literal["any"]


class TighterFile(Strict):
    """What may be made stricter. `any` stands for every surface."""

    thresholds: dict[PlaceKey, dict[Hazard, PartialThreshold]] = {}
    words: dict[PlaceKey, PartialWords] = {}
    rules: Annotated[list[RuleFile], Field(max_length=MOST_RULES)] = []
    unavailable: dict[WaitingKey, WaitingFile] = {}
    reports: ReportsFile | None = None


class MatchFile(Strict):
    """Whom an audience is: each key that is there must name what the item's audience has."""

    organisation: list[str] = []
    project: list[str] = []
    shown_to: list[Literal["public", "private"]] = []
    rating: list[str] = []
    region: list[str] = []

    @model_validator(mode="after")
    def _matches_somebody(self) -> "MatchFile":
        if not self.model_fields_set or not all(self.model_dump(exclude_unset=True).values()):
            raise PydanticCustomError("empty", "name somebody, or write it for everybody above")
        return self


class AudienceFile(TighterFile):
    """Stricter rules for some people. Every audience that matches counts."""

    name: Name
    match: MatchFile


class PolicyFile(Strict):
    """The whole file."""

    name: Name
    detectors: dict[str, list[Hazard]]
    surfaces: dict[SurfaceName, SurfaceFile]
    words_told_to_authors: list[Hazard] = []
    reports: ReportsFile
    unavailable: dict[WaitingKey, WaitingFile] = {}
    rules: Annotated[list[RuleFile], Field(max_length=MOST_RULES)] = []
    audiences: Annotated[list[AudienceFile], Field(max_length=MOST_RULES)] = []

    @field_validator("surfaces")
    @classmethod
    def _surfaces_are_complete(cls, value: dict[str, SurfaceFile]) -> dict[str, SurfaceFile]:
        if missing := {"prompt", "text", "image", "speech"} - set(value):
            raise PydanticCustomError(
                "missing_surfaces",
                "surfaces without rules: {names}",
                {"names": ", ".join(sorted(missing))},
            )
        return value


def rule_names_differ(
    rules: list[RuleFile], path: tuple[str | int, ...], marked: Marked
) -> Iterator[Mistake]:
    """Yield a mistake for each rule whose name another one has: a reason must say which it was."""
    names: set[str] = set()
    for number, rule in enumerate(rules):
        if rule.name in names:
            yield marked.mistake(
                (*path, number, "name"), f"there are two rules {rule.name!r}", "Rename one of them."
            )
        names.add(rule.name)


def contradictions(file: PolicyFile, marked: Marked) -> Iterator[Mistake]:
    """Yield a mistake for each part of a policy that another part contradicts."""
    known = ", ".join(file.detectors)
    for promise in described.unkept(file.detectors):
        advice = "Demand what it gives (docs/detectors.md)."
        yield marked.mistake(("detectors",), promise, advice, is_key=True)
    for surface, rules in file.surfaces.items():
        at = ("surfaces", surface)
        named = {"required": rules.required, "required_with_text": rules.required_with_text}
        for key, detectors in (*named.items(), ("by_detector", list(rules.by_detector))):
            for number, detector in enumerate(detectors):
                if detector not in file.detectors:
                    what = f"the detector {detector} is not listed"
                    step = detector if key == "by_detector" else number
                    yield marked.mistake((*at, key, step), what, f"Listed are: {known}.")
        scored = {
            hazard
            for detector in (*rules.required, *rules.required_with_text)
            for hazard in file.detectors.get(detector, ())
        }
        if unruled := sorted(scored - set(rules.thresholds)):
            yield marked.mistake(
                (*at, "thresholds"),
                f"{surface} has no threshold for: {', '.join(unruled)}",
                "Its detectors score them; say from which probability they hold.",
                is_key=True,
            )
    yield from rule_names_differ(file.rules, ("rules",), marked)
    for number, audience in enumerate(file.audiences):
        yield from rule_names_differ(audience.rules, ("audiences", number, "rules"), marked)


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a policy, for editors and other programs."""
    return PolicyFile.model_json_schema()
