"""What may follow what: every text that these rules let through is a whole tune.

Bars last exactly as long as the metre says, ties go to the same pitch, triplets hold three equal
notes, no bar has more short notes than its kind of tune knows, the form is the one that was asked
for, and the tune ends on its tonic, held for a crotchet.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from generation.core.music.keys import Key
from generation.core.music.pace import most_short_notes
from generation.core.music.tune import METRES
from generation.core.music.vocabulary import (
    END,
    HIGHEST_COMPOSED,
    LENGTHS,
    LOWEST_COMPOSED,
    ONCE,
    PICKUPS,
    QUAVER,
    REPEATED,
    REST,
    TIE,
    TRIPLET_SIGN,
    conditions,
    length_of,
    pitch_of,
    pitch_token,
    sounding,
)

_NOTE_LENGTHS: Final = (QUAVER, *LENGTHS)
_TRIPLET_LENGTHS: Final = (Fraction(1, 2), Fraction(1), Fraction(2))
_FINAL_HOLD: Final = Fraction(2)
_NOTHING: Final = Fraction(0)
_PITCHES: Final = tuple(
    pitch_token(step, shift)
    for step in range(LOWEST_COMPOSED, HIGHEST_COMPOSED + 1)
    for shift in (-1, 0, 1)
)


class IllegalToken(ValueError):
    """A token that may not stand there."""


@dataclass(frozen=True, slots=True)
class Form:
    """What is asked of a tune: `parts` holds the number of bars of each."""

    key: Key
    metre: str
    rhythm: str
    energy: str
    parts: tuple[int, ...]
    is_repeated: bool


class Composer:
    """Follows a tune while it is written and says which tokens may come next."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self.tokens = conditions(form.key, form.metre, form.rhythm, form.energy)
        self._full = METRES[form.metre][0]
        self._pickup: Fraction | None = None
        self._part = -1
        # Bars of this part that are still to be begun; its pickup stands before the first.
        self._bars_left = 0
        # What the bar still holds, without the note that may yet be given a length.
        self._left = _NOTHING
        self._open: str | None = None
        self._last: str | None = None
        self._tied: str | None = None
        self._triplet_left = 0
        self._triplet_length: Fraction | None = None
        self._most_short = most_short_notes(form.rhythm, form.metre)
        self._short = 0

    @property
    def is_done(self) -> bool:
        """Whether the tune is whole."""
        return self.tokens[-1] == END

    @property
    def bars_done(self) -> int:
        """How many bars were begun so far, over all parts."""
        return sum(self._form.parts[: self._part + 1]) - self._bars_left

    def legal(self) -> list[str]:
        """Return the tokens that may come next; none once the tune is whole, never none before."""
        last = self.tokens[-1]
        if last == END:
            return []
        if self._pickup is None:
            longest = self._full - _FINAL_HOLD
            return [f"pickup {length}" for length in PICKUPS if length <= longest]
        if last.startswith("pickup ") or last in {REPEATED, ONCE}:
            parts_left = len(self._form.parts) - self._part - 1
            return [f"parts {parts_left}"] if parts_left else [END]
        if self._open is None:
            return list(self._next(self._left))
        pitch = self._open
        lengths = self._lengths(pitch)
        following = [f"x{length}" for length in lengths if length != QUAVER]
        if QUAVER in lengths:
            following += self._next(self._left - self._time(QUAVER))
        return following

    def take(self, token: str) -> None:
        """Write the next token.

        Raises:
            IllegalToken: it may not stand here.
        """
        if token not in self.legal():
            raise IllegalToken(f"{token} may not follow {self.tokens[-1]}")
        self.tokens.append(token)
        if self._open is not None:
            self._settle(length_of(token) if token.startswith("x") else QUAVER)
        if token.startswith("pickup "):
            self._pickup = Fraction(token.removeprefix("pickup "))
        elif token.startswith("parts "):
            self._part += 1
            self._bars_left = self._form.parts[self._part]
            self._left, self._short = self._pickup or _NOTHING, 0
            self._last = None
        elif token.startswith("bars "):
            self._bars_left -= 1
            self._left, self._short = self._length_of_bar(), 0
        elif token == TIE:
            self._tied = self._last
        elif token == TRIPLET_SIGN:
            self._triplet_left, self._triplet_length = 3, None
        elif token == REST or token.startswith("n"):
            self._open, self._tied = token, None

    def _length_of_bar(self) -> Fraction:
        is_last = self._bars_left == 0
        return self._full - (self._pickup or _NOTHING) if is_last else self._full

    def _settle(self, length: Fraction) -> None:
        self._left -= self._time(length)
        self._short += length < QUAVER
        if self._triplet_left:
            self._triplet_length = length
            self._triplet_left -= 1
        self._last, self._open = self._open, None

    @property
    def _kept(self) -> Fraction:
        """What is kept of the tune's last bar for its last note."""
        is_last_part = self._part == len(self._form.parts) - 1
        return _FINAL_HOLD if is_last_part and not self._bars_left else _NOTHING

    def _time(self, length: Fraction) -> Fraction:
        return sounding(length, in_triplet=self._triplet_left > 0)

    def _lengths(self, pitch: str) -> list[Fraction]:
        """The lengths that a note of this pitch may have here."""
        if self._triplet_left and self._triplet_length is not None:
            return [self._triplet_length]
        if self._triplet_left:
            return self._triplet_lengths(self._left)
        after = ((length, self._left - length) for length in _NOTE_LENGTHS if length <= self._left)
        return [
            length
            for length, left in after
            if self._may_last(pitch, length, left) and self._keeps_pace(length, left)
        ]

    def _triplet_lengths(self, left: Fraction) -> list[Fraction]:
        """The lengths that each note of a triplet may have with so much left of the bar."""
        room = left - self._kept
        # Three short notes, and one more to come back where the bar is between two quavers.
        short = self._short + 3 + (left.denominator != 1)
        is_quick = self._most_short is None or short <= self._most_short
        return [
            length
            for length in _TRIPLET_LENGTHS
            if 2 * length <= room and (is_quick or length >= QUAVER)
        ]

    def _keeps_pace(self, length: Fraction, left: Fraction) -> bool:
        """Whether what is left of the bar can be filled without too many short notes.

        What leaves the bar between two quavers needs a short note to come back, which is reserved
        for it; so coming back is always allowed.
        """
        is_between, comes_back = self._left.denominator != 1, left.denominator == 1
        if self._most_short is None or (is_between and comes_back):
            return True
        return self._short + (length < QUAVER) + (not comes_back) <= self._most_short

    def _may_last(self, pitch: str, length: Fraction, left: Fraction) -> bool:
        """Whether a note of this length, after which so much is left, keeps the end free."""
        kept = self._kept
        if left == 0 and kept:
            return length >= kept and self._is_tonic(pitch)
        return left >= kept

    def _next(self, left: Fraction) -> Iterator[str]:
        """The tokens after a whole note, or at the beginning of a bar, with so much left of it."""
        if left == 0:
            if self._may_tie():
                yield TIE
            if self._bars_left:
                yield f"bars {self._bars_left}"
            else:
                yield REPEATED if self._form.is_repeated else ONCE
            return
        if self._tied is not None:
            yield self._tied
            return
        triplet_left = self._triplet_left - (
            1 if self._open is not None and self._triplet_left else 0
        )
        room = left - self._kept
        if not triplet_left and self._triplet_lengths(left):
            yield TRIPLET_SIGN
        yield from _PITCHES if room > 0 else filter(self._is_tonic, _PITCHES)
        if not self._kept:
            yield REST

    def _may_tie(self) -> bool:
        """Whether the bar's last note may go on in the next bar of its part."""
        pitch = self._open or self._last
        if pitch is None or pitch == REST or self.tokens[-1] == TIE or self._triplet_left:
            return False
        # The tune's last bar must be free to come home.
        is_last_part = self._part == len(self._form.parts) - 1
        return self._bars_left > (1 if is_last_part else 0)

    def _is_tonic(self, pitch: str) -> bool:
        step, shift = pitch_of(pitch)
        return step is not None and shift == 0 and (step - self._form.key.tonic_step) % 7 == 0


def is_legal(form: Form, tokens: Sequence[str]) -> bool:
    """Whether these tokens, conditions included, are a whole tune of that form."""
    composer = Composer(form)
    if list(tokens[: len(composer.tokens)]) != composer.tokens:
        return False
    try:
        for token in tokens[len(composer.tokens) :]:
            composer.take(token)
    except IllegalToken:
        return False
    return composer.is_done
