"""A narration: spoken sentence by sentence by the speech model beside this one, then as MP3."""

from __future__ import annotations

import io
import wave
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import lameenc
import numpy as np
import numpy.typing as npt
import triton_python_backend_utils as pb_utils
from scipy.signal import resample_poly

from generation.core.film.narration import Cue, cues, sentences
from generation.core.wire import (
    INVALID_PREFIX,
    Done,
    GenerateRequest,
    InvalidRequest,
    Media,
    decode_event,
    encode_request,
)

SPEECH_MODEL: Final = "kokoro_speech"
LEAD_MS: Final = 400
TAIL_MS: Final = 700
LONGEST_SECONDS: Final = 30
_SPOKEN_RATE: Final = 24_000
# MPEG-1 layer III: what every browser plays from an MP4.
_RATE: Final = 48_000
_KBITS: Final = 96
_TIMEOUT_MICROSECONDS: Final = 240_000_000

Samples = npt.NDArray[np.float32]


class VoiceUnavailable(RuntimeError):
    """The speech model is not there, or failed; trying again may help."""


@dataclass(frozen=True, slots=True)
class Narration:
    """What is said: its samples (24 kHz, mono), its captions and what made it."""

    samples: Samples
    cues: list[Cue]
    version: str

    @property
    def milliseconds(self) -> int:
        """How long a film must be for it: with a breath before and after."""
        return LEAD_MS + round(1000 * len(self.samples) / _SPOKEN_RATE) + TAIL_MS

    def mp3(self, seconds: float) -> bytes:
        """The sound of a film of that length."""
        silence = np.zeros(round(LEAD_MS * _SPOKEN_RATE / 1000), np.float32)
        whole = np.concatenate([silence, self.samples])
        padded = np.pad(whole, (0, max(0, round(seconds * _SPOKEN_RATE) - len(whole))))
        sound = resample_poly(padded, _RATE // _SPOKEN_RATE, 1)
        encoder = lameenc.Encoder()
        encoder.set_bit_rate(_KBITS)
        encoder.set_in_sample_rate(_RATE)
        encoder.set_channels(1)
        encoder.set_quality(2)
        encoder.silence()
        pcm = (np.clip(sound, -1, 1) * 32_767).astype("<i2").tobytes()
        return bytes(encoder.encode(pcm) + encoder.flush())


def spoken(
    text: str, *, voice: str | None, seed: int, after_sentence: Callable[[int], None]
) -> Narration:
    """Have a text spoken. `after_sentence` hears 1, 2, …, and stops it by raising.

    Raises:
        InvalidRequest: the voice cannot read it, or takes longer than a film may be.
        VoiceUnavailable: the speech model is away.
    """
    sounds: list[Samples] = []
    lengths: list[tuple[str, int]] = []
    version = ""
    for number, sentence in enumerate(sentences(text), start=1):
        sound, version = _sentence(sentence, voice=voice, seed=seed)
        sounds.append(sound)
        lengths.append((sentence, round(1000 * len(sound) / _SPOKEN_RATE)))
        if sum(length for _, length in lengths) > 1000 * LONGEST_SECONDS:
            raise InvalidRequest(f"the narration takes longer than {LONGEST_SECONDS} seconds")
        after_sentence(number)
    return Narration(np.concatenate(sounds), cues(lengths, start_ms=LEAD_MS), version)


def _sentence(text: str, *, voice: str | None, seed: int) -> tuple[Samples, str]:
    document = encode_request(
        GenerateRequest(text, {} if voice is None else {"voice": voice}, seed)
    )
    request = pb_utils.InferenceRequest(
        model_name=SPEECH_MODEL,
        requested_output_names=["EVENT", "PAYLOAD"],
        inputs=[pb_utils.Tensor("REQUEST", np.array([document], dtype=np.object_))],
        timeout=_TIMEOUT_MICROSECONDS,
    )
    sound: Samples | None = None
    version = ""
    try:
        for response in request.exec(decoupled=True):
            if response.has_error():
                _refuse(response.error().message())
            if not response.output_tensors():
                continue
            event, payload = (_bytes_of(response, name) for name in ("EVENT", "PAYLOAD"))
            piece = decode_event(event, payload)
            if isinstance(piece, Media):
                sound = _samples(piece.data)
            elif isinstance(piece, Done):
                version = piece.model_version
    except pb_utils.TritonModelException as error:
        raise VoiceUnavailable(f"{SPEECH_MODEL}: {error}") from error
    if sound is None or not len(sound):
        raise VoiceUnavailable(f"{SPEECH_MODEL} returned no sound")
    return sound, version


def _refuse(message: str) -> None:
    place = message.find(INVALID_PREFIX)
    if place >= 0:
        raise InvalidRequest(f"narration: {message[place + len(INVALID_PREFIX) :]}")
    raise VoiceUnavailable(f"{SPEECH_MODEL}: {message}")


def _bytes_of(response: Any, name: str) -> bytes:
    tensor = pb_utils.get_output_tensor_by_name(response, name)
    return bytes(tensor.as_numpy().reshape(-1)[0])


def _samples(data: bytes) -> Samples:
    with wave.open(io.BytesIO(data)) as file:
        if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (_SPOKEN_RATE, 1, 2):
            raise VoiceUnavailable(f"{SPEECH_MODEL} spoke in an unknown format")
        pcm = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    return pcm.astype(np.float32) / np.float32(32_768)
