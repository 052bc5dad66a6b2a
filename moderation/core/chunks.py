"""Cutting a text into the pieces that a sentence encoder judges well.

One bad sentence between harmless ones disappears in their average (measured: "I am going to murder
my neighbour tonight" falls from 0.999 to 0.05 between two sentences about roses). So each sentence
is judged alone, windows of several sentences are judged for what only the context tells, and the
worst piece counts.
"""

import re
from collections.abc import Iterator

_ENDS = re.compile(r"(?<=[.!?])\s+|(?<=[。！？；])\s*|\n+")
_WIDE_FROM = 0x2E80
_WIDE_UNITS = 3

LARGEST_WINDOW = 240
LARGEST_SENTENCE = 240
SMALLEST_SENTENCE = 24


def pieces(text: str) -> list[str]:
    """Return every piece to judge, each once: the sentences, then windows over them.

    A sentence that a short one was joined to is judged by itself, too: "What a calm harbour."
    before a threat took its score from 0.99 to 0.53. A text of one sentence is one piece; an
    empty text has none.
    """
    found = sentences(text)
    alone = [
        piece for part in _parts(text) if units(part) >= SMALLEST_SENTENCE for piece in _cut(part)
    ]
    every = [*found, *alone]
    if len(found) > 1:
        every += windows(found)
    return list(dict.fromkeys(every))


def sentences(text: str) -> list[str]:
    """Return the sentences of a text, without surrounding space.

    One of more than LARGEST_SENTENCE units is cut into overlapping parts, so that a phrase on a
    cut is whole in one of them; one of less than SMALLEST_SENTENCE joins the next, or at the end
    the one before.
    """
    found: list[str] = []
    pending = ""
    for part in _parts(text):
        joined = f"{pending} {part}".strip()
        if units(joined) < SMALLEST_SENTENCE:
            pending = joined
            continue
        found += _cut(joined)
        pending = ""
    if pending:
        # The last sentence stays as it is, too: its neighbour must not soften it.
        found += _cut(f"{found[-1]} {pending}" if found else pending)
    return found


def windows(found: list[str]) -> Iterator[str]:
    """Yield runs of sentences of at most LARGEST_WINDOW units; each starts halfway in the last."""
    start = 0
    while start < len(found):
        end, size = start, 0
        while end < len(found) and (end == start or size + units(found[end]) < LARGEST_WINDOW):
            size += units(found[end]) + 1
            end += 1
        yield " ".join(found[start:end])
        if end == len(found):
            return
        start = max(start + 1, (start + end) // 2)


def units(text: str) -> int:
    """Return the length of a text in units: one for a narrow character, three for a wide one.

    A Chinese character is about as many tokens as three Latin letters.
    """
    return sum(_WIDE_UNITS if ord(character) >= _WIDE_FROM else 1 for character in text)


def _parts(text: str) -> Iterator[str]:
    return (part.strip() for part in _ENDS.split(text))


def _cut(sentence: str) -> list[str]:
    """Return overlapping parts of at most LARGEST_SENTENCE units, cut at spaces where there are."""
    if units(sentence) <= LARGEST_SENTENCE:
        return [sentence]
    parts: list[str] = []
    start = 0
    while True:
        end = _reach(sentence, start, LARGEST_SENTENCE)
        parts.append(sentence[start:end].strip())
        if end == len(sentence):
            return [part for part in parts if part]
        back = _reach(sentence, start, LARGEST_SENTENCE * 2 // 3)
        start = max(start + 1, back)


def _reach(text: str, start: int, budget: int) -> int:
    """Return the furthest end from `start` within the budget, after a space if one is near."""
    used = 0
    for index in range(start, len(text)):
        used += _WIDE_UNITS if ord(text[index]) >= _WIDE_FROM else 1
        if used > budget:
            space = text.rfind(" ", start, index)
            return space + 1 if space > (start + index) // 2 else index
    return len(text)
