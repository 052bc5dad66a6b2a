"""Captions drawn into frames: white letters with a dark edge, inside the safe area."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from generation.core.film.narration import Cue, lines
from generation.serving.tidegate_video.stage import Frame, Size

# Shares of the frame: letters are never nearer to its edge, nor wider together.
SAFE_MARGIN = 0.07
ROOM = 0.14
_LETTER = 0.04
_LEADING = 1.28
_FADE_MS = 120.0
_LEAST_PIXELS = 15
_MOST_LINES = 3

Overlay = npt.NDArray[np.float32]


class Captions:
    """The captions of one film. Each is drawn once and then laid over its frames."""

    def __init__(self, cues: list[Cue], *, font: Path, size: Size) -> None:
        """Read the font (Latin and Chinese letters). Raises OSError where there is none."""
        self._cues = cues
        self._size = size
        pixels = max(_LEAST_PIXELS, round(_LETTER * min(size) + 0.006 * max(size)))
        self._font = ImageFont.truetype(str(font), pixels, layout_engine=ImageFont.Layout.BASIC)
        # A column is half as wide as a Chinese character, which is as wide as it is high.
        free = size[0] * (1 - 2 * SAFE_MARGIN)
        self._columns = max(4, int(free / (pixels / 2)))
        self._drawn: dict[Cue, Overlay] = {}

    def lay(self, frame: Frame, at_ms: float) -> Frame:
        """Return the frame with what is said at that moment."""
        cue = next((cue for cue in self._cues if cue.start_ms <= at_ms < cue.end_ms), None)
        if cue is None:
            return frame
        if cue not in self._drawn:
            self._drawn = {cue: self._draw(cue.text)}
        overlay = self._drawn[cue]
        shown = min(1.0, (at_ms - cue.start_ms) / _FADE_MS, (cue.end_ms - at_ms) / _FADE_MS)
        opacity = overlay[..., 3:] * np.float32(max(0.25, shown))
        mixed = frame * (1 - opacity) + overlay[..., :3] * opacity
        written: Frame = np.rint(mixed).astype(np.uint8)
        return written

    def _draw(self, text: str) -> Overlay:
        broken = self._broken(text)
        font = self._fitting(broken)
        leading = round(font.size * _LEADING)
        image = Image.new("L", self._size, 0)
        edge = Image.new("L", self._size, 0)
        stroke = max(2, round(font.size / 9))
        bottom = round(self._size[1] * (1 - SAFE_MARGIN))
        for line, row in enumerate(reversed(broken)):
            x = round((self._size[0] - font.getlength(row)) / 2)
            y = bottom - line * leading
            ImageDraw.Draw(image).text((x, y), row, font=font, fill=255, anchor="ld")
            ImageDraw.Draw(edge).text(
                (x, y), row, font=font, fill=255, anchor="ld", stroke_width=stroke
            )
        soft = edge.filter(ImageFilter.GaussianBlur(stroke * 0.8))
        white = np.asarray(image, np.float32)[..., None] / 255
        dark = np.maximum(np.asarray(edge, np.float32) * 0.75, np.asarray(soft, np.float32))
        alpha = np.maximum(white, dark[..., None] / 255 * 0.85)
        # Letters white, all around them nearly black.
        colour = 255 * white + 14 * (1 - white)
        return np.concatenate([np.repeat(colour, 3, axis=2), alpha], axis=2)

    def _broken(self, text: str) -> list[str]:
        """At most three lines: where the frame is narrow, letters become smaller instead."""
        columns = self._columns
        while len(broken := lines(text, longest=columns)) > _MOST_LINES:
            columns += 2
        return broken

    def _fitting(self, broken: list[str]) -> ImageFont.FreeTypeFont:
        """The font, smaller where a line would otherwise leave the safe area."""
        font = self._font
        free = self._size[0] * (1 - 2 * SAFE_MARGIN)
        while max(map(font.getlength, broken)) > free and font.size > _LEAST_PIXELS / 2:
            font = font.font_variant(size=font.size - 1)
        return font
