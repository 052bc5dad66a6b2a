"""Pictures about the training: grids of samples and loss curves, drawn with Pillow alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def grid(pictures: npt.NDArray[np.uint8], *, columns: int) -> Image.Image:
    """Lay (N, H, W, 3) pictures out row by row; the last row is filled with white."""
    count, height, width, _ = pictures.shape
    sheet = Image.new("RGB", (columns * width, math.ceil(count / columns) * height), "white")
    for place, picture in enumerate(pictures):
        row, column = divmod(place, columns)
        sheet.paste(Image.fromarray(picture), (column * width, row * height))
    return sheet


def labelled(
    pictures: npt.NDArray[np.uint8], labels: Sequence[str], *, columns: int, font: Path | None
) -> Image.Image:
    """Lay (N, H, W, 3) pictures out row by row, each above its label of at most two lines.

    Without a font, Pillow's own writes Latin letters. Raises ValueError when labels are missing,
    OSError when the font cannot be read.
    """
    count, height, width, _ = pictures.shape
    line = 14
    pen_font = ImageFont.load_default(11) if font is None else ImageFont.truetype(font, 11)
    cell = height + 2 * line + 4
    sheet = Image.new("RGB", (columns * width, math.ceil(count / columns) * cell), "white")
    pen = ImageDraw.Draw(sheet)
    for place, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        row, column = divmod(place, columns)
        sheet.paste(Image.fromarray(picture), (column * width, row * cell))
        for number, text in enumerate(_lines(label, pen, pen_font, width)):
            centre = (column * width + width // 2, row * cell + height + number * line)
            pen.text(centre, text, fill="#333333", font=pen_font, anchor="ma")
    return sheet


def _lines(label: str, pen: ImageDraw.ImageDraw, font: Font, width: int) -> list[str]:
    """Break a label between words into two lines where one would be too wide."""
    words = label.split(" ")
    fitting = len(words)
    while fitting > 1 and pen.textlength(" ".join(words[:fitting]), font=font) > width:
        fitting -= 1
    parts = (" ".join(words[:fitting]), " ".join(words[fitting:]))
    return [part for part in parts if part]


def curve(points: Sequence[tuple[int, float]], *, title: str) -> Image.Image:
    """Draw losses over samples seen, both axes linear, the loss smoothed over its neighbours.

    Raises ValueError for fewer than two points.
    """
    if not points[1:]:
        raise ValueError("a curve needs two points")
    width, height, left, foot = 720, 360, 60, 40
    seen = [samples for samples, _ in points]
    smooth = _smoothed([loss for _, loss in points])
    top = float(np.quantile(smooth, 0.98)) * 1.1
    sheet = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(sheet)
    for part in range(5):
        y = height - foot - part / 4 * (height - 2 * foot)
        pen.line([(left, y), (width - 20, y)], fill="#dddddd")
        pen.text((8, y - 6), f"{part / 4 * top:.3f}", fill="#444444")
        x = left + part / 4 * (width - left - 20)
        pen.text((x - 12, height - foot + 8), f"{part / 4 * seen[-1] / 1000:.0f}k", fill="#444444")
    line = [
        (
            left + samples / seen[-1] * (width - left - 20),
            height - foot - min(loss / top, 1.0) * (height - 2 * foot),
        )
        for samples, loss in zip(seen, smooth, strict=True)
    ]
    pen.line(line, fill="#1f5fbf", width=2)
    pen.text((left, 12), title, fill="black")
    return sheet


def save_whole(sheet: Image.Image, path: Path) -> None:
    """Write a PNG of at most 256 colours, whole or not at all."""
    partial = path.with_suffix(".partial")
    sheet.quantize(256).save(partial, format="PNG", optimize=True)
    partial.replace(path)


def _smoothed(losses: Sequence[float]) -> list[float]:
    reach = len(losses) // 60
    return [
        float(np.mean(losses[max(0, place - reach) : place + reach + 1]))
        for place in range(len(losses))
    ]
