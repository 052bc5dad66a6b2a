"""What is behind and around: a ground of light and colour, and lights that float in the air."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import cv2
import numpy as np

from generation.serving.tidegate_video.figures import Layer

Colour = tuple[float, float, float]
# How far the ground reaches beyond the frame on every side, as a share of the shorter side.
MARGIN = 0.2
_LIGHTS = 9
# Hues that go with the figure's, in turns away from it: neighbours and opposites.
_AWAY = (0.45, 0.5, 0.55, 0.33, 0.62, 0.12)


@dataclass(frozen=True, slots=True)
class Ground:
    """The farthest layer, (H, W, 3) with margins, and the lights before it, near ones last.

    `is_light` says whether shadows are seen on it.
    """

    pixels: Layer
    lights: tuple[Layer, ...]


def ground_for(
    size: tuple[int, int], *, hue: float, colour: Colour | None, random: np.random.Generator
) -> Ground:
    """Paint a ground for a frame of (width, height): one that suits a hue, or of one colour."""
    width, height = (round(side + 2 * MARGIN * min(size)) for side in size)
    if colour is None:
        away = _AWAY[int(random.integers(len(_AWAY)))]
        high, low, glow = _palette((hue + away) % 1.0)
    else:
        high, low, glow = _tints(colour)
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    smooth = down * down * (3 - 2 * down)
    pixels = np.repeat(
        np.array(high, np.float32) * (1 - smooth) + np.array(low, np.float32) * smooth, width, 1
    )
    centre = (0.5 + 0.12 * float(random.uniform(-1, 1)), 0.4)
    pixels += _glow((width, height), centre, 0.55)[..., None] * (
        np.array(glow, np.float32) - pixels
    )
    # A fine grain hides the steps between eight-bit shades.
    pixels += random.normal(0, 0.0035, (height, width, 1)).astype(np.float32)
    lights = tuple(
        _lights((width, height), random, glow, radius=radius, strength=strength)
        for radius, strength in ((0.022, 0.5), (0.05, 0.26))
    )
    return Ground(np.clip(pixels, 0, 1), lights)


def light_over(size: tuple[int, int], moment: float) -> Layer:
    """Return how much light lies on each pixel: it wanders a little, and edges are darker."""
    width, height = size
    wide, high = max(8, width // 8), max(8, height // 8)
    x = 0.36 + 0.28 * moment
    glow = _glow((wide, high), (x, 0.3), 0.9) * 0.1
    across = np.linspace(-1, 1, wide, dtype=np.float32)[None, :]
    down = np.linspace(-1, 1, high, dtype=np.float32)[:, None]
    dark = np.clip(across**2 + down**2 - 0.75, 0, None) * 0.13
    light: Layer = cv2.resize(1 + glow - dark, (width, height), interpolation=cv2.INTER_LINEAR)
    return light[..., None]


def _palette(hue: float) -> tuple[Colour, Colour, Colour]:
    return (
        colorsys.hsv_to_rgb(hue, 0.42, 0.9),
        colorsys.hsv_to_rgb((hue + 0.04) % 1.0, 0.52, 0.72),
        colorsys.hsv_to_rgb((hue - 0.04) % 1.0, 0.14, 1.0),
    )


def _tints(colour: Colour) -> tuple[Colour, Colour, Colour]:
    """Lighter and darker shades of a ground that the picture has already."""
    hue, saturation, value = colorsys.rgb_to_hsv(*colour)
    lower = colorsys.hsv_to_rgb(hue, min(1.0, saturation + 0.03), value * 0.86)
    return colorsys.hsv_to_rgb(hue, saturation, value * 0.97), lower, colour


def _glow(size: tuple[int, int], centre: tuple[float, float], radius: float) -> Layer:
    """A soft round light, 0..1; the radius is a share of the longer side."""
    width, height = size
    longest = max(size)
    across = (np.arange(width, dtype=np.float32)[None, :] - centre[0] * width) / longest
    down = (np.arange(height, dtype=np.float32)[:, None] - centre[1] * height) / longest
    return np.exp(-(across**2 + down**2) / (2 * (radius / 2) ** 2)).astype(np.float32)


def _lights(
    size: tuple[int, int],
    random: np.random.Generator,
    colour: Colour,
    *,
    radius: float,
    strength: float,
) -> Layer:
    """Round lights out of focus, as they float in the air, on a transparent layer."""
    width, height = size
    opacity = np.zeros((height, width), np.float32)
    for _ in range(_LIGHTS):
        x, y = random.uniform(0, width), random.uniform(0, height)
        wide = float(random.uniform(0.5, 1.3)) * radius * min(size)
        spot = np.zeros_like(opacity)
        cv2.circle(
            spot,
            (round(x * 16), round(y * 16)),
            round(wide * 16),
            float(random.uniform(0.4, 1)),
            -1,
            cv2.LINE_AA,
            4,
        )
        opacity = np.maximum(opacity, cv2.GaussianBlur(spot, (0, 0), max(1.0, wide / 5)))
    alpha = (opacity * strength)[..., None]
    return np.concatenate([np.array(colour, np.float32) * alpha, alpha], axis=2)
