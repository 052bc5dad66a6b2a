"""Triton model: takes a film apart into pictures to look at and a recording to listen to.

Pictures are decoded by the FFmpeg inside OpenCV (LGPL), MP3 by libsndfile (LGPL). It judges
nothing; what it cannot take apart it says so of, and the gate holds that back.
"""

import hashlib
import io
import os
import tempfile
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Read when the first file is opened: one thread, as the neighbours need theirs.
os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "threads;1")

import cv2
import numpy as np
import soundfile
import triton_python_backend_utils as pb_utils

from moderation.core.failures import UNREADABLE
from moderation.core.films import chosen, encoded, encoded_error
from moderation.core.mp4 import Unsound, sound_of
from moderation.core.wire import Unreadable

_LONGEST_SECONDS = 180
_MOST_FRAMES = 60 * _LONGEST_SECONDS
_LARGEST_PIXELS = 4096 * 2304
_LONGEST_SIDE = 960
_JPEG_QUALITY = 92
_RATE = 16_000


class TritonPythonModel:
    """Takes films apart one after the other."""

    def initialize(self, args: dict[str, str]) -> None:
        """Remember what decodes."""
        cv2.setNumThreads(1)
        digest = hashlib.sha256(Path(__file__).read_bytes())
        digest.update(f"{cv2.__version__} {soundfile.__libsndfile_version__}".encode())
        self._version = f"video_cuts@{digest.hexdigest()[:12]}"

    def execute(self, requests: list) -> list:
        """Answer each request; an unreadable film is an answer too."""
        return [self._answer(request) for request in requests]

    def _answer(self, request):  # noqa: ANN001, ANN202  Triton's own types
        content = pb_utils.get_input_tensor_by_name(request, "CONTENT").as_numpy().reshape(-1)[0]
        stills: list[bytes] = []
        sound = b""
        try:
            sound = _heard(content)
            with _opened(content) as path:
                stills, moments, seconds = _seen(path)
            result = encoded(
                at_ms=moments, has_sound=bool(sound), seconds=seconds, version=self._version
            )
        except (Unreadable, Unsound) as error:
            stills, sound, result = [], b"", encoded_error(f"{UNREADABLE}: {error}")
        except Exception as error:  # noqa: BLE001  one film must not take the others with it
            pb_utils.Logger.log_error(f"video_cuts: {error!r}")
            stills, sound, result = [], b"", encoded_error(f"{type(error).__name__}: {error}")
        return pb_utils.InferenceResponse(
            [
                pb_utils.Tensor("RESULT", np.array([result], dtype=np.object_)),
                pb_utils.Tensor("STILLS", np.array(stills, dtype=np.object_)),
                pb_utils.Tensor("SOUND", np.array([sound], dtype=np.object_)),
            ]
        )


@contextmanager
def _opened(content: bytes) -> Iterator[str]:
    """A file for the decoder, which reads no memory."""
    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        file.write(content)
        file.flush()
        yield file.name


def _seen(path: str) -> tuple[list[bytes], list[int], float]:
    """The pictures to look at (JPEG), their moments in ms, and the film's length in seconds."""
    changes, fps = _changes(path)
    wanted = chosen(changes, fps=fps)
    stills = [_jpeg(frame) for frame in _frames(path, set(wanted))]
    if len(stills) != len(wanted):
        raise Unreadable("the pictures cannot be decoded twice alike")
    return stills, [round(1000 * number / fps) for number in wanted], round(len(changes) / fps, 2)


def _changes(path: str) -> tuple[list[float], float]:
    """How much each frame differs from the one before, and the frames a second."""
    capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG)
    try:
        fps = float(capture.get(cv2.CAP_PROP_FPS))
        declared = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        size = capture.get(cv2.CAP_PROP_FRAME_WIDTH) * capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
        if not capture.isOpened() or not 1 <= fps <= 120:  # noqa: PLR2004  what players show
            raise Unreadable("not a film that can be decoded")
        if declared > _MOST_FRAMES or declared > _LONGEST_SECONDS * fps or size > _LARGEST_PIXELS:
            raise Unreadable(f"the film is longer than {_LONGEST_SECONDS} s, or too large")
        found: list[float] = []
        before = None
        while len(found) <= declared:
            is_there, frame = capture.read()
            if not is_there:
                break
            small = cv2.resize(frame, (32, 32), interpolation=cv2.INTER_AREA).astype(np.int16)
            found.append(0.0 if before is None else float(np.abs(small - before).mean()))
            before = small
    finally:
        capture.release()
    # A frame that is not decoded here may be decoded by a player.
    if not found or len(found) != declared:
        raise Unreadable(f"{len(found)} of {declared} pictures can be decoded")
    return found, fps


def _frames(path: str, wanted: set[int]) -> Iterator[np.ndarray]:
    capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG)
    try:
        for number in range(max(wanted) + 1):
            if not capture.grab():
                return
            if number in wanted:
                is_there, frame = capture.retrieve()
                if not is_there:
                    return
                yield frame
    finally:
        capture.release()


def _jpeg(frame: np.ndarray) -> bytes:
    longest = max(frame.shape[:2])
    if longest > _LONGEST_SIDE:
        scale = _LONGEST_SIDE / longest
        frame = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    is_done, data = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not is_done:
        raise Unreadable("a picture cannot be written")
    return data.tobytes()


def _heard(content: bytes) -> bytes:
    """The sound as a WAV file (16 kHz, mono), empty where the film is silent."""
    sound = sound_of(content)
    if sound is None:
        return b""
    try:
        samples, rate = soundfile.read(io.BytesIO(sound.data), dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise Unreadable(f"the sound cannot be decoded: {error}") from error
    if not len(samples) or len(samples) > _LONGEST_SECONDS * rate:
        raise Unreadable("the sound is empty or too long")
    mono = samples.mean(axis=1)
    smooth = max(1, round(rate / _RATE))
    mono = np.convolve(mono, np.full(smooth, 1 / smooth, dtype=np.float32), mode="same")
    places = np.arange(max(1, int(len(mono) * _RATE / rate))) * (rate / _RATE)
    pcm = np.interp(places, np.arange(len(mono)), mono)
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        file.writeframes((np.clip(pcm, -1, 1) * 32_767).astype("<i2").tobytes())
    return out.getvalue()
