"""Draws that everybody repeats alike: which part of something is looked at, tried or enabled."""

import hashlib
from typing import Final

_DRAWS: Final = 1 << 64


def is_drawn(*names: str, share: float) -> bool:
    """Whether what these names say is in a share (0..1) of all there is.

    The draw is a hash over the names, so a retry draws the same coin, a larger share keeps all
    that a smaller one had, and two sets of names draw independently.
    """
    if share >= 1.0:
        return True
    digest = hashlib.sha256("\0".join(names).encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * _DRAWS
