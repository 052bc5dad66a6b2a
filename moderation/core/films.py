"""A film taken apart, so that its pictures, its sound and its words can be judged."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from moderation.core.signals import Signal

CUTTER: Final = "video_cuts"
"""The model that takes films apart; the policy names it as what every film needs."""
_SECONDS_BETWEEN: Final = 0.75
_LEAST, _MOST = 3, 12
_JUMPS: Final = 4
# A mean difference of two small grey pictures (0..255) that is no motion any more.
_JUMP: Final = 12.0
_MARK: Final = re.compile(r"^WEBVTT\b", re.MULTILINE)
_MOMENT: Final = r"(?:\d+:)?\d\d:\d\d\.\d{3}"
_TIMING: Final = re.compile(rf"^{_MOMENT}[ \t]+-->[ \t]+{_MOMENT}", re.MULTILINE)
# Of a line that is told from a chance likeness; a wide character counts twice.
_FEWEST_LETTERS: Final = 12
_FIRST_WIDE: Final = "\u2e80"


@dataclass(frozen=True, slots=True)
class Still:
    """A picture of a film. `at_ms` is None for one that is a file of its own, as a poster is."""

    data: bytes
    at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Film:
    """What can be looked at and listened to. `signals` say how it was taken apart, or why not."""

    stills: tuple[Still, ...]
    sounds: tuple[bytes, ...]
    signals: tuple[Signal, ...]


def joined(films: Sequence[Film]) -> Film:
    """Return all that is in several films as one."""
    return Film(
        tuple(still for film in films for still in film.stills),
        tuple(sound for film in films for sound in film.sounds),
        tuple(signal for film in films for signal in film.signals),
    )


def unavailable(why: str) -> Film:
    """Return a film that could not be taken apart: the policy reads it as an outage."""
    return Film((), (), (Signal.unavailable(CUTTER, why),))


def chosen(changes: Sequence[float], *, fps: float) -> list[int]:
    """Return the numbers of the frames to look at, in order.

    Args:
        changes: for each frame how much it differs from the one before; the first one's is 0.
        fps: frames a second.

    Frames at even distances, the first and the last among them, and those where the picture jumps
    most: what is seen for one frame only is not missed by looking at every second.
    """
    count = len(changes)
    wanted = min(count, max(_LEAST, min(_MOST, math.ceil(count / fps / _SECONDS_BETWEEN) + 1)))
    even = {round(place * (count - 1) / max(1, wanted - 1)) for place in range(wanted)}
    jumps = sorted(
        (number for number, change in enumerate(changes) if change >= _JUMP and number not in even),
        key=lambda number: (-changes[number], number),
    )
    return sorted(even | set(jumps[:_JUMPS]))


def encoded(*, at_ms: Sequence[int], has_sound: bool, seconds: float, version: str) -> bytes:
    """Return the description of a film that was taken apart."""
    document = {"at_ms": list(at_ms), "sound": has_sound, "seconds": seconds, "version": version}
    return json.dumps(document, separators=(",", ":")).encode()


def encoded_error(error: str) -> bytes:
    """Return the description of a film that could not be taken apart."""
    return json.dumps({"error": error}, ensure_ascii=False).encode()


def decoded(description: bytes, stills: Sequence[bytes], sound: bytes) -> Film:
    """Read what the cutter answered; a broken answer is an outage, never an exception."""
    try:
        document = json.loads(description)
        if "error" in document:
            return unavailable(str(document["error"]))
        moments = [int(at) for at in document["at_ms"]]
        version, has_sound = str(document["version"]), bool(document["sound"])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        return unavailable(f"malformed answer: {error}")
    if len(moments) != len(stills) or not stills or has_sound != bool(sound):
        return unavailable("malformed answer: other pictures or sound than it says")
    signal = Signal(
        CUTTER,
        version,
        detail={"at_ms": moments, "sound": has_sound, "seconds": document.get("seconds")},
    )
    return Film(
        tuple(Still(data, at) for data, at in zip(stills, moments, strict=True)),
        (sound,) if has_sound else (),
        (signal,),
    )


def words_of(captions: str) -> str:
    """Return the words of captions (WebVTT) without times, marks and empty lines."""
    lines = (line.strip() for line in untimed(captions).splitlines())
    plain = "\n".join(line for line in lines if line)
    for mark, character in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        plain = plain.replace(mark, character)
    return plain


def untimed(text: str) -> str:
    """Return a text without the times of captions (WebVTT) and the mark that they begin with.

    Nothing else is left out: words behind a time or a mark may be read by somebody.
    """
    return _TIMING.sub("", _MARK.sub("", text.replace("\r\n", "\n")))


def as_written(read: str, captions: str) -> str:
    """Return the lines read in a film's pictures, its own captions among them as they were written.

    What is read of a caption in a picture may have lost a space or a letter's stroke, and a
    classifier takes such a line for anything. Few letters prove nothing: "kill" stands in "skill".
    """
    written = _letters(captions)
    others = [
        line
        for line in read.splitlines()
        if _width(letters := _letters(line)) < _FEWEST_LETTERS or letters not in written
    ]
    if len(others) < len(read.splitlines()):
        others.insert(0, captions)
    return "\n".join(others)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def _width(letters: str) -> int:
    return sum(2 if letter >= _FIRST_WIDE else 1 for letter in letters)
