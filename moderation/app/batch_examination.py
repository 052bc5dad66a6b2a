"""Examining many texts and pictures at once: each detector is asked about all of them together.

No database here, as in `examination`. What the policy says of an item does not depend on its
neighbours; only the asking is shared.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from moderation.app.examination import Asked, Examiner, Finding, about_text
from moderation.core.decisions import HashHit
from moderation.core.policy import Surface
from moderation.core.signals import Signal


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

    `deadline` (seconds) holds for each of two rounds: first everything there is, then the words
    that were read in pictures. An outage is a finding of the items that it met.
    """
    rules = examiner.policy.surfaces
    asked = [
        (number, one)
        for number, item in enumerate(items)
        for one in _about(item, rules[item.surface].required)
    ]
    answers = examiner.start([one for _, one in asked], deadline)

    def finish(hits: Sequence[Sequence[HashHit]]) -> list[Finding]:
        signals: list[list[Signal]] = [_unread(examiner, item) for item in items]
        for (number, _), signal in zip(asked, answers(), strict=True):
            signals[number].append(signal)
        words = [_words(item, given) for item, given in zip(items, signals, strict=True)]
        _ask_about_words(examiner, items, words, signals, deadline)
        return [
            examiner.finding(item.surface, text, given, listed)
            for item, text, given, listed in zip(items, words, signals, hits, strict=True)
        ]

    return finish


def _ask_about_words(
    examiner: Examiner,
    items: Sequence[Item],
    words: Sequence[str],
    signals: Sequence[list[Signal]],
    deadline: float,
) -> None:
    """Add to each picture's signals what is said of the words that were read in it."""
    further = [
        (number, one)
        for number, (item, text) in enumerate(zip(items, words, strict=True))
        if item.text is None and text
        for one in about_text(examiner.policy.surfaces[item.surface].required_with_text, text)
    ]
    said = examiner.ask([one for _, one in further], deadline)
    for (number, _), signal in zip(further, said, strict=True):
        signals[number].append(signal)


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
    return [Signal.unavailable(name, "no bytes to judge") for name in required]


def _words(item: Item, signals: Sequence[Signal]) -> str:
    """Return the text itself, or the words that were read in a picture."""
    if item.text is not None:
        return item.text
    return "\n".join(signal.text for signal in signals if signal.text and signal.text.strip())
