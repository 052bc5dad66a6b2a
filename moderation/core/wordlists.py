"""Words that count by themselves: normalisation and whole-word matching.

Normalisation undoes cheap disguises (full width, zero-width characters, Cyrillic and Greek
look-alikes, digits for letters, letters pulled apart). Terms match whole words only, so that
"Scunthorpe" and "assess" stay innocent.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

import yaml

from moderation.core.decisions import ListHit, WordSeverity
from moderation.core.hazards import Hazard

FOLDER = Path(__file__).parent / "words"

_LOOK_ALIKES: Final = str.maketrans(
    "аеорсухіјѕԁһӏвкмнтαεικνορτυχ",
    "aeopcyxijsdhlbkmhtaeikvoptux",
)
_TRADITIONAL: Final = str.maketrans(
    "兒蘿殺猶豬燦約燒麼製藥彈槍買賣姦聽話強視頻換臉無碼開發單辦證媽馬",
    "儿萝杀犹猪灿约烧么制药弹枪买卖奸听话强视频换脸无码开发单办证妈马",
)
"""Only the characters that our own Chinese terms use; a new term may need a new pair."""
_DIGITS: Final = str.maketrans("013457@$", "oieastas")
_UNDISGUISED: Final = _LOOK_ALIKES | _TRADITIONAL
_JOINERS: Final = re.compile(r"(?<=\w)[.*_\-·•|+~]+(?=\w)")
_REPEATS: Final = re.compile(r"([^\W\d_])\1{2,}")
_SPACES: Final = re.compile(r"\s+")
_SPELLED: Final = re.compile(r"(?<!\w)(?:[^\W\d_] ){2,}[^\W\d_](?!\w)")
_WIDE_GAPS: Final = re.compile(r"(?<=[\u2e80-\U0003ffff]) (?=[\u2e80-\U0003ffff])")
_FIRST_WIDE: Final = 0x2E80
_HAZARDS: Final = frozenset(map(str, Hazard))


class InvalidWordList(ValueError):
    """A word list that cannot be obeyed; the message names the file and what is wrong."""


def normalise(text: str) -> str:
    """Return the text as the lists see it: NFKC, case-folded, undisguised, single spaces."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    # A decomposition after folding drops accents that were put on as a disguise.
    plain = "".join(
        character
        for character in unicodedata.normalize("NFKD", folded)
        if unicodedata.category(character) not in {"Cf", "Mn", "Cc"} or character in "\n\t"
    )
    return _SPACES.sub(" ", unicodedata.normalize("NFC", plain).translate(_UNDISGUISED)).strip()


@dataclass(frozen=True, slots=True)
class _Term:
    term: str
    hazard: str
    severity: WordSeverity
    list_name: str


class WordLists:
    """Compiled lists. `digest` is the SHA-256 of their content: part of the policy's version."""

    def __init__(self, terms: Iterable[_Term]) -> None:
        known = {normalise(term.term): term for term in terms}
        self._terms = known
        narrow = [term for term in known if ord(term[0]) < _FIRST_WIDE]
        wide = [term for term in known if ord(term[0]) >= _FIRST_WIDE]
        self._narrow = _alternatives(narrow, r"(?<![^\W_]){}(?![^\W_])")
        self._wide = _alternatives(wide, "{}")
        content = sorted(
            [name, term.hazard, term.severity, term.list_name] for name, term in known.items()
        )
        canonical = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
        self.digest = hashlib.sha256(canonical.encode()).hexdigest()

    def find(self, text: str) -> tuple[ListHit, ...]:
        """Return each listed term that the text contains, once, in order of appearance."""
        found: dict[str, ListHit] = {}
        plain = normalise(text)
        joined = _joined(plain)
        for variant in dict.fromkeys((plain, joined, _undigited(joined))):
            for pattern in (self._narrow, self._wide):
                for match in pattern.finditer(variant):
                    term = self._terms[match.group()]
                    found.setdefault(
                        match.group(),
                        ListHit(term.term, term.hazard, term.severity, term.list_name),
                    )
        return tuple(found.values())


def load(folder: Path = FOLDER) -> WordLists:
    """Read every list of a folder.

    Raises:
        InvalidWordList: naming the file and what is wrong.
    """
    return WordLists(term for path in sorted(folder.glob("*.yaml")) for term in _read(path))


def _read(path: Path) -> list[_Term]:
    try:
        document: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise InvalidWordList(f"{path.name} is not YAML: {error}") from error
    if not isinstance(document, Mapping) or not isinstance(document.get("terms"), Mapping):
        raise InvalidWordList(f"{path.name} has no terms")
    name = str(document.get("name", path.stem))
    terms = []
    for hazard, by_severity in document["terms"].items():
        if hazard not in _HAZARDS:
            raise InvalidWordList(f"{path.name}: {hazard} is not a hazard")
        for severity, words in by_severity.items():
            if severity not in get_args(WordSeverity):
                raise InvalidWordList(f"{path.name}: {severity} is not a severity")
            for word in words:
                if not isinstance(word, str) or not normalise(word):
                    raise InvalidWordList(f"{path.name}: {word!r} is not a term")
                terms.append(_Term(word, hazard, severity, name))
    return terms


def _alternatives(terms: list[str], frame: str) -> re.Pattern[str]:
    if not terms:
        return re.compile(r"(?!)")
    longest_first = sorted(terms, key=len, reverse=True)
    return re.compile(frame.format("(?:" + "|".join(map(re.escape, longest_first)) + ")"))


def _joined(text: str) -> str:
    """Close up words that were pulled apart: f.u.c.k, f u c k, fuuuck, and gaps in Chinese."""
    closed = _WIDE_GAPS.sub("", _JOINERS.sub("", text))
    spelled = _SPELLED.sub(lambda match: match.group().replace(" ", ""), closed)
    return _REPEATS.sub(r"\1", spelled)


def _undigited(text: str) -> str:
    """Read digits as letters inside words that also have letters: sh1t, but not 1000."""
    return " ".join(
        word.translate(_DIGITS) if any(character.isalpha() for character in word) else word
        for word in text.split(" ")
    )
