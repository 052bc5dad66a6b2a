"""Draw an SVG icon as the picture the model learns from."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
import resvg_py
from PIL import Image

# A drawing without anything darker cannot be told from the paper.
LIGHTEST = 240


def draw(svg: str, *, size: int, margin: int) -> npt.NDArray[np.uint8]:
    """Draw the SVG on white: (size, size, 3) uint8 with `margin` free pixels around it.

    Raises ValueError when nothing can be seen: an empty drawing, or white on white.
    """
    page = Image.new("RGBA", (size, size), "white")
    page.alpha_composite(Image.fromarray(draw_clear(svg, size=size, margin=margin)))
    picture = np.asarray(page.convert("RGB"))
    if picture.min() > LIGHTEST:
        raise ValueError("nothing can be seen on white")
    return picture


def draw_clear(svg: str, *, size: int, margin: int) -> npt.NDArray[np.uint8]:
    """Draw the SVG on nothing: (size, size, 4) uint8, `margin` free pixels around it."""
    inner = size - 2 * margin
    png = resvg_py.svg_to_bytes(svg_string=svg, width=inner, height=inner)
    drawing = Image.open(io.BytesIO(bytes(png))).convert("RGBA")
    drawing.thumbnail((inner, inner))
    page = Image.new("RGBA", (size, size))
    page.paste(drawing, ((size - drawing.width) // 2, (size - drawing.height) // 2))
    return np.asarray(page)
