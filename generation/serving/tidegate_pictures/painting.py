"""Painting in one of 26 styles: a small network with a weight for each style (ONNX)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

STYLES = 26
LARGEST_SIDE = 1024
SMALLEST_SIDE = 32
# The network halves the picture twice.
_GRID = 4


class Painter:
    """The loaded network. Runs on one thread, so that sums keep their order and bytes repeat."""

    def __init__(self, weights: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(weights), options, providers=["CPUExecutionProvider"]
        )

    def paint(
        self,
        picture: Image.Image,
        shares: dict[int, float],
        *,
        strength: float,
        keeps_colours: bool,
    ) -> Image.Image:
        """Paint an RGB picture in a mix of styles; more than 1024 pixels on a side are reduced.

        `shares` are positive numbers by style, of any sum. `strength` 0 is the picture itself.
        """
        original = _bounded(picture)
        weights = np.zeros(STYLES, dtype=np.float32)
        for style, share in shares.items():
            weights[style] += share
        pixels = np.asarray(original, dtype=np.float32) / 255
        height, width = pixels.shape[:2]
        padding = ((0, -height % _GRID), (0, -width % _GRID), (0, 0))
        padded = np.pad(pixels, padding, mode="reflect").transpose(2, 0, 1)[np.newaxis]
        (made,) = self._session.run(
            None,
            {"image": np.ascontiguousarray(padded), "style_weights": weights / weights.sum()},
        )
        painted = _picture_of(made[0].transpose(1, 2, 0)[:height, :width])
        if keeps_colours:
            lightness = painted.convert("YCbCr").getchannel(0)
            colours = original.convert("YCbCr").split()[1:]
            painted = Image.merge("YCbCr", (lightness, *colours)).convert("RGB")
        return Image.blend(original, painted, strength)


def _bounded(picture: Image.Image) -> Image.Image:
    """Bring both sides between 32 and 1024 pixels, the shape kept as far as that goes."""
    scale = min(1.0, LARGEST_SIDE / max(picture.size))
    width, height = (max(SMALLEST_SIDE, round(side * scale)) for side in picture.size)
    if (width, height) == picture.size:
        return picture
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def _picture_of(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray((pixels.clip(0, 1) * 255 + 0.5).astype(np.uint8))
