"""The title above a score, from the words of a prompt."""

from __future__ import annotations

import re
from typing import Final

_LONGEST: Final = 60
# What means something in a field of ABC: comments, escapes, quotes and line ends.
_MEANINGFUL: Final = re.compile(r'[%\\"$&\[\]<>{}|\x00-\x1f\x7f]+')
_UNTITLED: Final = "Untitled"


def title_of(prompt: str) -> str:
    """Return the prompt's first line as a title: plain, cut at a word where it is long."""
    lines = prompt.strip().splitlines()
    plain = " ".join(_MEANINGFUL.sub(" ", lines[0] if lines else "").split())
    if len(plain) > _LONGEST:
        shorter = plain[:_LONGEST].rpartition(" ")[0] or plain[:_LONGEST]
        plain = f"{shorter}…"
    return plain or _UNTITLED
