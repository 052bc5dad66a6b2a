"""Recognising a text that was written a little differently: SimHash over shingles of characters.

Charikar, "Similarity Estimation Techniques from Rounding Algorithms" (STOC 2002), as Manku, Jain
and Das Sarma used it for pages ("Detecting Near-Duplicates for Web Crawling", WWW 2007). Two texts
differ in a bit with a probability of the angle between their sets of shingles over pi. They used 64
bits for whole pages; our texts are short, where 64 bits are too noisy to tell near from far, so 256
are kept: the same size, the same distance and the same index as a picture's PDQ.
"""

import hashlib
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import numpy as np

from moderation.core.normalisation import normalise

NEAR_DISTANCE: Final = 31
"""Bits of 256 that two near texts may differ in: about 0.93 of the shingles (as a cosine)."""
LEAST_SHINGLES: Final = 40
"""Of fewer shingles, one word more or less is no longer a small change."""
LONGEST_TEXT: Final = 20_000

_BITS: Final = 256
# Chinese says in two characters what English says in a word or two.
_NARROW, _WIDE = 4, 2
_WIDE_RUN: Final = re.compile("[\u2e80-\U0003ffff]+")
_NOT_WORDS: Final = re.compile(r"[\W_]+")


@lru_cache(maxsize=256)
def simhash(text: str) -> str:
    """Return 64 hexadecimal digits, or empty for a text that is too short to have near ones.

    Case, spacing, punctuation and look-alike letters do not count (`normalise`). Of a
    very long text the first 20,000 characters do.
    """
    shingles = set(_shingles(_NOT_WORDS.sub(" ", normalise(text[:LONGEST_TEXT]))))
    if len(shingles) < LEAST_SHINGLES:
        return ""
    digests = b"".join(
        hashlib.blake2b(shingle.encode("utf-8", "replace"), digest_size=_BITS // 8).digest()
        for shingle in shingles
    )
    votes = np.unpackbits(np.frombuffer(digests, dtype=np.uint8).reshape(len(shingles), -1), axis=1)
    bits = votes.sum(axis=0, dtype=np.int64) * 2 > len(shingles)
    return np.packbits(bits).tobytes().hex()


def _shingles(text: str) -> Iterator[str]:
    """Yield overlapping pieces: of two characters inside wide writing, of four elsewhere."""
    at = 0
    for run in _WIDE_RUN.finditer(text):
        yield from _pieces(text[at : run.start()].strip(), _NARROW)
        yield from _pieces(run.group(), _WIDE)
        at = run.end()
    yield from _pieces(text[at:].strip(), _NARROW)


def _pieces(run: str, width: int) -> Iterator[str]:
    if run:
        for at in range(max(1, len(run) - width + 1)):
            yield run[at : at + width]
