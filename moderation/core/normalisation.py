"""What a text says under its disguise.

`normalise` undoes what no honest writer needs told apart: width, case, accents, invisible
characters, look-alike letters, traditional characters. `readings` undoes what changes how words
are cut or spelled (f.u.c.k, f u c k, sh1t), and is for matching only: each reading may be wrong.
`undisguised` is what a detector is asked about besides the text itself, where there is a disguise.

Look-alikes are those of Unicode Technical Standard 39 (`confusable-homoglyphs`), with the letters
that only resemble each other in small print; traditional characters are read by OpenCC, sounds by
pypinyin's readings of single characters, without tones.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import Final

from confusable_homoglyphs import confusables
from opencc import OpenCC

REVISION: Final = 3
"""Part of the digest of the word lists: the same lists find other things after a change here."""

_BY_EYE: Final = str.maketrans(
    "аеорсухіјѕԁһӏвкмнтαεικνορτυχ",
    "aeopcyxijsdhlbkmhtaeikvoptux",
)
_SCRIPTS: Final = ("ARMENIAN", "CHEROKEE", "COPTIC", "CYRILLIC", "GREEK", "LISU")
_NAMED_LETTERS: Final = (range(0x80, 0x2E80), range(0xA4D0, 0xABC0), range(0x1F150, 0x1F200))
# Letters in dress, which no language writes its words with.
_DRESSED: Final = re.compile(
    r"(?:LATIN (?:LETTER )?SMALL CAPITAL (?:LETTER )?"
    r"|NEGATIVE (?:SQUARED|CIRCLED) LATIN CAPITAL LETTER "
    r"|PARENTHESIZED LATIN (?:SMALL|CAPITAL) LETTER )([A-Z])"
)
# Letters of some language, or two of which make a flag.
_ALSO_HONEST: Final = re.compile(
    r"(?:LATIN SMALL LETTER (?:SCRIPT |OPEN |DOTLESS |LONG )?|REGIONAL INDICATOR SYMBOL LETTER )"
    r"([A-Z])(?: WITH .*)?"
)

# Letters, marks and patterns that are drawn as nothing.
_UNSEEN: Final = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_UNWRITTEN: Final = frozenset({"Cf", "Mn", "Me", "Cc"})

_HAN: Final = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_ANY_HAN: Final = re.compile(f"[{_HAN}]")
_SPACES: Final = re.compile(r"\s+")
_PICTURES: Final = "\u2600-\u27bf\U0001f300-\U0001f64f\U0001f680-\U0001faff"
_ANY_PICTURE: Final = re.compile(f"[{_PICTURES}]+")
_JOINERS: Final = re.compile(rf"(?<=\w)[.,*_\-·•|+~'\"`^/\\:;=#…{_PICTURES}]+(?=\w)")
_REPEATS: Final = re.compile(r"([^\W\d_])\1{2,}")
_SPELLED: Final = re.compile(r"(?<!\w)(?:[^\W\d_] ){2,}[^\W\d_](?!\w)")
_WIDE_GAPS: Final = re.compile(r"(?<=[\u2e80-\U0003ffff]) (?=[\u2e80-\U0003ffff])")
# Every character is parted from the next by a sign or two; with counters it is a date or a sum.
_HAN_APART: Final = re.compile(rf"[{_HAN}](?:[^{_HAN}\s]{{1,2}}[{_HAN}]){{3,}}")
_COUNTERS: Final = frozenset("年月日号时点分秒个岁元块万千百次天周米克斤")
_NOT_HAN: Final = re.compile(rf"[^{_HAN}]")

_DIGITS: Final = str.maketrans("034578962@$!€£", "oeastbggzasiel")
_WITH_DIGITS: Final = re.compile("[^ ]*[0-9@$!€£][^ ]*")
_READ_FROM_ONE: Final = ("i", "l")
_LEET: Final = re.compile(r"[a-z](?:[013457$@!]+[a-z]|11(?!\d))")
_DOTTED: Final = re.compile(r"(?<!\w)(?:[^\W\d_][.*_\-·•|+~]+){2,}[^\W\d_](?!\w)")
_MEANT: Final = str.maketrans(
    {
        "🔪": " knife ",
        "🗡": " knife ",
        "🔫": " gun ",
        "💣": " bomb ",
        "🧨": " dynamite ",
        "💉": " drug ",
    }
)
_HIDDEN: Final = re.compile(r"(?<=\w)[\u200b-\u200f\u2060-\u2064\ufeff\u00ad]+(?=\w)")


class _Written(dict[int, int | None]):
    """For `str.translate`: drops what nobody sees, by code point, each looked up once."""

    def __missing__(self, point: int) -> int | None:
        character = chr(point)
        is_written = character in "\n\t" or (
            unicodedata.category(character) not in _UNWRITTEN and character not in _UNSEEN
        )
        self[point] = point if is_written else None
        return self[point]


_WRITTEN: Final = _Written()


# The lists, the fingerprints and the spam detector ask about the same text one after the other.
@lru_cache(maxsize=256)
def normalise(text: str) -> str:
    """Return the text as lists and fingerprints see it: folded, undisguised, single spaces."""
    # In dress first: NFKC would put parentheses around some of it.
    folded = unicodedata.normalize("NFKC", text.translate(_dressed())).casefold()
    # A decomposition after folding drops accents that were put on as a disguise.
    plain = unicodedata.normalize("NFKD", folded).translate(_WRITTEN)
    read = unicodedata.normalize("NFC", plain)
    if not read.isascii():
        read = read.translate(_letters())
    return _SPACES.sub(" ", simplified(read)).strip()


def simplified(text: str) -> str:
    """Return Chinese in simplified characters."""
    return _simplifier().convert(text) if _ANY_HAN.search(text) else text


def readings(plain: str) -> tuple[str, ...]:
    """Return what a normalised text may have been written for, itself first.

    Words pulled apart are closed up, and then digits are read as the letters they resemble.
    """
    joined = _joined(plain)
    found = [plain, joined, _JOINERS.sub(" ", plain)]
    for word in (joined, plain):
        if not any(character.isdigit() or character in "@$!€£" for character in word):
            continue
        found += [_undigited(word, one) for one in _READ_FROM_ONE]
    return tuple(dict.fromkeys(found))


def sounds(plain: str) -> str:
    """Return a normalised text with a space around the sound (without tone) of every character."""
    if not _ANY_HAN.search(plain):
        return plain
    known = _syllables()
    spoken = "".join(
        f" {known[character]} " if character in known else character for character in plain
    )
    return _SPACES.sub(" ", spoken).strip()


def undisguised(text: str) -> str | None:
    """Return the text as it reads without its disguise; None where it wears none.

    What honest writing has, too (accents, width, another script for whole words, a smiley), is
    no disguise.
    """
    wide = unicodedata.normalize("NFKC", text)
    plain = unicodedata.normalize("NFKC", _HIDDEN.sub("", text).translate(_dressed()))
    if not plain.isascii() or _LEET.search(plain.casefold()):  # nothing else mixes a word
        plain = "".join(map(_unmixed, re.split(r"(\s+)", plain)))
    plain = _DOTTED.sub(lambda match: re.sub(r"[\W_]", "", match.group()), plain)
    plain = _SPELLED.sub(lambda match: match.group().replace(" ", ""), plain)
    plain = _HAN_APART.sub(_closed_up, plain)
    plain = plain.translate(_MEANT)
    return None if plain == wide else plain


def _unmixed(word: str) -> str:
    """Read a word that mixes scripts, or digits into letters, as the one it looks like."""
    folded = word.casefold()
    if any("a" <= character <= "z" for character in folded):
        read = folded.translate(_foreign())
        if read != folded:
            word = folded = read
    if _LEET.search(folded):
        word = folded.replace("11", "ll").replace("1", "i").translate(_DIGITS)
    return word


def _joined(text: str) -> str:
    """Close up words that were pulled apart: f.u.c.k, f u c k, fuuuck, and gaps in Chinese."""
    closed = _WIDE_GAPS.sub("", _JOINERS.sub("", _ANY_PICTURE.sub("", text)))
    closed = _HAN_APART.sub(_closed_up, closed)
    spelled = _SPELLED.sub(lambda match: match.group().replace(" ", ""), closed)
    return _REPEATS.sub(r"\1", spelled)


def _closed_up(apart: re.Match[str]) -> str:
    text = apart.group()
    return text if _COUNTERS.intersection(text) else _NOT_HAN.sub("", text)


def _undigited(text: str, one: str) -> str:
    """Read digits as letters inside words that also have letters: sh1t, but not 1000.

    `one` is the letter that a 1 stands for.
    """

    def read(match: re.Match[str]) -> str:
        word = match.group()
        if not any(character.isalpha() for character in word):
            return word
        return word.replace("1", one).translate(_DIGITS)

    return _WITH_DIGITS.sub(read, text)


@cache
def _letters() -> Mapping[int, str]:
    """Every look-alike of a Latin letter, by code point."""
    alike = dict(_named(_ALSO_HONEST)) | dict(_dressed())
    for letter in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ":
        for entry in confusables.confusables_data.get(letter, ()):
            other = str(entry["c"])
            if len(other) == 1 and unicodedata.name(other, "").startswith(_SCRIPTS):
                alike.setdefault(ord(other.casefold()[:1]), letter.casefold())
    return alike | {point: chr(letter) for point, letter in _BY_EYE.items()}


@cache
def _foreign() -> Mapping[int, str]:
    """Look-alikes from other scripts."""
    return {
        point: letter
        for point, letter in _letters().items()
        if unicodedata.name(chr(point), "").startswith(_SCRIPTS)
    }


@cache
def _dressed() -> Mapping[int, str]:
    return dict(_named(_DRESSED))


def _named(pattern: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    for points in _NAMED_LETTERS:
        for point in points:
            if match := pattern.fullmatch(unicodedata.name(chr(point), "")):
                yield point, match.group(1).casefold()


@cache
def _simplifier() -> OpenCC:
    return OpenCC("t2s")


@cache
def _syllables() -> Mapping[str, str]:
    # A fifth of a second and some megabytes: for who matches texts, not for all that import this.
    from pypinyin.constants import PINYIN_DICT

    def toneless(syllable: str) -> str:
        parted = unicodedata.normalize("NFD", syllable)
        return "".join(letter for letter in parted if letter.isascii() and letter.isalpha())

    return {
        chr(point): toneless(sounds.split(",", 1)[0])
        for point, sounds in PINYIN_DICT.items()
        if _ANY_HAN.match(chr(point))
    }
