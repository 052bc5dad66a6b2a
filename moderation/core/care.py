"""How somebody is shown what they judge: veiled, grey, silent, still; last, or not at all."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from moderation.core.hazards import Hazard
from moderation.core.sittings import Breaks
from moderation.core.taxonomy import taxonomy

GRAPHIC: Final = (
    Hazard.CHILD_SAFETY,
    Hazard.SEXUAL_CRIME,
    Hazard.VIOLENT_CRIME,
    Hazard.SELF_HARM,
    Hazard.VIOLENCE,
    Hazard.SEXUAL,
)
"""Hazards that hurt whoever looks: they are counted, and a break is due after so many."""
GORE: Final = (Hazard.VIOLENCE, Hazard.VIOLENT_CRIME)
"""What comes last unless somebody chose otherwise."""


class Blur(StrEnum):
    """How strongly something is veiled."""

    NONE = "none"
    LIGHT = "light"
    STRONG = "strong"


_STRENGTH: Final = tuple(Blur)


@dataclass(frozen=True, slots=True)
class Manner:
    """How a case is shown. Grey stays when the veil is lifted: blood is hardest to see in red."""

    blur: Blur = Blur.STRONG
    is_grey: bool = True
    is_muted: bool = True
    has_stills: bool = True

    def at_least(self, other: "Manner") -> "Manner":
        """Return the gentler of both, in every respect."""
        return Manner(
            blur=max(self.blur, other.blur, key=_STRENGTH.index),
            is_grey=self.is_grey or other.is_grey,
            is_muted=self.is_muted or other.is_muted,
            has_stills=self.has_stills or other.has_stills,
        )


BARE: Final = Manner(Blur.NONE, is_grey=False, is_muted=False, has_stills=False)
"""Nothing is done for whoever looks: the floor of an install that sets none."""


@dataclass(frozen=True, slots=True)
class Override:
    """What is different for one hazard; None: as for all."""

    blur: Blur | None = None
    is_grey: bool | None = None

    def over(self, manner: Manner) -> Manner:
        """Return the manner for this hazard."""
        return Manner(
            blur=manner.blur if self.blur is None else self.blur,
            is_grey=manner.is_grey if self.is_grey is None else self.is_grey,
            is_muted=manner.is_muted,
            has_stills=manner.has_stills,
        )


@dataclass(frozen=True, slots=True)
class CareRules:
    """What an install has for everybody: defaults, a floor beneath what they choose, breaks."""

    defaults: Manner = Manner()
    floor: Manner = BARE
    last: tuple[str, ...] = GORE
    breaks: Breaks = field(default_factory=Breaks)


@dataclass(frozen=True, slots=True)
class Care:
    """What counts for one person, the install's defaults and floor included.

    `last` are hazards in the order in which they come after the others; `opted_out` are those
    that this person is not given.
    """

    manner: Manner
    floor: Manner
    last: tuple[str, ...] = GORE
    opted_out: tuple[str, ...] = ()
    by_hazard: Mapping[str, Override] = field(default_factory=dict)

    def manner_for(self, hazards: Collection[str]) -> Manner:
        """Return how to show a case about these hazards: of several the gentlest.

        Of what nobody has named yet it may be any of them.
        """
        named = [self._of(hazard) for hazard in hazards]
        if not named:
            named = [self.manner, *map(self._of, self.by_hazard)]
        gentlest = self.floor
        for manner in named:
            gentlest = gentlest.at_least(manner)
        return gentlest

    def _of(self, hazard: str) -> Manner:
        return self.by_hazard.get(hazard, Override()).over(self.manner)


def with_refinements(hazards: Iterable[str]) -> tuple[str, ...]:
    """Return hazards and all that are a graver form of them, in the order of the taxonomy.

    Whoever wants no violence wants no violent crimes either.
    """
    wanted = set(hazards)
    refines = {entry.name: entry.refines for entry in taxonomy().hazards}

    def is_wanted(name: Hazard | None) -> bool:
        return name is not None and (name in wanted or is_wanted(refines[name]))

    return tuple(name.value for name in refines if is_wanted(name))
