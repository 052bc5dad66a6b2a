"""The language of a text as far as its script tells: who can read it, and who cannot."""

import unicodedata
from collections import Counter
from typing import Final

LATIN: Final = "latin"
_SCRIPTS: Final = {
    "CJK": "zh",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "HANGUL": "ko",
    "CYRILLIC": "ru",
    "ARABIC": "ar",
    "HEBREW": "he",
    "DEVANAGARI": "hi",
    "THAI": "th",
    "GREEK": "el",
    "LATIN": LATIN,
}
_LOOKED_AT: Final = 2_000


def language_of(text: str) -> str:
    """Return the language that most letters are written in; empty without letters.

    `zh`, `ja`, `ko`, `ru`, `ar`, `he`, `hi`, `th`, `el` for their scripts, `latin` for every
    language in Latin letters: which of them it is, a script does not tell. Kana makes a text
    Japanese, however many Han characters stand beside it.
    """
    counts: Counter[str] = Counter()
    for letter in text[:_LOOKED_AT]:
        if letter.isascii():
            counts[LATIN] += letter.isalpha()
        elif letter.isalpha():
            # The first word of a character's name is its script: "CJK UNIFIED IDEOGRAPH-4E2D".
            script = unicodedata.name(letter, "").split(" ")[0]
            counts[_SCRIPTS.get(script, "")] += 1
    if counts["ja"]:
        counts["ja"] += counts.pop("zh", 0)
    # A Han character says about as much as a word of letters.
    for dense in ("zh", "ja", "ko"):
        counts[dense] *= 3
    found = max(counts, key=lambda name: counts[name], default="")
    return found if counts[found] else ""
