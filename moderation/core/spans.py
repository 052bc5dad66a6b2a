"""Where in a text a finding stands: half-open ranges of characters (code points), where known.

Word lists see a text without its disguises and the classifier judges pieces of it, so a finding
can be placed only where its words stand in the text as they were found.
"""

import re

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
