"""Another ground: a flat background is found from the border, and replaced with soft edges.

What is within `tolerance` of the border's colour and connected to the border is ground. Along the
seam a pixel is part ground and part figure: how much follows from where its colour lies between
the two, and the figure's own colour there is that of the nearest pixel that is figure alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import binary_dilation, distance_transform_edt, label

_SEAM_PIXELS = 2
_LEAST_BORDER = 0.25

Pixels = NDArray[np.float64]
Where = NDArray[np.bool_]
Colour = tuple[int, int, int]


class NoGround(ValueError):
    """The picture's border is not of one colour."""


def change_ground(
    picture: Image.Image, colour: Colour | None, *, tolerance: float
) -> tuple[Image.Image, Colour]:
    """Return an RGB picture on another colour, or as RGBA on none, and the ground it had.

    `tolerance` is a distance of colours, 0..441. Raises NoGround.
    """
    pixels = np.asarray(picture, dtype=np.float64)
    had = _ground_of(pixels)
    ground = _connected(np.linalg.norm(pixels - had, axis=2) <= tolerance)
    if _border(ground).mean() < _LEAST_BORDER:
        raise NoGround("less than a quarter of the border is of one colour")
    figure, share = _figure(pixels, ground, had)
    old = (int(had[0]), int(had[1]), int(had[2]))
    if colour is None:
        # Where nothing shows, white: who looks at colours alone sees no more than people do.
        shown = np.where(share[..., None] > 0, figure, 255)
        alpha = np.rint(share * 255)[..., None]
        return Image.fromarray(_bytes(np.concatenate([shown, alpha], axis=2))), old
    mixed = figure * share[..., None] + np.array(colour) * (1 - share[..., None])
    return Image.fromarray(_bytes(mixed)), old


def _ground_of(pixels: Pixels) -> NDArray[np.float64]:
    """Return the commonest colour of the border, to the average of what is near it."""
    border = _border(pixels).reshape(-1, 3)
    coarse, counts = np.unique(border.astype(np.int64) // 16, axis=0, return_counts=True)
    commonest = coarse[counts.argmax()]
    near = (border.astype(np.int64) // 16 == commonest).all(axis=1)
    colour: NDArray[np.float64] = np.rint(border[near].mean(axis=0))
    return colour


def _border(values: NDArray[np.generic]) -> NDArray[np.generic]:
    return np.concatenate([values[0], values[-1], values[1:-1, 0], values[1:-1, -1]])


def _connected(near: Where) -> Where:
    """Return the parts that reach the border."""
    parts, count = label(near)
    reached = np.zeros(count + 1, dtype=bool)
    reached[np.unique(_border(parts)).astype(np.int64)] = True
    reached[0] = False
    found: Where = reached[parts]
    return found


def _figure(
    pixels: Pixels, ground: Where, had: NDArray[np.float64]
) -> tuple[Pixels, NDArray[np.float64]]:
    """Return the figure's colours, and for each pixel the share of it that is figure, 0..1."""
    wide = binary_dilation(ground, iterations=_SEAM_PIXELS)
    seam = wide & ~ground
    share = (~ground).astype(np.float64)
    if wide.all() or not seam.any():
        return pixels, share
    nearest = distance_transform_edt(wide, return_distances=False, return_indices=True)
    own = pixels[tuple(nearest)]
    away = own[seam] - had
    length = np.maximum((away**2).sum(axis=1), 1.0)
    share[seam] = np.clip(((pixels[seam] - had) * away).sum(axis=1) / length, 0, 1)
    return np.where(seam[..., None], own, pixels), share


def _bytes(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    whole: NDArray[np.uint8] = np.rint(values.clip(0, 255)).astype(np.uint8)
    return whole
