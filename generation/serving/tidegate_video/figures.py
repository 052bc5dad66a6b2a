"""What is in front: the drawn thing cut out of its white ground, with crisp edges."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.ndimage import distance_transform_edt

from generation.serving.tidegate_pictures.grounds import NoGround, change_ground

Layer = npt.NDArray[np.float32]
"""Pixels (H, W, 4), 0..1; the colours are multiplied by the last number, which is opacity."""

SIDE = 512
_TOLERANCE = 60.0
# Less is a speck, more is a picture that fills its frame.
_LEAST, _MOST = 0.02, 0.86
# Opacities from which on nothing and all is shown: what is between them is the seam.
_CLEAR, _SOLID = 0.38, 0.78
_SPECK = 0.01


@dataclass(frozen=True, slots=True)
class Figure:
    """A cut-out on a square, and the colour of the ground that it was cut from (0..1)."""

    layer: Layer
    ground: tuple[float, float, float]

    @property
    def base(self) -> float:
        """Where it stands: its lowest row, as a share of the square."""
        rows = np.flatnonzero(self.layer[..., 3].max(axis=1) > _CLEAR)
        return float((rows[-1] + 1) / len(self.layer)) if len(rows) else 1.0

    @property
    def hue(self) -> float:
        """The hue of its vivid parts in turns, 0..1; that of a clear sky where it has none."""
        solid = self.layer[self.layer[..., 3] > _SOLID][:, None, :3]
        if not len(solid):
            return 0.57
        colours = cv2.cvtColor(np.ascontiguousarray(solid), cv2.COLOR_RGB2HSV)[:, 0]
        weight = colours[:, 1] * colours[:, 2]
        angle = np.deg2rad(colours[:, 0].astype(np.float64))
        if weight.mean() < 0.08:  # noqa: PLR2004  greys have no hue worth keeping
            return 0.57
        mean = np.arctan2((weight * np.sin(angle)).sum(), (weight * np.cos(angle)).sum())
        return float(mean / (2 * np.pi)) % 1.0


def figure_of(picture: Image.Image, *, is_drawn: bool) -> Figure | None:
    """Cut out what a picture shows on one colour; None where it has no such ground.

    `is_drawn` says that our own model drew it: the fine grain of its decoder is smoothed away.
    """
    square = _on_square(picture)
    try:
        cut, ground = change_ground(square, None, tolerance=_TOLERANCE)
    except NoGround:
        return None
    pixels = np.asarray(cut)
    opacity = _without_specks(_shares(pixels[..., 3]))
    if not _LEAST < float(opacity.mean()) < _MOST:
        return None
    colours = _spread(pixels[..., :3], opacity)
    if is_drawn:
        colours = cv2.bilateralFilter(cv2.medianBlur(colours, 5), 7, 28, 5)
        opacity = cv2.GaussianBlur(opacity, (0, 0), 1.1)
    large = _enlarged(_shares(colours))
    seam = (_enlarged(opacity) - _CLEAR) / (_SOLID - _CLEAR)
    alpha = _smooth(np.clip(seam, 0, 1))[..., None]
    layer = np.concatenate([np.clip(large, 0, 1) * alpha, alpha], axis=2)
    return Figure(np.ascontiguousarray(layer), (ground[0] / 255, ground[1] / 255, ground[2] / 255))


def card_of(picture: Image.Image) -> Figure:
    """Return a picture that fills its frame as a card with round corners."""
    square = np.asarray(_on_square(picture).resize((SIDE, SIDE), Image.Resampling.LANCZOS))
    mask = np.zeros((SIDE, SIDE), np.uint8)
    inset, radius = SIDE // 24, SIDE // 12
    far = SIDE - inset - radius - 1
    cv2.rectangle(mask, (inset + radius,) * 2, (far,) * 2, 255, 2 * radius, cv2.LINE_AA)
    cv2.rectangle(mask, (inset + radius,) * 2, (far,) * 2, 255, -1)
    alpha = mask.astype(np.float32)[..., None] / 255
    layer = np.concatenate([square.astype(np.float32) / 255 * alpha, alpha], axis=2)
    return Figure(np.ascontiguousarray(layer), (1.0, 1.0, 1.0))


def _on_square(picture: Image.Image) -> Image.Image:
    """Lay a picture on a square of the colour of its corner, not larger than is shown."""
    longest = max(picture.size)
    square = Image.new("RGB", (longest, longest), picture.getpixel((0, 0)))
    square.paste(picture, ((longest - picture.width) // 2, (longest - picture.height) // 2))
    side = min(longest, SIDE)
    return square.resize((side, side), Image.Resampling.LANCZOS)


def _shares(values: npt.NDArray[np.uint8]) -> Layer:
    """Turn 0..255 into 0..1."""
    return np.asarray(values / 255, dtype=np.float32)


def _without_specks(opacity: Layer) -> Layer:
    """Leave out what is so small beside the largest part that nobody drew it on purpose."""
    count, parts, sizes, _ = cv2.connectedComponentsWithStats((opacity > _CLEAR).astype(np.uint8))
    areas = sizes[1:count, cv2.CC_STAT_AREA]
    if not len(areas):
        return opacity
    specks = 1 + np.flatnonzero(areas < _SPECK * areas.max())
    return np.where(np.isin(parts, specks), np.float32(0), opacity)


def _spread(colours: npt.NDArray[np.uint8], opacity: Layer) -> npt.NDArray[np.uint8]:
    """Give what is not wholly of the figure the colour of the nearest pixel that is."""
    outside = opacity < 1
    if outside.all():
        return np.ascontiguousarray(colours)
    nearest = distance_transform_edt(outside, return_distances=False, return_indices=True)
    return np.ascontiguousarray(colours[tuple(nearest)])


def _enlarged(pixels: Layer) -> Layer:
    large = cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    # Enlarging is soft: a little of what was lost at the edges is put back.
    blurred = cv2.GaussianBlur(large, (0, 0), 2.2)
    sharp: Layer = large + 0.6 * (large - blurred)
    return sharp


def _smooth(share: Layer) -> Layer:
    smooth: Layer = share * share * (3 - 2 * share)
    return smooth
