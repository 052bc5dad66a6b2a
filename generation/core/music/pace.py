"""How many short notes a bar of each kind of tune holds, so that a jig runs in quavers.

Short is what is written shorter than a quaver. The numbers are the least that leave at most one bar
in twenty of the collections out (`generation.training.music.corpus` reads them).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MOST_SHORT_NOTES: Final[Mapping[tuple[str, str], int]] = {
    ("reel", "4/4"): 1,
    ("jig", "6/8"): 2,
    ("slip jig", "9/8"): 2,
    ("hornpipe", "4/4"): 4,
    ("strathspey", "4/4"): 6,
    ("march", "4/4"): 4,
    ("march", "2/4"): 8,
    ("march", "6/8"): 2,
    ("waltz", "3/4"): 3,
    ("air", "4/4"): 3,
    ("air", "3/4"): 2,
    ("air", "2/4"): 6,
    ("air", "6/8"): 4,
}


def most_short_notes(rhythm: str, metre: str) -> int | None:
    """Return how many short notes a bar may hold; None where the collections set no limit."""
    return MOST_SHORT_NOTES.get((rhythm, metre))
