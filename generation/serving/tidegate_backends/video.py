"""Frames to an MP4 that browsers play, by the FFmpeg inside OpenCV (LGPL, VP9 by libvpx)."""

from __future__ import annotations

import tempfile
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt


class EncoderMissing(RuntimeError):
    """This build of OpenCV cannot write such a video."""


def to_mp4(frames: npt.NDArray[np.uint8], fps: int) -> bytes:
    """Encode frames (N, H, W, 3) RGB; the same frames give the same bytes.

    Raises:
        EncoderMissing: the library has no VP9 encoder, or refuses the size.
    """
    height, width = frames.shape[1:3]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "video.mp4"
        writer = cv2.VideoWriter(
            str(file), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*"vp09"), fps, (width, height)
        )
        if not writer.isOpened():
            raise EncoderMissing(f"no VP9 encoder for {width}x{height} in OpenCV {cv2.__version__}")
        for frame in frames:
            writer.write(np.ascontiguousarray(frame[:, :, ::-1]))
        writer.release()
        return file.read_bytes()
