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
# Two of them side by side are two words: "go ok".
_SMALL_WORDS: Final = frozenset(
    re.findall(
        r"\w+",
        "a am an as at be by do go ha he hi i if in is it ma me my no of oh ok on or pa so to up us"
        " we",
    )
)
_MASK: Final = re.compile(r"[*#]")
_END: Final = ""
_SEVERITIES: Final = get_args(WordSeverity)


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
        self._narrow = _any_of(narrow, r"(?<![^\W_]){}(?![^\W_])")
        self._wide = _any_of(wide, "{}")
        # A phrase rather than the same letters as one word.
        self._closed = {
            term.replace(" ", ""): term for term in sorted(narrow, key=lambda term: " " in term)
        }
        self._pieced = _any_of(self._closed, "(?={})")
        self._vocabulary = _by_length(narrow, known)
        self._spoken = {
            spoken.replace(" ", ""): term
            for term in wide
            if (spoken := sounds(term)).count(" ") + 1 >= _FEWEST_SYLLABLES
        }
        self._sound = _any_of(
            (sounds(term) for term in self._spoken.values()), "(?<![a-z]){}(?![a-z])", gap=" ?"
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

        A phrase may be cut anywhere, a word into pieces of a letter or two: "fu ck" is one, a
        "wet back" is a back that is wet, and "go ok" are two words.
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
            is_cut = max(map(len, parts)) <= _LONGEST_PIECE and not _SMALL_WORDS.issuperset(parts)
            if " " in term or is_cut:
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
                like = self._vocabulary.get(len(word), ())
                words.append(next(filter(shape.fullmatch, like), word))
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
            if severity not in _SEVERITIES:
                raise InvalidWordList(f"{path.name}: {severity} is not a severity")
            for word in _flat(words):
                if not isinstance(word, str) or not normalise(word):
                    raise InvalidWordList(f"{path.name}: {word!r} is not a term")
                terms.append(_Term(word, hazard, severity, name))
    return terms


def _flat(words: Iterable[Any]) -> Iterator[Any]:
    """Yield words, and those of groups: long lists are written in groups."""
    for word in words:
        if isinstance(word, list):
            yield from word
        else:
            yield word


def _by_length(terms: Iterable[str], known: Mapping[str, _Term]) -> Mapping[int, tuple[str, ...]]:
    """Return every word of the terms by its length, in the order in which a mask is read.

    Of several words under one mask the mildest is meant, and one that is a term by itself rather
    than a part of a phrase: "c***" accuses nobody of a slur.
    """
    rank: dict[str, tuple[int, str]] = {}
    for term in terms:
        for word in term.split(" "):
            is_term = word in known
            grade = _SEVERITIES.index(known[word].severity) if is_term else len(_SEVERITIES)
            rank[word] = (grade, word)
    lengths: dict[int, list[str]] = {}
    for word in sorted(rank, key=rank.__getitem__):
        lengths.setdefault(len(word), []).append(word)
    return {length: tuple(words) for length, words in lengths.items()}


def _any_of(terms: Iterable[str], frame: str, *, gap: str = " ") -> re.Pattern[str]:
    """Return a pattern of the terms, the longest first; a space of theirs is written as `gap`.

    What terms begin with is shared. A pattern that tries a thousand of them one after the other
    at each place of a text costs twenty times as much.
    """
    tree: dict[str, Any] = {}
    for term in terms:
        node = tree
        for character in term:
            node = node.setdefault(character, {})
        node[_END] = {}
    return re.compile(frame.format(f"({_branches(tree, gap)})") if tree else r"(?!)")


def _branches(node: Mapping[str, Any], gap: str) -> str:
    ways = [
        (gap if character == " " else re.escape(character)) + _branches(further, gap)
        for character, further in node.items()
        if character != _END
    ]
    if not ways:
        return ""
    if len(ways) == 1 and _END not in node:
        return ways[0]
    return f"(?:{'|'.join(ways)})" + ("?" if _END in node else "")
