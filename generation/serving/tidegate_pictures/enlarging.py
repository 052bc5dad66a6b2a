"""Enlarging by iterated back-projection (Irani and Peleg, 1991), without halos; nothing is learnt.

A picture doubled by Lanczos is soft. Reduced again it differs from the original; the difference,
enlarged, is what the doubled one lacks. Added a few times, edges become crisp; held between the
darkest and the lightest of the neighbouring originals, nothing rings.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import maximum_filter, minimum_filter

LARGEST_SIDE = 4096
_ROUNDS = 6

Plane = NDArray[np.float32]


class TooLarge(ValueError):
    """The result would have more than 4096 pixels on a side."""


def enlarge(
    picture: Image.Image, factor: int, *, after_step: Callable[[int, int], None]
) -> Image.Image:
    """Return a picture 2 or 4 times as large, of the same mode (RGB or RGBA).

    `after_step` hears (step, steps) and stops the work by raising. Raises TooLarge.
    """
    if max(picture.size) * factor > LARGEST_SIDE:
        raise TooLarge(
            f"{picture.width} x {picture.height} times {factor} is more than {LARGEST_SIDE} pixels"
        )
    doublings = factor.bit_length() - 1
    bands = len(picture.getbands())
    steps, step = doublings * bands, 0
    for _ in range(doublings):
        planes = []
        for band in picture.split():
            planes.append(_doubled(np.asarray(band, dtype=np.float32)))
            step += 1
            after_step(step, steps)
        picture = Image.merge(picture.mode, [_as_band(plane) for plane in planes])
    return picture


def _doubled(plane: Plane) -> Plane:
    height, width = plane.shape
    size, large = (width, height), (width * 2, height * 2)
    # The bounds run softly from pixel to pixel, or the edges would follow the original's grid.
    low = _resized(minimum_filter(plane, 3, mode="nearest"), large, Image.Resampling.BILINEAR)
    high = _resized(maximum_filter(plane, 3, mode="nearest"), large, Image.Resampling.BILINEAR)
    made = _resized(plane, large, Image.Resampling.LANCZOS)
    for _ in range(_ROUNDS):
        lacking = plane - _resized(made, size, Image.Resampling.BOX)
        made = np.clip(made + _resized(lacking, large, Image.Resampling.BICUBIC), low, high)
    return made


def _resized(plane: Plane, size: tuple[int, int], how: Image.Resampling) -> Plane:
    return np.asarray(Image.fromarray(plane).resize(size, how), dtype=np.float32)


def _as_band(plane: Plane) -> Image.Image:
    return Image.fromarray(np.rint(plane.clip(0, 255)).astype(np.uint8))
