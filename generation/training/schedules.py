"""How fast a run learns, as a function of how much of it is over."""

from __future__ import annotations

import math


def learning_rate(progress: float, *, peak: float, warm_up: float = 0.01) -> float:
    """Rise linearly to `peak` over the first `warm_up` of the run, then fall by a cosine to 2 %."""
    if progress < warm_up:
        return peak * (0.02 + 0.98 * progress / warm_up)
    fall = (progress - warm_up) / (1 - warm_up)
    cosine = 0.5 * (1 + math.cos(math.pi * fall))
    return peak * (0.02 + 0.98 * cosine)
