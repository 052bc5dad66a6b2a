"""A performance as sound: sampled instruments, a small room, WAV and MP3."""

from __future__ import annotations

import io
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import lameenc
import numpy as np
import numpy.typing as npt
import tinysoundfont
from scipy.signal import oaconvolve

from generation.core.music.performance import CHORDS, MELODY, Sound

RATE: Final = 44_100
MP3_KBITS: Final = 128
Samples = npt.NDArray[np.float32]

_TAIL_SECONDS: Final = 2.5
_ROOM_SECONDS: Final = 1.3
_WET: Final = 0.16
_PEAK: Final = 0.89
_SILENCE: Final = 1e-4
_PAN: Final = {MELODY: 58, CHORDS: 74}
_VOLUME: Final = {MELODY: 110, CHORDS: 78}
_PAN_CONTROL, _VOLUME_CONTROL = 10, 7
_ON: Final = 1
# Voices that ring on from the last request must be gone before the next: half a minute at most.
_FLUSH_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class Voice:
    """The General MIDI programs of an instrument and of what accompanies it, from 0."""

    melody: int
    chords: int


VOICES: Final = {
    "fiddle": Voice(40, 25),
    "flute": Voice(73, 46),
    "whistle": Voice(78, 25),
    "harp": Voice(46, 46),
    "piano": Voice(0, 0),
    "guitar": Voice(25, 24),
    "accordion": Voice(21, 0),
    "banjo": Voice(105, 25),
}


class Silence(RuntimeError):
    """Nothing was heard, which no tune can be."""


class Band:
    """The sound font, loaded once; one performance after the other."""

    def __init__(self, soundfont: Path) -> None:
        self._path = soundfont
        self._room = _room()
        self._synth, self._font = self._fresh()

    def play(self, sounds: Sequence[Sound], *, instrument: str, quaver_seconds: float) -> Samples:
        """Render a performance, shape (samples, 2), peaks just below full scale.

        Raises:
            Silence: nothing was heard.
        """
        voice = VOICES[instrument]
        for track, program in ((MELODY, voice.melody), (CHORDS, voice.chords)):
            self._synth.program_select(track, self._font, 0, program)
            self._synth.control_change(track, _PAN_CONTROL, _PAN[track])
            self._synth.control_change(track, _VOLUME_CONTROL, _VOLUME[track])
        dry = self._rendered(_events(sounds, quaver_seconds))
        self._silence()
        wet = np.stack([oaconvolve(dry[:, side], self._room[side]) for side in (0, 1)], axis=1)
        mixed = (1 - _WET) * dry + _WET * wet[: len(dry)].astype(np.float32)
        peak = float(np.abs(mixed).max(initial=0))
        if not np.isfinite(peak) or peak < _SILENCE:
            raise Silence("the performance cannot be heard")
        return _faded((mixed * (_PEAK / peak)).astype(np.float32))

    def _fresh(self) -> tuple[tinysoundfont.Synth, int]:
        synth = tinysoundfont.Synth(gain=-6, samplerate=RATE)
        return synth, synth.sfload(str(self._path))

    def _rendered(self, events: list[tuple[int, int, Sound]]) -> Samples:
        pieces: list[Samples] = []
        at = 0
        for moment, kind, sound in events:
            if moment > at:
                pieces.append(self._next(moment - at))
                at = moment
            if kind == _ON:
                self._synth.noteon(sound.track, sound.pitch, sound.velocity)
            else:
                self._synth.noteoff(sound.track, sound.pitch)
        pieces.append(self._next(round(_TAIL_SECONDS * RATE)))
        return np.concatenate(pieces)

    def _next(self, samples: int) -> Samples:
        heard = np.frombuffer(bytes(self._synth.generate(samples)), dtype=np.float32)
        return heard.reshape(-1, 2)

    def _silence(self) -> None:
        """Let everything ring out, so that a performance does not depend on the one before."""
        for track in (MELODY, CHORDS):
            self._synth.sounds_off(track)
        for _ in range(_FLUSH_SECONDS):
            if not np.any(self._next(RATE)):
                return
        self._synth, self._font = self._fresh()


def _events(sounds: Sequence[Sound], quaver_seconds: float) -> list[tuple[int, int, Sound]]:
    """Sample position, end or beginning, and sound: ends come first."""

    def moment(time: Fraction) -> int:
        return round(float(time) * quaver_seconds * RATE)

    events = [(moment(sound.end), 0, sound) for sound in sounds]
    events += [(moment(sound.start), _ON, sound) for sound in sounds]
    return sorted(events, key=lambda event: (event[0], event[1], event[2].track, event[2].pitch))


def _room() -> tuple[Samples, Samples]:
    """Two impulse responses of a small hall: noise that dies away, from a fixed seed."""
    noise = np.random.default_rng(1778)
    time = np.arange(round(_ROOM_SECONDS * RATE)) / RATE
    decay = np.exp(-6.9 * time / _ROOM_SECONDS) * np.minimum(1, time / 0.012)
    sides = [noise.standard_normal(len(time)) * decay for _ in (0, 1)]
    # Walls swallow the heights first.
    dull = [np.convolve(side, np.full(6, 1 / 6), mode="same") for side in sides]
    left, right = ((side / np.sqrt(np.sum(side**2))).astype(np.float32) for side in dull)
    return left, right


def _faded(samples: Samples) -> Samples:
    """The end brought down to nothing over the last second, whatever still rings."""
    ramp = np.linspace(1, 0, RATE, dtype=np.float32)[:, None]
    samples[-RATE:] *= ramp
    return samples


def wav(samples: Samples) -> bytes:
    """Samples as a 16 bit WAV file."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(_pcm(samples))
    return out.getvalue()


def mp3(samples: Samples) -> bytes:
    """Samples as an MP3 file of 128 kbit/s."""
    encoder = lameenc.Encoder()
    encoder.set_bit_rate(MP3_KBITS)
    encoder.set_in_sample_rate(RATE)
    encoder.set_channels(2)
    encoder.set_quality(5)
    encoder.silence()
    return bytes(encoder.encode(_pcm(samples)) + encoder.flush())


def milliseconds(samples: Samples) -> int:
    """How long the samples last."""
    return round(1000 * len(samples) / RATE)


def _pcm(samples: Samples) -> bytes:
    return (np.clip(samples, -1, 1) * 32_767).astype("<i2").tobytes()
