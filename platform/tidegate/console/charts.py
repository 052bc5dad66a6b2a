"""Geometry of the drawings: from figures to marks in a box of 100 by 40, which CSS stretches."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 100.0
HEIGHT: Final = 40.0
_FILLED: Final = 0.7


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar, its upper left corner and size."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Pair:
    """What stands at one step: two bars beside each other, and the area to point at."""

    left: Bar
    right: Bar
    area: Bar


def pairs(left: Sequence[float], right: Sequence[float]) -> list[Pair]:
    """Return bars of two series with as many figures (>= 0) each, against their common maximum."""
    highest = max([*left, *right, 1.0])
    step = WIDTH / max(len(left), 1)
    wide = step * _FILLED / 2
    return [
        Pair(
            _bar(at * step + step * (1 - _FILLED) / 2, wide, one / highest),
            _bar(at * step + step * (1 - _FILLED) / 2 + wide, wide, other / highest),
            Bar(round(at * step, 3), 0.0, round(step, 3), HEIGHT),
        )
        for at, (one, other) in enumerate(zip(left, right, strict=True))
    ]


def line(figures: Sequence[float | None]) -> list[str]:
    """Return the points of lines through the middle of each step; a None interrupts.

    What stands alone is a short line of its own, or nobody would see it.
    """
    highest = max([one for one in figures if one is not None], default=0.0) or 1.0
    step = WIDTH / max(len(figures), 1)
    pieces: list[list[tuple[float, float]]] = [[]]
    for at, one in enumerate(figures):
        if one is None:
            pieces.append([])
        else:
            y = HEIGHT - one / highest * (HEIGHT - 2) - 1
            pieces[-1].append((at * step + step / 2, y))
    return [_points(piece, step) for piece in pieces if piece]


def _points(piece: Sequence[tuple[float, float]], step: float) -> str:
    if len(piece) == 1:
        ((x, y),) = piece
        piece = [(x - step / 3, y), (x + step / 3, y)]
    return " ".join(f"{x:.2f},{y:.2f}" for x, y in piece)


def _bar(x: float, width: float, share: float) -> Bar:
    height = HEIGHT * share
    return Bar(round(x, 3), round(HEIGHT - height, 3), round(width, 3), round(height, 3))


@dataclass(frozen=True, slots=True)
class Whisker:
    """A figure (0..1) with its interval, along a line of `WIDTH`."""

    at: float
    low: float
    high: float

    @property
    def reach(self) -> float:
        """How wide the interval is."""
        return round(self.high - self.low, 2)


def whisker(value: float, low: float | None, high: float | None) -> Whisker:
    """Return where a figure and its interval stand; what is below 0 stands at 0."""
    places = [value, value if low is None else low, value if high is None else high]
    at, least, most = (round(WIDTH * min(1.0, max(0.0, one)), 2) for one in places)
    return Whisker(at, least, most)
