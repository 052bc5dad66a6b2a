"""How an English word that no dictionary has is probably said: from its letters, by rules learnt.

The rules are a table "letter in its context -> sounds"; the longest context that is known decides.
`python -m generation.training.letters` learns it from misaki's dictionaries.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Mapping
from pathlib import Path

CONTEXTS = ((3, 3), (2, 3), (3, 2), (2, 2), (1, 2), (2, 1), (1, 1), (0, 1), (1, 0), (0, 0))
"""Letters looked at on the left and on the right, the most telling context first."""

_EDGE = "#"
_VOWELS = "AIOQWYaeiouæɑɒɔəɛɜɪʊʌᵊᵻ"
_STRESSES = "ˈˌ"
_LETTER_NAMES = {
    "a": "ˈA", "b": "bˈi", "c": "sˈi", "d": "dˈi", "e": "ˈi", "f": "ˈɛf", "g": "ʤˈi",
    "h": "ˈAʧ", "i": "ˈI", "j": "ʤˈA", "k": "kˈA", "l": "ˈɛl", "m": "ˈɛm", "n": "ˈɛn",
    "o": "ˈO", "p": "pˈi", "q": "kjˈu", "r": "ˈɑɹ", "s": "ˈɛs", "t": "tˈi", "u": "jˈu",
    "v": "vˈi", "w": "dˈʌbᵊljˌu", "x": "ˈɛks", "y": "wˈI", "z": "zˈi",
}  # fmt: skip


def context_key(word: str, at: int, left: int, right: int) -> str:
    """A letter with its neighbours, as the table's key."""
    padded = f"{_EDGE * left}{word}{_EDGE * right}"
    middle = at + left
    before, after = padded[at:middle], padded[middle + 1 : middle + 1 + right]
    return f"{before}[{padded[middle]}]{after}"


class LetterSounds:
    """The learnt table."""

    def __init__(self, table: Mapping[str, str]) -> None:
        self._table = table

    @classmethod
    def load(cls, file: Path) -> LetterSounds:
        """Read the table from its compressed JSON file."""
        return cls(json.loads(gzip.decompress(file.read_bytes())))

    def spell(self, text: str) -> str | None:
        """The phonemes of a word in any case; None when it has no Latin letter."""
        stem, _, owned = text.partition("'")
        spoken = " ".join(self._word(word) for word in re.findall(r"[A-Za-z]+", stem))
        if spoken and owned.lower() == "s":
            return spoken + _genitive(spoken[-1])
        rest = [self._word(word) for word in re.findall(r"[A-Za-z]+", owned)]
        return " ".join([spoken, *rest]).strip() or None

    def _word(self, word: str) -> str:
        is_acronym = word.isupper() and len(word) <= 5  # noqa: PLR2004  "NATO" is in the dictionary
        if is_acronym or not re.search("[aeiouy]", word.lower()):
            return "".join(_LETTER_NAMES[letter] for letter in word.lower())
        lower = word.lower()
        sounds = "".join(self._sounds(lower, at) for at in range(len(lower)))
        return _one_stress(sounds)

    def _sounds(self, word: str, at: int) -> str:
        for left, right in CONTEXTS:
            known = self._table.get(context_key(word, at, left, right))
            if known is not None:
                return known
        return ""


def _genitive(last: str) -> str:
    """How 's sounds after the last sound of a word."""
    if last in "szʃʒʧʤ":
        return "ᵻz"
    return "s" if last in "ptkfθ" else "z"


def _one_stress(sounds: str) -> str:
    """Exactly one main stress, before a vowel: letters alone may give none or several."""
    if "ˈ" in sounds:
        head, _, tail = sounds.partition("ˈ")
        return f"{head}ˈ{tail.replace('ˈ', 'ˌ')}"
    plain = sounds.replace("ˌ", "")
    for at, sound in enumerate(plain):
        if sound in _VOWELS:
            return f"{plain[:at]}ˈ{plain[at:]}"
    return plain
