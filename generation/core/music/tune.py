"""A tune: notes in bars, bars in parts. Lengths are fractions of a quaver, the unit of `L:1/8`."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from generation.core.music.keys import Key

# Bar lengths in quavers, and the length of one beat.
METRES: Final = {
    "2/4": (Fraction(4), Fraction(2)),
    "3/4": (Fraction(6), Fraction(2)),
    "4/4": (Fraction(8), Fraction(2)),
    "6/8": (Fraction(6), Fraction(3)),
    "9/8": (Fraction(9), Fraction(3)),
}
RHYTHMS: Final = (
    "reel",
    "jig",
    "slip jig",
    "hornpipe",
    "strathspey",
    "march",
    "waltz",
    "air",
)
ENERGIES: Final = ("lively", "calm")
TRIPLET: Final = Fraction(2, 3)


@dataclass(frozen=True, slots=True)
class Note:
    """A note or, with no step, a rest.

    `step` counts lines and spaces from middle C; `shift` is -1, 0 or 1 semitone beside what the
    key makes of the step. `length` is as written: one of three notes `in_triplet` sounds for two
    thirds of it. A note `tied` goes on in the next one, which has the same pitch.
    """

    step: int | None
    length: Fraction
    shift: int = 0
    in_triplet: bool = False
    tied: bool = False

    @property
    def time(self) -> Fraction:
        """How long it sounds, in quavers."""
        return self.length * TRIPLET if self.in_triplet else self.length


Bar = tuple[Note, ...]


def bar_time(bar: Bar) -> Fraction:
    """How long a bar is, in quavers."""
    return sum((note.time for note in bar), Fraction(0))


@dataclass(frozen=True, slots=True)
class Part:
    """Full bars, the last one shorter by the tune's pickup, which `pickup` holds the notes of."""

    pickup: Bar
    bars: tuple[Bar, ...]
    is_repeated: bool


@dataclass(frozen=True, slots=True)
class Tune:
    """A whole tune. `pickup` is the length of every part's pickup, in quavers."""

    key: Key
    metre: str
    rhythm: str
    energy: str
    pickup: Fraction
    parts: tuple[Part, ...]

    @property
    def bar_length(self) -> Fraction:
        """Quavers in a full bar."""
        return METRES[self.metre][0]
