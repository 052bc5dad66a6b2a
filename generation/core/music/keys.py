"""Keys: which letters a key alters, and how a step of the staff sounds in it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

LETTERS: Final = "CDEFGAB"
# Semitones of the white keys above C.
_WHITE: Final = (0, 2, 4, 5, 7, 9, 11)
# The order in which signatures alter letters, as indices into LETTERS.
_SHARPS: Final = (3, 0, 4, 1, 5, 2, 6)
_FIFTHS: Final = {"F": -1, "C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5}
# How many fifths a mode's signature lies below that of the major key on the same note.
MODES: Final = {"major": 0, "mixolydian": -1, "dorian": -2, "minor": -3}
_ABC_MODES: Final = {"major": "", "mixolydian": "mix", "dorian": "dor", "minor": "m"}
MAXIMUM_SIGNS: Final = 6


class UnknownKey(ValueError):
    """No such key, or one with more sharps or flats than are read."""


@dataclass(frozen=True)
class Key:
    """A tonic such as `Bb` and one of `MODES`."""

    tonic: str
    mode: str

    def __post_init__(self) -> None:
        letter, sign = self.tonic[:1], self.tonic[1:]
        if letter not in _FIFTHS or sign not in {"", "#", "b"} or self.mode not in MODES:
            raise UnknownKey(f"{self.tonic} {self.mode} is no key")
        if abs(self.fifths) > MAXIMUM_SIGNS:
            raise UnknownKey(f"{self.tonic} {self.mode} has too many signs")

    @cached_property
    def fifths(self) -> int:
        """Sharps of the signature; flats are negative."""
        sign = {"": 0, "#": 7, "b": -7}[self.tonic[1:]]
        return _FIFTHS[self.tonic[0]] + sign + MODES[self.mode]

    @cached_property
    def alterations(self) -> tuple[int, ...]:
        """What the signature does to each of `LETTERS`, in semitones."""
        altered = [0] * 7
        order = _SHARPS if self.fifths > 0 else tuple(reversed(_SHARPS))
        for letter in order[: abs(self.fifths)]:
            altered[letter] = 1 if self.fifths > 0 else -1
        return tuple(altered)

    @property
    def tonic_step(self) -> int:
        """The tonic's index into `LETTERS`."""
        return LETTERS.index(self.tonic[0])

    @property
    def abc(self) -> str:
        """The key as a `K:` field says it."""
        return self.tonic + _ABC_MODES[self.mode]

    def pitch(self, step: int, shift: int = 0) -> int:
        """The MIDI number of a step of the staff (0 is middle C), `shift` semitones beside it."""
        octave, letter = divmod(step, 7)
        return 60 + 12 * octave + _WHITE[letter] + self.alterations[letter] + shift

    def tonic_pitch_class(self) -> int:
        """The tonic as a number from 0 (C) to 11 (B)."""
        return self.pitch(self.tonic_step) % 12


def key_with(fifths: int, mode: str) -> Key:
    """The key of a mode whose signature has that many sharps (flats are negative).

    Raises:
        UnknownKey: there is none with at most six signs.
    """
    for sign in ("", "#", "b"):
        for letter in LETTERS:
            try:
                key = Key(letter + sign, mode)
            except UnknownKey:
                continue
            if key.fifths == fifths:
                return key
    raise UnknownKey(f"no {mode} key has {fifths} fifths")
