"""Recognising a film that was judged before: the perceptual hashes of its pictures, in order.

vPDQ of Meta's ThreatExchange (vpdq/README.md and python-threatexchange's extension, BSD licence):
each picture's PDQ with its quality and its moment. Pictures without structure (quality 49 or less)
and repetitions are left out; two pictures are the same within 31 bits; two films are the same
where four in five pictures of either are in the other. So a listed scene is found inside a longer
film, and a scene cut from a listed film as well.
"""

import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from moderation.core.hashes import LOWEST_QUALITY, is_hash

MATCH_SHARE: Final = 0.8
"""Of the pictures of either film, how many must be in the other."""
FEWEST: Final = 3
"""A film with fewer pictures must match both ways: a still stands in many films."""
MOST_FRAMES: Final = 10_000
_BEST: Final = 100
_LATEST_SECONDS: Final = 24 * 3_600


class InvalidFilmHash(ValueError):
    """A text that is no sequence of hashes; says what is wrong and where."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture of a film: its PDQ (64 hexadecimal digits), quality 0..100, moment in seconds."""

    value: str
    quality: int
    at_seconds: float

    def __str__(self) -> str:
        return f"{self.value},{self.quality},{self.at_seconds:.3f}"

    @classmethod
    def parse(cls, text: str) -> "Frame":
        """Read what `str` writes.

        Raises:
            InvalidFilmHash: it is not "HASH,QUALITY,SECONDS".
        """
        try:
            value, quality, at = text.split(",")
            frame = cls(value.strip().lower(), int(quality), float(at))
        except ValueError:
            raise InvalidFilmHash(
                f"{text[:80]!r} is not a hash, a quality and a moment between commas"
            ) from None
        if not is_hash(frame.value):
            raise InvalidFilmHash(f"{frame.value[:80]!r} is not 64 hexadecimal digits")
        # Not-a-number and infinity fail here as well.
        if not (0 <= frame.quality <= _BEST and 0 <= frame.at_seconds <= _LATEST_SECONDS):
            raise InvalidFilmHash(f"{text[:80]!r}: quality is 0 to 100, a moment within a day")
        return frame


def read(text: str) -> tuple[Frame, ...]:
    """Read the JSON text that ThreatExchange keeps: a list of "HASH,QUALITY,SECONDS".

    Raises:
        InvalidFilmHash: it is something else, too long, or has no picture that can be compared.
    """
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidFilmHash(f"this is no JSON: {error}") from error
    if not isinstance(rows, list) or not rows or not all(isinstance(row, str) for row in rows):
        raise InvalidFilmHash("a list of texts, one for each picture, is needed")
    if len(rows) > MOST_FRAMES:
        raise InvalidFilmHash(f"a film has at most {MOST_FRAMES} pictures here")
    frames = tuple(Frame.parse(row) for row in rows)
    if not comparable(frames):
        raise InvalidFilmHash(f"no picture has a quality of {LOWEST_QUALITY} or more")
    return frames


def write(frames: Iterable[Frame]) -> str:
    """Write what `read` reads."""
    return json.dumps([str(frame) for frame in frames])


def comparable(frames: Iterable[Frame]) -> tuple[Frame, ...]:
    """Return the pictures that are compared: those with structure, each hash once, in order."""
    kept: dict[str, Frame] = {}
    for frame in frames:
        if frame.quality >= LOWEST_QUALITY:
            kept.setdefault(frame.value, frame)
    return tuple(kept.values())


def digest(frames: Iterable[Frame]) -> str:
    """Return what names a film's hash: the SHA-256 of its comparable pictures' hashes."""
    values = "".join(frame.value for frame in comparable(frames))
    return hashlib.sha256(values.encode()).hexdigest()


def is_same_film(
    *, query: int, query_found: Collection[object], listed: int, listed_found: Collection[object]
) -> bool:
    """Whether two films are the same; `…_found` are the comparable pictures that the other has."""
    if not query or not listed:
        return False
    shares = (len(query_found) / query, len(listed_found) / listed)
    needed = max(shares) if min(query, listed) >= FEWEST else min(shares)
    return needed >= MATCH_SHARE
