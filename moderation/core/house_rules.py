"""How people decide, as data: the tree of reasons, marks, the second level, and the time to undo.

They are data (`policies/decisions.yaml`, or a file of the deployment): what an installation gives
as reasons, and what it lets nobody do alone, changes without a release.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from moderation.core.consequences_file import RestrictionKind
from moderation.core.hazards import Hazard
from moderation.core.taxonomy import taxonomy

DEFAULT_HOUSE_RULES: Final = Path(__file__).parent / "policies" / "decisions.yaml"
FIELD_CHARACTERS: Final = 300
OTHER: Final = "other"
"""The reason that names nothing: what the reviewer writes says it."""
TAKING: Final = frozenset({"block", "remove", "restrict_author"})
"""Actions that take an output away, and reach what was made from it."""

ActionName = Literal[
    "release",
    "rate",
    "label",
    "block",
    "remove",
    "restrict_author",
    "second_level",
    "refer_to_legal",
]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]


class InvalidHouseRules(Exception):
    """The file cannot be obeyed; the message says what and where."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Title(_Strict):
    """A name in the languages of the console."""

    en: Annotated[str, Field(min_length=1, max_length=80)]
    zh: Annotated[str, Field(min_length=1, max_length=80)]

    def for_language(self, language: str) -> str:
        """Return the name in a language, as BCP 47 writes it; English where there is none."""
        return self.zh if language.lower().startswith("zh") else self.en


class Mark(_Strict):
    """A rating or a label.

    What `covers` is seen after a click only. What `limits` is recommended to nobody but those who
    follow its author or work with them; whoever has its address sees it as before.
    """

    code: Code
    title: Title
    covers: bool = False
    limits: bool = False


class Needed(_Strict):
    """A field that must be filled in with a reason."""

    name: Code
    title: Title


class _Leaf(_Strict):
    code: Code
    title: Title | None = None
    hazard: Hazard | None = None
    fields: tuple[Needed, ...] = ()

    @model_validator(mode="after")
    def _has_a_name(self) -> "_Leaf":
        if self.title is None and self.hazard is None:
            raise ValueError(f"the reason {self.code} has neither a title nor a hazard")
        return self


class _Branch(_Strict):
    code: Code
    title: Title
    actions: tuple[ActionName, ...]
    reasons: Annotated[tuple[_Leaf, ...], Field(min_length=1)]


class SecondLevel(_Strict):
    """What is carried out only when another senior person has agreed."""

    actions: frozenset[ActionName] = frozenset()
    restrictions: frozenset[RestrictionKind] = frozenset()
    descendants: Annotated[int, Field(ge=1)] | None = None
    staff_authors: bool = False


class _File(_Strict):
    undo_seconds: Annotated[float, Field(ge=0, le=300)]
    second_level: SecondLevel
    ratings: tuple[Mark, ...]
    labels: tuple[Mark, ...]
    reasons: tuple[_Branch, ...]

    @model_validator(mode="after")
    def _codes_are_given_once(self) -> "_File":
        leaves = [leaf.code for branch in self.reasons for leaf in branch.reasons]
        for what, codes in (
            ("reasons", leaves),
            ("ratings", [mark.code for mark in self.ratings]),
            ("labels", [mark.code for mark in self.labels]),
        ):
            twice = sorted({code for code in codes if codes.count(code) > 1})
            if twice:
                raise ValueError(f"two {what} are called {', '.join(twice)}")
        if OTHER not in leaves:
            raise ValueError(f"the tree of reasons has no leaf {OTHER!r}")
        return self


@dataclass(frozen=True, slots=True)
class Ground:
    """A leaf of the tree: a reason that a decision may rest on.

    Attributes:
        hazard: what it is about; empty where it is about none.
        needs: what must be said with it, each a name and its title.
        actions: what it may justify.
    """

    code: str
    title: Title
    branch: Title
    hazard: str
    needs: tuple[Needed, ...]
    actions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Impact:
    """How far a decision reaches, before it is taken.

    `descendants` are works of others that it would hold, counted up to the limit that matters.
    """

    action: str
    restriction: str = ""
    descendants: int = 0
    is_by_staff: bool = False


@dataclass(frozen=True, slots=True)
class HouseRules:
    """All of the file. `grounds` keep its order; `ratings` go from the mildest on."""

    undo: timedelta
    second_level: SecondLevel
    ratings: Mapping[str, Mark]
    labels: Mapping[str, Mark]
    grounds: Mapping[str, Ground]

    def ground_for(self, hazards: Sequence[str], action: str) -> Ground:
        """Return what a decision rests on where nobody says: its first hazard, or nothing named."""
        for hazard in hazards:
            for ground in self.grounds.values():
                if ground.hazard == hazard and action in ground.actions and not ground.needs:
                    return ground
        return self.grounds[OTHER]

    def marks_of(self, rating: str, labels: Iterable[str]) -> list[Mark]:
        """Return the marks of these codes, the rating first; codes unknown by now are left out."""
        found = [self.ratings.get(rating), *map(self.labels.get, labels)]
        return [mark for mark in found if mark is not None]

    def offered_for(self, action: str) -> Iterator[Ground]:
        """Give the reasons that may justify an action, in the order of the tree."""
        return (ground for ground in self.grounds.values() if action in ground.actions)

    def needs_two(self, impact: Impact) -> str:
        """Return why a decision needs a second person, as a code; empty when one is enough."""
        rule = self.second_level
        if impact.action in rule.actions:
            return "action"
        if impact.restriction in rule.restrictions:
            return "restriction"
        takes = impact.action in TAKING
        if takes and rule.descendants is not None and impact.descendants >= rule.descendants:
            return "descendants"
        if takes and rule.staff_authors and impact.is_by_staff:
            return "staff_author"
        return ""


def load(path: Path = DEFAULT_HOUSE_RULES) -> HouseRules:
    """Read how people decide.

    Raises:
        InvalidHouseRules: the file says something that cannot be obeyed.
        OSError: it cannot be read.
    """
    return parse(path.read_text("utf-8"), where=str(path))


def parse(source: str, *, where: str = "the rules of decisions") -> HouseRules:
    """As `load`, from the text itself."""
    try:
        file = _File.model_validate(yaml.safe_load(source))
    except (yaml.YAMLError, ValidationError) as error:
        raise InvalidHouseRules(f"{where}: {error}") from error
    return HouseRules(
        undo=timedelta(seconds=file.undo_seconds),
        second_level=file.second_level,
        ratings={mark.code: mark for mark in file.ratings},
        labels={mark.code: mark for mark in file.labels},
        grounds={
            leaf.code: _ground(leaf, branch) for branch in file.reasons for leaf in branch.reasons
        },
    )


def _ground(leaf: _Leaf, branch: _Branch) -> Ground:
    return Ground(
        code=leaf.code,
        title=leaf.title or _title_of(str(leaf.hazard)),
        branch=branch.title,
        hazard=str(leaf.hazard or ""),
        needs=leaf.fields,
        actions=frozenset(branch.actions),
    )


def _title_of(hazard: str) -> Title:
    titles = {str(one.name): one.title for one in taxonomy().hazards}
    return Title(en=titles[hazard]["en"], zh=titles[hazard]["zh"])
