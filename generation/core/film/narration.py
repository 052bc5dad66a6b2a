"""A narration in sentences to be spoken and in captions to be read, and the captions as WebVTT."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

# What fits on two lines of a caption: wide characters (Chinese) count two.
CAPTION_WIDTH: Final = 72
# A voice needs some words to be steady, and reads no more than this at once.
_SHORTEST_SPOKEN: Final = 12
_LONGEST_SPOKEN: Final = 180

_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+|(?<=[。！？；])\s*|\n+")
_CLAUSE: Final = re.compile(r"(?<=[,;:])\s+|(?<=[，、；：—])")
_WIDE: Final = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
# A wide character with the punctuation after it, or a run of anything else without spaces.
_WORD: Final = re.compile(
    rf"[（《“「『]*[{_WIDE}][，。！？；：、）》”」』…]*|[^\s{_WIDE}]+[，。！？；：、）》”」』…]*"
)


@dataclass(frozen=True, slots=True)
class Cue:
    """One caption; milliseconds from the beginning of the film."""

    start_ms: int
    end_ms: int
    text: str


def sentences(text: str) -> list[str]:
    """Split a narration into what is spoken at once; a very short one stays with its neighbour."""
    found: list[str] = []
    for part in _SENTENCE.split(text):
        plain = " ".join(part.split())
        if not plain:
            continue
        if found and min(width(found[-1]), width(plain)) < _SHORTEST_SPOKEN:
            found[-1] = joined(found[-1], plain)
        else:
            found.append(plain)
    return [piece for sentence in found for piece in _pieces(sentence, _LONGEST_SPOKEN)]


def cues(spoken: Sequence[tuple[str, int]], *, start_ms: int) -> list[Cue]:
    """Return the captions of sentences that are spoken one after the other.

    Args:
        spoken: each sentence and how long it lasts, in milliseconds.
        start_ms: when the first one begins.

    A long sentence is shown in several captions, each for its share of the sentence's length.
    """
    found: list[Cue] = []
    at = start_ms
    for sentence, duration_ms in spoken:
        pieces = _pieces(sentence, CAPTION_WIDTH)
        whole = sum(width(piece) for piece in pieces)
        said = 0
        for piece in pieces:
            begin = at + duration_ms * said // whole
            said += width(piece)
            found.append(Cue(begin, at + duration_ms * said // whole, piece))
        at += duration_ms
    return found


def webvtt(captions: Iterable[Cue]) -> str:
    """Write captions as a WebVTT file."""
    blocks = ["WEBVTT"]
    for cue in captions:
        # The two characters that begin something in a cue; with ">" no arrow is left either.
        text = cue.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        blocks.append(f"{_clock(cue.start_ms)} --> {_clock(cue.end_ms)}\n{text}")
    return "\n\n".join(blocks) + "\n"


def lines(text: str, *, longest: int) -> list[str]:
    """Break a caption into lines of at most `longest` columns, of about equal length."""
    least = max(1, -(-width(text) // longest))
    for count in range(least, width(text) + 1):
        for target in range(-(-width(text) // count), longest + 1):
            broken = _filled(text, max(2, target))
            if len(broken) <= count:
                return broken
    return [text]


def width(text: str) -> int:
    """Return the columns of a text: wide characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def joined(first: str, second: str) -> str:
    """Put a space between two pieces where their script has one."""
    is_wide = unicodedata.east_asian_width(first[-1]) in "WF"
    return f"{first}{second}" if is_wide else f"{first} {second}"


def _pieces(text: str, longest: int) -> list[str]:
    """Cut a text into pieces of at most `longest` columns: between clauses, else between words."""
    if width(text) <= longest:
        return [text]
    clauses = [part.strip() for part in _CLAUSE.split(text) if part.strip()]
    found: list[str] = []
    for clause in clauses:
        if found and width(joined(found[-1], clause)) <= longest:
            found[-1] = joined(found[-1], clause)
        else:
            found += _filled(clause, longest)
    return found


def _filled(text: str, longest: int) -> list[str]:
    """Fill pieces word by word; wide characters are words by themselves, but for punctuation."""
    found: list[str] = []
    for word, has_space in _words(text, longest):
        longer = f"{found[-1]} {word}" if found and has_space else "".join((*found[-1:], word))
        if found and width(longer) <= longest:
            found[-1] = longer
        else:
            found.append(word)
    return found


def _words(text: str, longest: int) -> list[tuple[str, bool]]:
    """Return what must not be broken, and whether a space is before it."""
    found: list[tuple[str, bool]] = []
    for match in _WORD.finditer(text):
        whole = match.group()
        has_space = match.start() > 0 and text[match.start() - 1].isspace()
        # A word longer than a line is broken anywhere.
        parts = [whole[at : at + longest // 2] for at in range(0, len(whole), longest // 2)]
        cut = parts if width(whole) > longest else [whole]
        found += [(part, has_space and index == 0) for index, part in enumerate(cut)]
    return found


def _clock(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{rest:03}"
