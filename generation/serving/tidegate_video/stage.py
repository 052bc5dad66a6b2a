"""A scene: layers at several depths, looked at by a camera. Gives one frame at a time."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from generation.core.film.camera import Look
from generation.serving.tidegate_video.figures import Figure, Layer
from generation.serving.tidegate_video.scenery import MARGIN, ground_for, light_over

Frame = npt.NDArray[np.uint8]
Size = tuple[int, int]
Figures = Callable[[float], Figure]
"""The figure at a moment (0..1): the same one, or one that changes."""

# How much of the camera's way each depth makes: far things pass slowly, near ones fast.
_FAR, _FAR_LIGHTS, _NEAR_LIGHTS = 0.45, 0.7, 1.7
_FIGURE_SHARE = 0.74
_SHADOW = 0.34
_FLOAT, _SWAY = 0.008, 0.9


class Scene(Protocol):
    """What can be filmed."""

    def frame(self, look: Look, moment: float) -> Frame:
        """Return the frame (H, W, 3) that the camera sees at a moment, 0..1."""
        ...


class FigureScene:
    """A figure that stands free before a ground."""

    def __init__(
        self,
        size: Size,
        figures: Figures,
        *,
        seed: int,
        keeps_ground: bool = False,
        room_below: float = 0.0,
    ) -> None:
        """Paint the ground. `room_below` is the share of the height that captions need."""
        random = np.random.default_rng(seed)
        first = figures(0.0)
        self._size = size
        self._figures = figures
        self._ground = ground_for(
            size,
            hue=first.hue,
            colour=first.ground if keeps_ground else None,
            random=random,
        )
        self._base = first.base
        self._centre = (size[0] / 2, size[1] * (0.5 - room_below / 2))
        self._scale = _FIGURE_SHARE * (1 - room_below) * min(size) / len(first.layer)
        self._phase = float(random.uniform(0, 2 * math.pi))

    def frame(self, look: Look, moment: float) -> Frame:
        """Return the frame at a moment."""
        pixels = self._far(self._ground.pixels, look, _FAR)
        far, near = self._ground.lights
        _lay(pixels, self._far(far, look, _FAR_LIGHTS, rise=0.06 * moment))
        figure = self._figures(moment).layer
        _lay(pixels, self._shadow(figure, look))
        _lay(pixels, self._warped(figure, self._placing(figure, look, moment)))
        _lay(pixels, self._far(near, look, _NEAR_LIGHTS, rise=0.14 * moment))
        return _bytes(pixels * light_over(self._size, moment))

    def _far(self, layer: Layer, look: Look, depth: float, *, rise: float = 0.0) -> Layer:
        """A layer of the ground's size, moved by a share of the camera's way."""
        height, width = layer.shape[:2]
        short = min(self._size)
        zoom = 1 + (look.zoom - 1) * depth * 0.6
        # No more than the margin allows, whatever the depth.
        free = MARGIN * short * zoom - 1
        x = max(-free, min(free, look.x * depth * short))
        y = max(-free, min(free, (look.y * depth + rise) * short))
        matrix = np.array(
            [
                [zoom, 0, self._size[0] / 2 - zoom * width / 2 - x],
                [0, zoom, self._size[1] / 2 - zoom * height / 2 - y],
            ],
            np.float32,
        )
        return self._warped(layer, matrix)

    def _placing(self, figure: Layer, look: Look, moment: float) -> npt.NDArray[np.float32]:
        """Where the figure is: it floats and sways a little, and leans as one walks around it."""
        short, side = min(self._size), len(figure)
        wave = math.sin(2 * math.pi * moment + self._phase)
        turn = math.radians(_SWAY * math.sin(2 * math.pi * moment))
        scale = self._scale * look.zoom
        across = scale * (1 - 0.1 * abs(look.turn))
        lean = -0.05 * look.turn * scale
        x = self._centre[0] - look.x * short
        y = self._centre[1] - look.y * short + _FLOAT * wave * short
        linear = np.array(
            [
                [across * math.cos(turn), -scale * math.sin(turn) + lean],
                [across * math.sin(turn), scale * math.cos(turn)],
            ]
        )
        shift = np.array([x, y]) - linear @ np.array([side / 2, side / 2])
        return np.concatenate([linear, shift[:, None]], axis=1).astype(np.float32)

    def _shadow(self, figure: Layer, look: Look) -> Layer:
        """A soft shadow on the floor: the figure's own, lying flat."""
        small = cv2.resize(figure[..., 3], (80, 80), interpolation=cv2.INTER_AREA)
        soft = cv2.GaussianBlur(
            cv2.copyMakeBorder(small, 20, 20, 20, 20, cv2.BORDER_CONSTANT), (0, 0), 5
        )
        short, side = min(self._size), len(figure)
        scale = self._scale * look.zoom * side / 80
        flat = scale * 0.16
        x = self._centre[0] - look.x * short * 0.9 + 0.05 * look.turn * short
        floor = (
            self._centre[1] - look.y * short + (self._base - 0.5) * side * self._scale * look.zoom
        )
        matrix = np.array([[scale, 0, x - scale * 60], [0, flat, floor - flat * 62]], np.float32)
        layer = np.zeros((*soft.shape, 4), np.float32)
        layer[..., 3] = soft * _SHADOW
        return self._warped(layer, matrix)

    def _warped(self, layer: Layer, matrix: npt.NDArray[np.float32]) -> Layer:
        edge = cv2.BORDER_REPLICATE if layer.shape[2] == 3 else cv2.BORDER_CONSTANT  # noqa: PLR2004
        seen: Layer = cv2.warpAffine(
            layer, matrix, self._size, flags=cv2.INTER_LINEAR, borderMode=edge
        )
        return seen


class PictureScene:
    """A picture that fills the frame; the camera moves over it."""

    def __init__(self, size: Size, picture: Image.Image) -> None:
        """Cut the picture to the frame's shape, at most twice as large as the frame."""
        width, height = size
        factor = max(width / picture.width, height / picture.height)
        detail = min(2.0, max(1.0, 1 / factor))
        large = picture.resize(
            (
                math.ceil(picture.width * factor * detail),
                math.ceil(picture.height * factor * detail),
            ),
            Image.Resampling.LANCZOS,
        )
        self._size = size
        self._detail = detail
        self._pixels = np.asarray(large, np.float32) / 255

    def frame(self, look: Look, moment: float) -> Frame:
        """Return the frame at a moment."""
        width, height = self._size
        tall, wide = self._pixels.shape[:2]
        short = min(self._size)
        zoom = look.zoom / self._detail
        # What is left of the picture beyond the frame; the camera never shows its edge.
        free_x, free_y = (wide * zoom - width) / 2, (tall * zoom - height) / 2
        x = max(-free_x, min(free_x, look.x * short))
        y = max(-free_y, min(free_y, look.y * short))
        matrix = np.array(
            [
                [zoom, 0, width / 2 - zoom * wide / 2 - x],
                [0, zoom, height / 2 - zoom * tall / 2 - y],
            ],
            np.float32,
        )
        seen = cv2.warpAffine(
            self._pixels, matrix, self._size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
        )
        return _bytes(seen * light_over(self._size, moment))


def _lay(pixels: Layer, layer: Layer) -> None:
    """Lay a layer over pixels, in place."""
    pixels *= 1 - layer[..., 3:]
    pixels += layer[..., :3]


def _bytes(pixels: Layer) -> Frame:
    frame: Frame = np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8)
    return frame
