"""Writing a tune as ABC, with the chords above it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from generation.core.music.keys import LETTERS, Key
from generation.core.music.tune import METRES, Bar, Note, Tune
from generation.core.music.vocabulary import QUAVER

_SIGNS: Final = {-2: "__", -1: "_", 0: "=", 1: "^", 2: "^^"}
_OCTAVE: Final = 7
_BARS_A_LINE: Final = 4


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands above the notes. `tempo` counts beats of the metre in a minute."""

    title: str
    tempo: int


# The chord of each beat where one begins: by part, bar (the pickup is bar -1) and beat.
Chords = Mapping[tuple[int, int, int], str]


def written(tune: Tune, heading: Heading, chords: Chords) -> str:
    """Return the tune as ABC 2.1, four bars a line."""
    beat = METRES[tune.metre][1]
    lines = [
        "X:1",
        f"T:{heading.title}",
        f"R:{tune.rhythm}",
        f"M:{tune.metre}",
        "L:1/8",
        f"Q:{Fraction(beat, 8)}={heading.tempo}",
        f"K:{tune.key.abc}",
    ]
    for index, part in enumerate(tune.parts):
        is_last = index == len(tune.parts) - 1
        end = ":|" if part.is_repeated else "|]" if is_last else "||"
        bars = [_bar(bar, tune, chords, (index, place)) for place, bar in enumerate(part.bars)]
        opening = "|:" if part.is_repeated else ""
        if part.pickup:
            opening += f" {_bar(part.pickup, tune, chords, (index, -1))} |"
        lines += _lines(opening.strip(), bars, end)
    return "\n".join(lines) + "\n"


def _lines(opening: str, bars: Sequence[str], end: str) -> Iterator[str]:
    for start in range(0, len(bars), _BARS_A_LINE):
        chosen = bars[start : start + _BARS_A_LINE]
        is_end = start + _BARS_A_LINE >= len(bars)
        line = " | ".join(chosen) + (f" {end}" if is_end else " |")
        yield f"{opening} {line}".strip() if start == 0 else line


def _bar(bar: Bar, tune: Tune, chords: Chords, place: tuple[int, int]) -> str:
    """The notes of a bar, beamed by beats, with an accidental wherever a doubt could be."""
    beat = METRES[tune.metre][1]
    altered: set[int] = set()
    at = Fraction(0)
    text = ""
    in_triplet = 0
    for note in bar:
        if at % beat == 0:
            text += " " if text and not in_triplet else ""
            chord = chords.get((*place, int(at / beat)))
            text += f'"{chord}"' if chord else ""
        if note.in_triplet:
            text += "" if in_triplet else "(3"
            in_triplet = (in_triplet + 1) % 3
        text += _note(note, tune.key, altered)
        at += note.time
    return text


def _note(note: Note, key: Key, altered: set[int]) -> str:
    return f"{_pitch(note, key, altered)}{_length(note.length)}{'-' if note.tied else ''}"


def _pitch(note: Note, key: Key, altered: set[int]) -> str:
    if note.step is None:
        return "z"
    octave, letter = divmod(note.step, _OCTAVE)
    own = key.alterations[letter]
    wanted = own + note.shift
    # An accidental holds for its bar; readers differ on whether in other octaves too, so say it.
    sign = _SIGNS[wanted] if note.shift or letter in altered else ""
    if sign:
        altered.add(letter)
    name = LETTERS[letter]
    if octave <= 0:
        return sign + name + "," * -octave
    return sign + name.lower() + "'" * (octave - 1)


def _length(length: Fraction) -> str:
    if length == QUAVER:
        return ""
    if length.denominator == 1:
        return str(length.numerator)
    top = "" if length.numerator == 1 else str(length.numerator)
    return f"{top}/{length.denominator}"
