"""A performance as a Standard MIDI File."""

from __future__ import annotations

import io
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from mido import Message, MetaMessage, MidiFile, MidiTrack, bpm2tempo

from generation.core.music.performance import CHORDS, MELODY, Sound
from generation.serving.tidegate_music.sound import Voice

_TICKS_A_CROTCHET: Final = 480
_TICKS_A_QUAVER: Final = _TICKS_A_CROTCHET // 2
_NAMES: Final = {MELODY: "Melody", CHORDS: "Accompaniment"}


def written(sounds: Sequence[Sound], *, voice: Voice, metre: str, crotchets: float) -> bytes:
    """Return a file with a track each for the melody and its accompaniment.

    `crotchets` is the tempo in crotchets a minute.
    """
    file = MidiFile(ticks_per_beat=_TICKS_A_CROTCHET)
    upper, lower = metre.split("/")
    head = MidiTrack()
    head.append(MetaMessage("set_tempo", tempo=bpm2tempo(crotchets)))
    head.append(MetaMessage("time_signature", numerator=int(upper), denominator=int(lower)))
    file.tracks.append(head)
    for track, program in ((MELODY, voice.melody), (CHORDS, voice.chords)):
        own = [sound for sound in sounds if sound.track == track]
        if own:
            file.tracks.append(_track(own, track, program))
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


def _track(sounds: Sequence[Sound], track: int, program: int) -> MidiTrack:
    told = MidiTrack()
    told.append(MetaMessage("track_name", name=_NAMES[track]))
    told.append(Message("program_change", channel=track, program=program))
    events = [(_ticks(sound.start), 1, sound.pitch, sound.velocity) for sound in sounds]
    events += [(_ticks(sound.end), 0, sound.pitch, 0) for sound in sounds]
    last = 0
    for at, is_on, pitch, velocity in sorted(events):
        kind = "note_on" if is_on else "note_off"
        told.append(Message(kind, channel=track, note=pitch, velocity=velocity, time=at - last))
        last = at
    return told


def _ticks(time: Fraction) -> int:
    return round(time * _TICKS_A_QUAVER)
