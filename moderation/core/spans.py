"""Where in a text a finding stands: half-open ranges of characters (code points), where known.

The classifier judges pieces of a text, so what it says can be placed only where such a piece stands
in the text as it was. What lists find under a disguise is closed in on from both sides.
"""

import re
from collections.abc import Callable

Span = tuple[int, int]


def spans_of_term(text: str, term: str) -> tuple[Span, ...]:
    """Return where a listed term stands undisguised, as a whole word where it begins with one."""
    before, after = (r"(?<![^\W_])", r"(?![^\W_])") if term.isascii() else ("", "")
    found = re.finditer(f"{before}{re.escape(term)}{after}", text, re.IGNORECASE)
    return tuple((match.start(), match.end()) for match in found)


def spans_of_piece(text: str, piece: str) -> tuple[Span, ...]:
    """Return where a piece of the text stands, or nothing where it was put together anew."""
    start = text.find(piece) if piece else -1
    return () if start < 0 else ((start, start + len(piece)),)


def spans_of_disguised(text: str, finds: Callable[[str], bool]) -> tuple[Span, ...]:
    """Return the shortest part between two borders of words in which something is still found.

    One place, the first; nothing where no part has it by itself. Borders are those of words, and
    in scripts without spaces those of characters. Asks twice the logarithm of their number times.
    """
    words = [match.span() for match in _WORD.finditer(text)]
    if not words:
        return ()
    low, high = 0, len(words) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if finds(text[: words[middle][1]]) else (middle + 1, high)
    end = words[low][1]
    first, last = 0, low
    while first < last:
        middle = (first + last + 1) // 2
        first, last = (middle, last) if finds(text[words[middle][0] : end]) else (first, middle - 1)
    start = words[first][0]
    return ((start, end),) if finds(text[start:end]) else ()


_WORD = re.compile(r"[\u2e80-\U0003ffff]|[^\s\u2e80-\U0003ffff]+")
