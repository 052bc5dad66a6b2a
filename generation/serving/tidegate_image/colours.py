"""The colours that a prompt may ask for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour by its two names; `shade` is where full colour goes, `light` scales brightness."""

    english: str
    chinese: str
    shade: tuple[float, float, float]
    light: float = 1.0


COLOURS = (
    Colour("red", "红色", (0.95, 0.12, 0.18)),
    Colour("orange", "橙色", (1.0, 0.52, 0.08)),
    Colour("yellow", "黄色", (1.0, 0.83, 0.15)),
    Colour("green", "绿色", (0.15, 0.72, 0.28)),
    Colour("blue", "蓝色", (0.1, 0.42, 0.95)),
    Colour("purple", "紫色", (0.55, 0.25, 0.88)),
    Colour("pink", "粉色", (1.0, 0.5, 0.72)),
    Colour("brown", "棕色", (0.6, 0.37, 0.2), 0.85),
    Colour("black", "黑色", (1.0, 1.0, 1.0), 0.28),
    Colour("grey", "灰色", (1.0, 1.0, 1.0), 0.65),
)
