"""Triton model: what is said in a recording (Whisper base, eight bits, many languages)."""

import hashlib
import io
import json
import os
import sys
import types
import wave
from pathlib import Path

import numpy as np
import triton_python_backend_utils as pb_utils

from moderation.core.remembering import Remembering
from moderation.core.wire import Finding, Unreadable, answer

# faster-whisper imports PyAV to read files. This model is given samples and reads none, and
# PyAV's wheels carry GPL encoders: it is not installed, and an empty module answers the import.
sys.modules.setdefault("av", types.ModuleType("av"))
from faster_whisper import WhisperModel  # noqa: E402

_RATE = 16_000
_LONGEST_SECONDS = 600
_REMEMBERED = 256


class TritonPythonModel:
    """Listens to recordings one after the other."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the network."""
        config = json.loads(args["model_config"])
        settings = {key: item["string_value"] for key, item in config["parameters"].items()}
        folder = Path(os.environ["TIDEGATE_MODELS_DIR"], settings["weights"])
        self._model = WhisperModel(
            str(folder),
            device="cpu",
            compute_type="int8",
            cpu_threads=int(settings["threads"]),
            num_workers=1,
            local_files_only=True,
        )
        with (folder / "model.bin").open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()[:12]
        self._version = f"speech_text@{digest}"
        self._remembering = Remembering(self._judge, most=_REMEMBERED)

    def execute(self, requests: list) -> list:
        """Answer each request; an unreadable item is an error of that item alone."""
        responses = []
        for request in requests:
            items = pb_utils.get_input_tensor_by_name(request, "CONTENT").as_numpy()
            results = answer(
                items.reshape(-1).tolist(),
                judge=self._remembering,
                version=self._version,
                on_failure=pb_utils.Logger.log_error,
            )
            output = np.array(results, dtype=np.object_).reshape(-1, 1)
            responses.append(pb_utils.InferenceResponse([pb_utils.Tensor("RESULT", output)]))
        return responses

    def _judge(self, content: bytes) -> Finding:
        samples = _samples(content)
        segments, info = self._model.transcribe(
            samples,
            beam_size=1,
            # One temperature: the usual ladder of retries multiplies the time of noise and music.
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=True,
        )
        spoken = list(segments)
        return Finding(
            text=" ".join(segment.text.strip() for segment in spoken).strip(),
            language=info.language,
            detail={
                "seconds": round(len(samples) / _RATE, 2),
                "language_probability": round(float(info.language_probability), 3),
                "no_speech": round(max((s.no_speech_prob for s in spoken), default=1.0), 3),
            },
        )

    def finalize(self) -> None:
        """Join the engine's threads before the interpreter goes."""
        del self._model


def _samples(content: bytes) -> np.ndarray:
    """Return mono samples at 16 kHz, float32 in -1..1, of a 16 bit PCM WAV file."""
    try:
        with wave.open(io.BytesIO(content)) as file:
            width, channels, rate = file.getsampwidth(), file.getnchannels(), file.getframerate()
            frames = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise Unreadable(f"not a WAV file: {error}") from error
    if width != np.dtype(np.int16).itemsize:
        raise Unreadable(f"the WAV file has {width * 8} bits a sample, not 16")
    usable = len(frames) - len(frames) % (width * channels)
    samples = np.frombuffer(frames[:usable], dtype="<i2").reshape(-1, channels)
    mono = samples.mean(axis=1, dtype=np.float32) / np.float32(32768)
    if not len(mono):
        raise Unreadable("the WAV file has no samples")
    if len(mono) > _LONGEST_SECONDS * rate:
        raise Unreadable(f"the recording is longer than {_LONGEST_SECONDS} seconds")
    wanted = int(len(mono) * _RATE / rate)
    if rate == _RATE or wanted == 0:
        return mono
    # A moving average before linear resampling: speech recognition does not hear the difference.
    smooth = max(1, round(rate / _RATE))
    if smooth > 1:
        mono = np.convolve(mono, np.full(smooth, 1 / smooth, dtype=np.float32), mode="same")
    positions = np.arange(wanted, dtype=np.float64) * rate / _RATE
    return np.interp(positions, np.arange(len(mono)), mono).astype(np.float32)
