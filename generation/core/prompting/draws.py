"""Draws that a seed fixes."""

import hashlib
from typing import Final

from generation.core.prompting.template import Draw

# 64 bits for at most a few hundred entries: no entry is likelier than another by more than 2**-55.
_DIGEST_BYTES: Final = 8


def draws(seed: int, text: str) -> Draw:
    """Return the draws of one text (`prompt`, `negative_prompt`) under a seed.

    The same seed draws the same; two sites, and two texts, draw independently of each other.
    """

    def draw(site: int, count: int) -> int:
        digest = hashlib.sha256(f"{text}:{seed}:{site}".encode()).digest()
        return int.from_bytes(digest[:_DIGEST_BYTES], "big") % count

    return draw
