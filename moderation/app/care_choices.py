"""What people and leads may choose of care for reviewers, and what is wrong with a choice."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from moderation.core.care import Blur, Manner
from moderation.core.hazards import Hazard
from tidegate.primitives.errors import FieldError, InvalidInput

LONGEST_WORK: Final = 24 * 60
MOST_EXPOSURES: Final = 10_000
LONGEST_BREAK: Final = 8 * 60


@dataclass(frozen=True, slots=True)
class HazardChoice:
    """What is to be different for one hazard; empty and None: as for all."""

    blur: str = ""
    is_grey: bool | None = None


@dataclass(frozen=True, slots=True)
class CareChoice:
    """All that a person chooses at once; empty and None: as the install has it for everybody."""

    blur: str = ""
    is_grey: bool | None = None
    is_muted: bool | None = None
    has_stills: bool | None = None
    by_hazard: Mapping[str, HazardChoice] = field(default_factory=dict)
    last: Sequence[str] | None = None
    opted_out: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class MannerChoice:
    """How cases are to be shown."""

    blur: str
    is_grey: bool
    is_muted: bool
    has_stills: bool


@dataclass(frozen=True, slots=True)
class RulesChoice:
    """All that a lead sets for everybody; a limit of 0 is none."""

    defaults: MannerChoice
    floor: MannerChoice
    last: Sequence[str]
    work_minutes: int
    exposures: int
    break_minutes: int


def require_care(choice: CareChoice, floor: Manner) -> None:
    """Raise InvalidInput, naming every wrong field, unless a person may choose this."""
    errors = [*_blur(choice.blur, "/blur"), *_beneath(choice, floor, "")]
    for name, given in choice.by_hazard.items():
        at = f"/by_hazard/{name}"
        errors += list(_known([name], "/by_hazard")) or [
            *_blur(given.blur, f"{at}/blur"),
            *_beneath(given, floor, at),
        ]
    errors += _hazards(choice.last or (), "/last")
    errors += _hazards(choice.opted_out, "/opted_out")
    if errors:
        raise InvalidInput(errors=errors)


def require_rules(choice: RulesChoice) -> None:
    """Raise InvalidInput, naming every wrong field, unless a lead may set this."""
    errors = [
        *_blur(choice.defaults.blur or "-", "/defaults/blur"),
        *_blur(choice.floor.blur or "-", "/floor/blur"),
        *_hazards(choice.last, "/last"),
        *_within(choice.work_minutes, 0, LONGEST_WORK, "/work_minutes"),
        *_within(choice.exposures, 0, MOST_EXPOSURES, "/exposures"),
        *_within(choice.break_minutes, 1, LONGEST_BREAK, "/break_minutes"),
    ]
    if not errors:
        errors += _beneath(choice.defaults, manner(choice.floor), "/defaults")
    if errors:
        raise InvalidInput(errors=errors)


def manner(choice: MannerChoice) -> Manner:
    """Return what was checked before as a manner."""
    return Manner(Blur(choice.blur), choice.is_grey, choice.is_muted, choice.has_stills)


def _blur(value: str, pointer: str) -> Iterator[FieldError]:
    if value and value not in list(Blur):
        yield FieldError(
            pointer, code="unknown_blur", message=f"One of {', '.join(Blur)}, not {value[:40]!r}."
        )


def _beneath(
    choice: CareChoice | HazardChoice | MannerChoice, floor: Manner, at: str
) -> Iterator[FieldError]:
    """Name what is less than the floor that the install set."""
    strength = list(Blur)
    if choice.blur in strength and strength.index(Blur(choice.blur)) < strength.index(floor.blur):
        yield _below(f"{at}/blur")
    for name in ("is_grey", "is_muted", "has_stills"):
        if getattr(floor, name) and getattr(choice, name, None) is False:
            yield _below(f"{at}/{name}")


def _below(pointer: str) -> FieldError:
    return FieldError(
        pointer, code="below_floor", message="Your lead set that nobody is shown more than that."
    )


def _hazards(names: Sequence[str], pointer: str) -> Iterator[FieldError]:
    yield from _known(names, pointer)
    if len(set(names)) < len(names):
        yield FieldError(pointer, code="named_twice", message="Each hazard once.")


def _known(names: Iterable[str], pointer: str) -> Iterator[FieldError]:
    known = set(Hazard)
    for name in names:
        if name not in known:
            yield FieldError(
                pointer, code="unknown_hazard", message=f"There is no hazard {name[:40]!r}."
            )


def _within(number: int, least: int, most: int, pointer: str) -> Iterator[FieldError]:
    if not least <= number <= most:
        yield FieldError(
            pointer, code="out_of_range", message=f"A whole number from {least} to {most}."
        )
