"""Chords for a tune: for each half bar the plain triad that fits, on the smoothest way home."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from generation.core.music.keys import LETTERS, Key
from generation.core.music.notation import Chords
from generation.core.music.tune import METRES, Bar, Tune

_SIGN_NAMES: Final = {-2: "bb", -1: "b", 0: "", 1: "#", 2: "##"}
# Degrees of the scale that carry a chord, and what each costs before the tune is heard.
_COSTS: Final = {
    "major": {0: 0.0, 3: 0.4, 4: 0.3, 5: 0.9, 1: 1.1},
    "mixolydian": {0: 0.0, 6: 0.3, 3: 0.5, 1: 1.2, 5: 1.2},
    "dorian": {0: 0.0, 6: 0.3, 3: 0.6, 2: 0.9, 4: 0.9},
    "minor": {0: 0.0, 6: 0.5, 3: 0.5, 2: 0.7, 5: 0.9, 4: 0.7},
}
_DOMINANT: Final = {"major": 4, "mixolydian": 6, "dorian": 6, "minor": 4}
_MISS: Final = 1.0
_FIRST_NOTE: Final = 1.6
_CHANGE: Final = 0.35
_MAJOR_THIRD: Final = 4


@dataclass(frozen=True, slots=True)
class Chord:
    """A triad: its name as above a staff, the pitch class of its root, and its pitch classes."""

    name: str
    root: int
    tones: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Span:
    """The notes that one chord has to carry: (pitch class, time, whether it begins the span)."""

    place: tuple[int, int, int]
    notes: tuple[tuple[int, Fraction, bool], ...]


def chord_on(key: Key, degree: int) -> Chord:
    """The triad of a degree (0 is the tonic); the fifth of a minor key is made major."""
    steps = [key.tonic_step + degree + third for third in (0, 2, 4)]
    tones = [key.pitch(step) % 12 for step in steps]
    if key.mode == "minor" and degree == _DOMINANT["minor"]:
        tones[1] = (tones[0] + _MAJOR_THIRD) % 12
    letter = steps[0] % 7
    is_major = (tones[1] - tones[0]) % 12 == _MAJOR_THIRD
    name = LETTERS[letter] + _SIGN_NAMES[key.alterations[letter]] + ("" if is_major else "m")
    return Chord(name, tones[0], (tones[0], tones[1], tones[2]))


def harmonised(tune: Tune) -> dict[tuple[int, int, int], Chord]:
    """Return a chord for every half bar (whole bar in triple time), by part, bar and beat.

    The tune's last chord is the tonic, and the one before it the dominant where the notes of its
    last two bars leave room.
    """
    spans = list(_spans(tune))
    degrees = _way(tune.key, spans)
    return {
        span.place: chord_on(tune.key, degree) for span, degree in zip(spans, degrees, strict=True)
    }


def symbols(chords: dict[tuple[int, int, int], Chord]) -> Chords:
    """Return the names to write: only where the chord changes, or a bar begins."""
    said: dict[tuple[int, int, int], str] = {}
    last = ""
    for place, chord in chords.items():
        if chord.name != last or place[2] == 0:
            said[place] = chord.name
        last = chord.name
    return said


def _spans(tune: Tune) -> Iterator[_Span]:
    full, beat = METRES[tune.metre]
    beats = int(full / beat)
    half = full if beats % 2 else full / 2
    for part_index, part in enumerate(tune.parts):
        for bar_index, bar in enumerate(part.bars):
            for start in range(0, beats, int(half / beat)):
                notes = tuple(_notes(tune.key, bar, start * beat, start * beat + half))
                if notes:
                    yield _Span((part_index, bar_index, start), notes)


def _notes(
    key: Key, bar: Bar, start: Fraction, end: Fraction
) -> Iterator[tuple[int, Fraction, bool]]:
    at = Fraction(0)
    for note in bar:
        lasts = min(end, at + note.time) - max(start, at)
        if lasts > 0 and note.step is not None:
            yield key.pitch(note.step, note.shift) % 12, lasts, at == start
        at += note.time


def _way(key: Key, spans: list[_Span]) -> list[int]:
    """The cheapest degrees from first to last (Viterbi)."""
    costs = _COSTS[key.mode]
    best: dict[int, tuple[float, list[int]]] = {
        degree: (cost + _misfit(key, degree, spans[0]), [degree]) for degree, cost in costs.items()
    }
    for index, span in enumerate(spans[1:], start=1):
        left = len(spans) - 1 - index
        following: dict[int, tuple[float, list[int]]] = {}
        for degree in _allowed(key, left):
            own = costs[degree] * 0.5 + _misfit(key, degree, span)
            total, way = min(
                (cost + (_CHANGE if last != degree else 0.0), way)
                for last, (cost, way) in best.items()
            )
            if left == 1 and degree == _DOMINANT[key.mode]:
                own -= _FIRST_NOTE
            following[degree] = (total + own, [*way, degree])
        best = following
    return min(best.values())[1]


def _allowed(key: Key, left: int) -> list[int]:
    return [0] if left == 0 else list(_COSTS[key.mode])


def _misfit(key: Key, degree: int, span: _Span) -> float:
    """How much of the span's time lies outside of the chord; its first note counts for more."""
    tones = chord_on(key, degree).tones
    whole = sum((lasts for _, lasts, _ in span.notes), Fraction(0))
    missed = sum(
        float(lasts) * (_FIRST_NOTE if is_first else _MISS)
        for pitch_class, lasts, is_first in span.notes
        if pitch_class not in tones
    )
    return 2 * missed / float(whole)
