"""How like each other two cases are: simple measures that can be explained to a reviewer."""

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from django.utils.translation import gettext

from moderation.core.hashes import MATCH_DISTANCE

# Runs of letters or digits; Chinese has no spaces, so each character counts as a word there.
_WORD = re.compile(r"[㐀-鿿]|[^\W_㐀-鿿]+")


@dataclass(frozen=True, slots=True)
class Traits:
    """What is compared: hazards, words of prompt and text, and the picture's look (or empty)."""

    hazards: frozenset[str]
    words: frozenset[str]
    pdq: str


@dataclass(frozen=True, slots=True)
class Likeness:
    """`value` 0..1, and the strongest of its grounds in words."""

    value: float
    why: str


def traits(*, hazards: list[str], text: str, pdq: str) -> Traits:
    """Return what is compared of a case."""
    return Traits(frozenset(hazards), frozenset(_WORD.findall(text.casefold())), pdq)


def likeness(one: Traits, other: Traits, *, meaning: float = 0.0) -> Likeness:
    """Compare two cases: the best of look, words and meaning counts two thirds, hazards one third.

    `meaning` is how near their vectors are, 0..1; 0 where nobody compared them.
    """
    look = _look(one.pdq, other.pdq)
    words = _overlap(one.words, other.words)
    hazards = _overlap(one.hazards, other.hazards)
    value = 2 / 3 * max(look, words, meaning) + 1 / 3 * hazards
    if meaning > max(look, words):
        why = gettext("meaning alike: %(share)d %%") % {"share": round(meaning * 100)}
    elif look > words and look > 0:
        why = gettext("picture alike: %(share)d %%") % {"share": round(look * 100)}
    elif words >= hazards / 2 and words > 0:
        why = gettext("words in common: %(share)d %%") % {"share": round(words * 100)}
    else:
        why = gettext("same hazard")
    return Likeness(round(value, 3), why)


def _overlap(one: AbstractSet[str], other: AbstractSet[str]) -> float:
    together = one | other
    return len(one & other) / len(together) if together else 0.0


def _look(one: str, other: str) -> float:
    """Return 1 for the same look, 0 from twice the distance on at which two count as the same."""
    if not one or not other:
        return 0.0
    distance = (int(one, 16) ^ int(other, 16)).bit_count()
    return max(0.0, 1.0 - distance / (2 * MATCH_DISTANCE))
