"""How the camera moves: where it looks at each moment, with slow beginnings and ends.

A path is a function of `moment` (0 at the first frame, 1 at the last). Distances are shares of the
picture's shorter side, so a path is the same at every size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

AUTOMATIC: Final = "automatic"
"""The seed chooses one of `MOTIONS`."""
_NEAR: Final = 0.16
_ASIDE: Final = 0.07
_LEAN: Final = 0.06
# The camera is always a little nearer than needed, so that no move shows the picture's edge.
_LEAST_ZOOM: Final = 1.0 + 2 * _ASIDE


@dataclass(frozen=True, slots=True)
class Look:
    """Where the camera is.

    `zoom` is 1 where the whole picture is seen, more when nearer. `x` and `y` are how far it has
    gone to the right and down. `turn` (-1..1) is how far it has gone around the subject, to the
    right.
    """

    zoom: float
    x: float = 0.0
    y: float = 0.0
    turn: float = 0.0


@dataclass(frozen=True, slots=True)
class _Way:
    begin: Look
    end: Look


def _aside(x: float, y: float) -> _Way:
    near = _LEAST_ZOOM + 0.02
    return _Way(Look(near, -x, -y), Look(near + 0.03, x, y))


_WAYS: Final = {
    "push-in": _Way(Look(_LEAST_ZOOM - 0.1), Look(_LEAST_ZOOM + _NEAR)),
    "pull-out": _Way(Look(_LEAST_ZOOM + _NEAR), Look(_LEAST_ZOOM - 0.1)),
    "pan-right": _aside(_ASIDE, 0),
    "pan-left": _aside(-_ASIDE, 0),
    "tilt-up": _aside(0, -_ASIDE),
    "tilt-down": _aside(0, _ASIDE),
}
ORBIT: Final = "orbit"
STILL: Final = "still"
MOTIONS: Final = (*_WAYS, ORBIT)
"""What moves; `still` does not."""


def chosen(name: str, seed: int) -> str:
    """Return the motion of that name; the automatic one is the seed's choice.

    Raises:
        ValueError: there is no such motion.
    """
    if name == AUTOMATIC:
        return MOTIONS[seed % len(MOTIONS)]
    if name not in {*MOTIONS, STILL}:
        raise ValueError(f"motion must be one of {', '.join((AUTOMATIC, *MOTIONS, STILL))}")
    return name


def look(motion: str, moment: float) -> Look:
    """Return where the camera is at a moment of a motion (not the automatic one)."""
    if motion == STILL:
        return Look(_LEAST_ZOOM - 0.1)
    if motion == ORBIT:
        # Out to one side, around to the other, and back: it ends as it began.
        angle = 2 * math.pi * eased(moment)
        lean = math.sin(angle)
        return Look(_LEAST_ZOOM + 0.04 * (1 - math.cos(angle)) / 2, _LEAN * lean, 0, lean)
    way, share = _WAYS[motion], eased(moment)
    return Look(
        _mixed(way.begin.zoom, way.end.zoom, share),
        _mixed(way.begin.x, way.end.x, share),
        _mixed(way.begin.y, way.end.y, share),
    )


def eased(share: float) -> float:
    """Return a share of a way that begins and ends at rest: no jerk either (degree 5)."""
    at = min(1.0, max(0.0, share))
    return at * at * at * (at * (6 * at - 15) + 10)


def _mixed(begin: float, end: float, share: float) -> float:
    return begin + (end - begin) * share
