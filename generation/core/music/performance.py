"""Playing a tune: which note sounds when, repeats included, and the accompaniment under it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from generation.core.music.harmony import Chord
from generation.core.music.tune import METRES, Bar, Tune

MELODY, CHORDS = 0, 1
_STRONG, _BEAT, _WEAK = 104, 94, 84
_BASS_VELOCITY, _CHORD_VELOCITY = 66, 54
_BASS_FLOOR: Final = 40
_CHORD_FLOOR: Final = 55
# Notes are let go a little early, so that repeated ones are heard apart.
_SOUNDING: Final = Fraction(92, 100)
_PLUCKED: Final = Fraction(85, 100)


@dataclass(frozen=True, slots=True)
class Sound:
    """A note as played: times in quavers from the beginning, MIDI pitch and velocity."""

    track: int
    start: Fraction
    end: Fraction
    pitch: int
    velocity: int


def performed(tune: Tune, chords: Mapping[tuple[int, int, int], Chord]) -> list[Sound]:
    """Return every sound in the order of its start; no chords, no accompaniment."""
    sounds: list[Sound] = []
    at = Fraction(0)
    for part_index, bars in _played(tune):
        for bar_index, bar in bars:
            sounds += _melody(tune, bar, at)
            if bar_index >= 0:
                sounds += _accompaniment(tune, chords, (part_index, bar_index), at)
            at += sum((note.time for note in bar), Fraction(0))
    joined = _tied(sounds)
    return sorted(joined, key=lambda sound: (sound.start, sound.track, sound.pitch))


def length(tune: Tune) -> Fraction:
    """How long the tune lasts with its repeats, in quavers."""
    return sum(
        (note.time for _, bars in _played(tune) for _, bar in bars for note in bar), Fraction(0)
    )


def _played(tune: Tune) -> Iterator[tuple[int, list[tuple[int, Bar]]]]:
    for index, part in enumerate(tune.parts):
        bars = list(enumerate(part.bars))
        once = [(-1, part.pickup), *bars] if part.pickup else bars
        for _ in range(2 if part.is_repeated else 1):
            yield index, once


def _melody(tune: Tune, bar: Bar, at: Fraction) -> Iterator[Sound]:
    beat = METRES[tune.metre][1]
    inside = Fraction(0)
    for note in bar:
        if note.step is not None:
            velocity = _STRONG if inside == 0 else _BEAT if inside % beat == 0 else _WEAK
            end = inside + (note.time if note.tied else note.time * _SOUNDING)
            pitch = tune.key.pitch(note.step, note.shift)
            yield Sound(MELODY, at + inside, at + end, pitch, velocity)
        inside += note.time


def _tied(sounds: list[Sound]) -> Iterator[Sound]:
    """Join a melody note that ends exactly where the same pitch begins: only ties leave no gap."""
    waiting: Sound | None = None
    for sound in sounds:
        if sound.track != MELODY:
            yield sound
            continue
        if waiting and waiting.end == sound.start and waiting.pitch == sound.pitch:
            waiting = Sound(MELODY, waiting.start, sound.end, sound.pitch, waiting.velocity)
            continue
        if waiting:
            yield waiting
        waiting = sound
    if waiting:
        yield waiting


def _accompaniment(
    tune: Tune, chords: Mapping[tuple[int, int, int], Chord], place: tuple[int, int], at: Fraction
) -> Iterator[Sound]:
    """Bass on the chord's first beat, the triad on the beats after it; a held one in airs."""
    full, beat = METRES[tune.metre]
    bar = tune.parts[place[0]].bars[place[1]]
    sounding = sum((note.time for note in bar), Fraction(0))
    here = {key[2]: chord for key, chord in chords.items() if key[:2] == place}
    starts = sorted(here)
    for index, start in enumerate(starts):
        chord = here[start]
        until = starts[index + 1] * beat if index + 1 < len(starts) else full
        end = min(until, sounding)
        yield _bass(chord, at + start * beat, at + end)
        if tune.rhythm == "air":
            yield from _triad(chord, at + start * beat, at + end)
            continue
        offbeat = start * beat + (beat if tune.metre in {"3/4", "9/8"} else beat / 2)
        step = beat
        if tune.metre in {"6/8", "9/8"}:
            offbeat, step = start * beat + beat * 2 / 3, beat
        while offbeat < end:
            yield from _triad(chord, at + offbeat, at + min(end, offbeat + step / 2))
            offbeat += step


def _bass(chord: Chord, start: Fraction, end: Fraction) -> Sound:
    pitch = _BASS_FLOOR + (chord.root - _BASS_FLOOR) % 12
    return Sound(CHORDS, start, start + (end - start) * _PLUCKED, pitch, _BASS_VELOCITY)


def _triad(chord: Chord, start: Fraction, end: Fraction) -> Iterator[Sound]:
    for tone in chord.tones:
        pitch = _CHORD_FLOOR + (tone - _CHORD_FLOOR) % 12
        yield Sound(CHORDS, start, start + (end - start) * _PLUCKED, pitch, _CHORD_VELOCITY)
