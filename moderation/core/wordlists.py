"""Words that count by themselves, matched in every reading of a text.

Terms match whole words only, so that "Scunthorpe" and "assess" stay innocent: in the text itself,
in its other readings (`moderation.core.normalisation`), in words that were cut into pieces or
whose letters were masked, and, for longer Chinese terms, by their sound.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

import yaml

from moderation.core.decisions import ListHit, WordSeverity
from moderation.core.hazards import Hazard
from moderation.core.normalisation import REVISION, normalise, readings, sounds

FOLDER = Path(__file__).parent / "words"

_FIRST_WIDE: Final = 0x2E80
_HAZARDS: Final = frozenset(map(str, Hazard))
# Shorter ones sound like too many innocent words.
_FEWEST_SYLLABLES: Final = 4
_LONGEST_PIECE: Final = 2
_MASK: Final = re.compile(r"[*#]")


class InvalidWordList(ValueError):
    """A word list that cannot be obeyed; the message names the file and what is wrong."""


@dataclass(frozen=True, slots=True)
class _Term:
    term: str
    hazard: str
    severity: WordSeverity
    list_name: str


class WordLists:
    """Compiled lists.

    `digest` is the SHA-256 of their content and of how texts are read: part of a policy's version.
    """

    def __init__(self, terms: Iterable[_Term]) -> None:
        known = {normalise(term.term): term for term in terms}
        narrow = [term for term in known if ord(term[0]) < _FIRST_WIDE]
        wide = [term for term in known if ord(term[0]) >= _FIRST_WIDE]
        self._terms = known
        self._narrow = _alternatives(narrow, r"(?<![^\W_]){}(?![^\W_])")
        self._wide = _alternatives(wide, "{}")
        # A phrase rather than the same letters as one word.
        self._closed = {
            term.replace(" ", ""): term for term in sorted(narrow, key=lambda term: " " in term)
        }
        self._pieced = _alternatives(self._closed, "(?={})")
        self._vocabulary = sorted({word for term in narrow for word in term.split(" ")})
        self._spoken = {
            spoken.replace(" ", ""): term
            for term in wide
            if (spoken := sounds(term)).count(" ") + 1 >= _FEWEST_SYLLABLES
        }
        self._sound = re.compile(
            "|".join(
                "(?<![a-z])" + re.escape(sounds(term)).replace(r"\ ", " ?") + "(?![a-z])"
                for term in self._spoken.values()
            )
            or "(?!)"
        )
        content = sorted(
            [name, term.hazard, term.severity, term.list_name] for name, term in known.items()
        )
        canonical = json.dumps([REVISION, content], separators=(",", ":"), ensure_ascii=False)
        self.digest = hashlib.sha256(canonical.encode()).hexdigest()

    def find(self, text: str) -> tuple[ListHit, ...]:
        """Return each listed term that the text contains, once, plain ones first."""
        plain = normalise(text)
        found = dict.fromkeys(self._terms[name] for name in self._names(plain))
        return tuple(
            ListHit(term.term, term.hazard, term.severity, term.list_name) for term in found
        )

    def contains(self, text: str, term: str) -> bool:
        """Whether a text contains a listed term, in whatever disguise."""
        return any(hit.term == term for hit in self.find(text))

    def _names(self, plain: str) -> Iterator[str]:
        for reading in (*readings(plain), *self._unmasked(plain)):
            for pattern in (self._narrow, self._wide):
                yield from (match.group() for match in pattern.finditer(reading))
        yield from self._in_pieces(plain)
        for match in self._sound.finditer(sounds(plain)):
            yield self._spoken[match.group().replace(" ", "")]

    def _in_pieces(self, plain: str) -> Iterator[str]:
        """Find terms that were cut by spaces.

        A phrase may be cut anywhere, a word into pieces of a letter or two: "fu ck" is one, and a
        "wet back" is a back that is wet.
        """
        pieces = plain.split(" ")
        starts, at = {}, 0
        for number, piece in enumerate(pieces):
            starts[at] = number
            at += len(piece)
        starts[at] = len(pieces)
        for match in self._pieced.finditer("".join(pieces)):
            closed = match.group(1)
            first, last = starts.get(match.start()), starts.get(match.start() + len(closed))
            if first is None or last is None:
                continue
            term = self._closed[closed]
            parts = pieces[first:last]
            if " " in term or max(map(len, parts)) <= _LONGEST_PIECE:
                yield term

    def _unmasked(self, plain: str) -> Iterator[str]:
        """Yield the text with masked letters read: f*ck, ch#ld. None where nothing was masked."""
        if not _MASK.search(plain):
            return
        words = []
        for word in plain.split(" "):
            if _MASK.search(word) and any(character.isalpha() for character in word):
                shape = re.compile(
                    _MASK.sub(".", re.escape(word).replace(r"\*", "*").replace(r"\#", "#"))
                )
                words.append(next(filter(shape.fullmatch, self._vocabulary), word))
            else:
                words.append(word)
        yield " ".join(words)


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


def _alternatives(terms: Iterable[str], frame: str) -> re.Pattern[str]:
    longest_first = sorted(terms, key=len, reverse=True)
    if not longest_first:
        return re.compile(r"(?!)")
    return re.compile(frame.format("(" + "|".join(map(re.escape, longest_first)) + ")"))
