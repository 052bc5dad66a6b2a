"""Examining many texts and pictures at once: each detector is asked about all of them together.

No database here, as in `examination`. What the policy says of an item does not depend on its
neighbours; only the asking is shared. Much is asked in waves: a detector answers one request after
the other, and prompts and uploads of other people wait for their answers at the same time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Final

from moderation.app.examination import Asked, Examiner, Finding, about_text, together
from moderation.core.context import Context
from moderation.core.decisions import HashHit
from moderation.core.failures import NO_BYTES
from moderation.core.policy import Surface
from moderation.core.signals import Signal

# About a second of the detectors of texts, and four of the one that reads pictures: less than what
# a prompt and an upload wait.
MOST_CHARACTERS_IN_WAVE: Final = 8_000
MOST_PICTURES_IN_WAVE: Final = 8

Answers = Callable[[], list[list[Signal]]]


@dataclass(frozen=True, slots=True)
class Item:
    """A text, or the bytes of a picture; both None is one whose bytes cannot be read now."""

    surface: Surface
    text: str | None = None
    picture: bytes | None = None


def start_batch(
    examiner: Examiner, items: Sequence[Item], *, deadline: float
) -> Callable[[Sequence[Sequence[HashHit]]], list[Finding]]:
    """Ask the detectors about all items; the value takes what the hash lists say of each.

    `deadline` (seconds) holds for all asking together, that about the words read in pictures
    included. An outage is a finding of the items that it met.
    """
    until = monotonic() + deadline
    parts = _waves([(len(item.text or ""), int(item.text is None)) for item in items])
    # The first is under way while the caller looks into the lists.
    answers = [_start(examiner, items[parts[0]], until)] if parts else []

    def finish(hits: Sequence[Sequence[HashHit]]) -> list[Finding]:
        signals: list[list[Signal]] = []
        for part in parts:
            answered = answers.pop() if answers else _start(examiner, items[part], until)
            signals += answered()
        findings = [
            examiner.finding(item.surface, _words(item, given), given, listed, Context())
            for item, given, listed in zip(items, signals, hits, strict=True)
        ]
        return [replace(finding, decision=together([finding])) for finding in findings]

    return finish


def waves(characters: Sequence[int]) -> list[slice]:
    """Return how texts of these lengths are asked about: what goes together, in order."""
    return _waves([(length, 0) for length in characters])


def _waves(sizes: Sequence[tuple[int, int]]) -> list[slice]:
    """Return the waves of items with so many characters and pictures, as full as may be."""
    found: list[slice] = []
    characters = pictures = 0
    for number, (length, how_many) in enumerate(sizes):
        characters += length
        pictures += how_many
        is_full = characters > MOST_CHARACTERS_IN_WAVE or pictures > MOST_PICTURES_IN_WAVE
        if is_full or not found:
            found.append(slice(number, number))
            characters, pictures = length, how_many
        found[-1] = slice(found[-1].start, number + 1)
    return found


def _start(examiner: Examiner, items: Sequence[Item], until: float) -> Answers:
    """Ask about the items of a wave; the value waits for all that is said of each."""
    rules = examiner.policy.surfaces
    asked = [
        (number, one)
        for number, item in enumerate(items)
        for one in _about(item, rules[item.surface].required)
    ]
    answers = examiner.start([question for _, question in asked], _left(until))

    def finish() -> list[list[Signal]]:
        signals = [_unread(examiner, item) for item in items]
        for (number, _), signal in zip(asked, answers(), strict=True):
            signals[number].append(signal)
        further = [
            (number, one)
            for number, item in enumerate(items)
            if item.text is None and (words := _words(item, signals[number]))
            for one in about_text(rules[item.surface].required_with_text, words)
        ]
        said = examiner.ask([question for _, question in further], _left(until))
        for (number, _), signal in zip(further, said, strict=True):
            signals[number].append(signal)
        return signals

    return finish


def _left(until: float) -> float:
    """Return the seconds that are left; with none, every answer is an outage."""
    return max(0.0, until - monotonic())


def _about(item: Item, detectors: Sequence[str]) -> list[Asked]:
    if item.text is not None:
        return about_text(detectors, item.text)
    if item.picture is not None:
        return [Asked(name, item.picture, may_be_remembered=False) for name in detectors]
    return []


def _unread(examiner: Examiner, item: Item) -> list[Signal]:
    """Return the signals of an item that nobody could be asked about."""
    if item.text is not None or item.picture is not None:
        return []
    required = examiner.policy.surfaces[item.surface].required
    return [Signal.unavailable(name, NO_BYTES) for name in required]


def _words(item: Item, signals: Sequence[Signal]) -> str:
    """Return the text itself, or the words that were read in a picture."""
    if item.text is not None:
        return item.text
    return "\n".join(signal.text for signal in signals if signal.text and signal.text.strip())
