"""A text as terms to search by, the same for what is stored and for what is asked."""

import re
import unicodedata
from typing import Final

MOST: Final = 400
_WORD: Final = re.compile(r"[^\W_]+")
_HAN: Final = re.compile(r"[\u3400-\u9fff\u3040-\u30ff\uac00-\ud7af]+")


def terms_of(text: str) -> tuple[str, ...]:
    """Return terms in order, each once: words in lower case; of scripts without spaces, pairs.

    A pair is two neighbouring signs: what a search for the same words always shares.
    """
    found: dict[str, None] = {}
    for word in _WORD.findall(unicodedata.normalize("NFKC", text).casefold()):
        for run in _HAN.findall(word):
            for start in range(max(1, len(run) - 1)):
                found.setdefault(run[start : start + 2])
        for rest in _HAN.sub(" ", word).split():
            found.setdefault(rest[:40])
    return tuple(found)[:MOST]
