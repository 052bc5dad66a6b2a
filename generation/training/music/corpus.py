"""The tunes that the model learns from: three printed collections of 1778-1883, as ABC.

    O'Neill's Music of Ireland, Aird's Airs, Ryan's Mammoth Collection

All three come with the PyPI package music21 (its folder `corpus`). The tunes are in the public
domain. The Essen collection in the same folder forbids commercial use and is not read.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from generation.core.music.keys import Key, UnknownKey, key_with
from generation.core.music.reading import UnreadableTune, all_notes, read
from generation.core.music.transposition import transposed
from generation.core.music.tune import Bar, Tune
from generation.core.music.vocabulary import ANY, HOME_TONIC, Unspeakable, tokens_of

COLLECTIONS: Final = ("oneills1850", "airdsAirs", "ryansMammoth")
MAXIMUM_TOKENS: Final = 512
_HELD_OUT_OF: Final = 20
_SHARED_BARS: Final = 4

_LABELS: Final = (
    ("slip jig", r"slip ?jig|hop jig"),
    ("jig", r"\bjigg?\b"),
    ("reel", r"\breel\b"),
    ("hornpipe", r"hornpipe|\bclog\b"),
    ("strathspey", r"strathspey|fling"),
    ("waltz", r"waltz|valse|minuet|menuet"),
    ("march", r"\bmarch\b|quick ?step|\btroop\b"),
    ("air", r"\bairs?\b|lament"),
)
# The chapters of O'Neill's book, by the numbers of their tunes.
_CHAPTERS: Final = (
    (range(1, 701), "air"),
    (range(701, 1116), "jig"),
    (range(1116, 1176), "slip jig"),
    (range(1176, 1556), "reel"),
    (range(1556, 1776), "hornpipe"),
    (range(1801, 1851), "march"),
)
_METRES_OF: Final = {
    "jig": {"6/8"},
    "slip jig": {"9/8"},
    "reel": {"4/4", "2/4"},
    "hornpipe": {"4/4", "2/4"},
    "strathspey": {"4/4"},
    "waltz": {"3/4"},
}
_PRINTED_IN_BOTH: Final = {"reel", "hornpipe"}
_CALM_WORDS: Final = re.compile(
    r"slow|tender|plaintive|feeling|moderate|adagio|largo|andant|affett|grave|expression",
    re.IGNORECASE,
)
_LIVELY_WORDS: Final = re.compile(
    r"lively|animated|spirited|cheerful|playful|\bgay|allegr|vivace|presto|brisk|boldly|fast",
    re.IGNORECASE,
)
_CALM_RHYTHMS: Final = {"air", "waltz"}
# A tune written with a major signature that ends on its second or sixth note is in that mode.
_MODE_OF_ENDING: Final = {2: "dorian", 9: "minor"}


@dataclass(frozen=True, slots=True)
class Source:
    """A tune and where it stands."""

    collection: str
    title: str
    tune: Tune


@dataclass(frozen=True, slots=True)
class Corpus:
    """What is trained on, what is kept aside, and how many texts could not be read."""

    training: tuple[Source, ...]
    held_out: tuple[Source, ...]
    unread: int


def corpus_folder() -> Path:
    """Return where music21's corpus is installed.

    Raises SystemExit when it is not.
    """
    spec = find_spec("music21")
    if spec is None or spec.origin is None:
        raise SystemExit("install music21 (deploy/requirements/training-music.in) for its tunes")
    return Path(spec.origin).parent / "corpus"


def load(folder: Path) -> Corpus:
    """Read the collections and keep a twentieth aside, by title.

    What is kept aside shares no four bars in a row, in any key, with what is trained on.
    """
    found: list[Source] = []
    unread = 0
    for collection in COLLECTIONS:
        for text in _texts(folder / collection):
            try:
                source = _source(collection, text)
            except (UnreadableTune, Unspeakable):
                unread += 1
                continue
            found.append(source)
    held_out = [source for source in found if _is_held_out(source.title)]
    known = {bars for source in held_out for bars in phrases(source.tune, _SHARED_BARS)}
    training = [
        source
        for source in found
        if not _is_held_out(source.title) and known.isdisjoint(phrases(source.tune, _SHARED_BARS))
    ]
    return Corpus(tuple(training), tuple(held_out), unread)


def phrases(tune: Tune, bars: int) -> Iterator[str]:
    """Yield every run of so many bars within a part, the same in every key."""
    for part in tune.parts:
        told = [_bar_shape(tune, bar) for bar in part.bars]
        for start in range(len(told) - bars + 1):
            yield "|".join(told[start : start + bars])


def _bar_shape(tune: Tune, bar: Bar) -> str:
    tonic = tune.key.tonic_step
    return " ".join(
        f"{'z' if note.step is None else note.step - tonic}:{note.shift}:{note.time}"
        for note in bar
    )


def _texts(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("*.abc")):
        text = path.read_text(encoding="latin-1")
        yield from re.split(r"(?m)^(?=X:)", text)[1:]


def _source(collection: str, text: str) -> Source:
    title = _field(text, "T")
    tune = with_ending_mode(read(text, rhythm=ANY, energy=ANY), _field(text, "K"))
    rhythm = _rhythm(collection, text, tune.metre)
    tune = in_quavers(replace(tune, rhythm=rhythm, energy=_energy(text, rhythm)))
    if len(tokens_of(_in_range(tune))) > MAXIMUM_TOKENS:
        raise Unspeakable("the tune is too long")
    return Source(collection, title, tune)


def _in_range(tune: Tune) -> Tune:
    moved = transposed(tune, Key(HOME_TONIC, tune.key.mode))
    if moved is None:
        raise Unspeakable("the range is too wide")
    return moved


def with_ending_mode(tune: Tune, signature: str) -> Tune:
    """Return the tune in the mode of its last note, where the field names a signature only."""
    last = list(all_notes(tune))[-1]
    if last.step is None or not re.fullmatch(r"[A-G][#b]?", signature.strip()):
        return tune
    distance = (tune.key.pitch(last.step, last.shift) - tune.key.tonic_pitch_class()) % 12
    mode = _MODE_OF_ENDING.get(distance)
    if mode is None:
        return tune
    try:
        key: Key = key_with(tune.key.fifths, mode)
    except UnknownKey:
        return tune
    return replace(tune, key=key)


def in_quavers(tune: Tune) -> Tune:
    """Return a reel or hornpipe printed in 2/4 as it is printed elsewhere, in 4/4.

    It is the same music in notes twice as long; nobody asks for these dances in 2/4, and left as
    they are they teach the model that reels run in semiquavers.
    """
    if tune.metre != "2/4" or tune.rhythm not in _PRINTED_IN_BOTH:
        return tune
    parts = tuple(
        replace(part, pickup=_doubled(part.pickup), bars=tuple(_doubled(bar) for bar in part.bars))
        for part in tune.parts
    )
    return replace(tune, metre="4/4", pickup=2 * tune.pickup, parts=parts)


def _doubled(bar: Bar) -> Bar:
    return tuple(replace(note, length=2 * note.length) for note in bar)


def _rhythm(collection: str, text: str, metre: str) -> str:
    words = " ".join((_field(text, "R"), _field(text, "G"), *_fields(text, "T"))).lower()
    label = next((name for name, pattern in _LABELS if re.search(pattern, words)), None)
    if label is None and collection == "oneills1850":
        number = int(re.sub(r"\D", "", _field(text, "X")) or 0)
        label = next((name for numbers, name in _CHAPTERS if number in numbers), None)
    if label in {"jig", "slip jig"}:
        label = {"6/8": "jig", "9/8": "slip jig"}.get(metre)
    if label is not None and metre in _METRES_OF.get(label, {metre}):
        return label
    return {"6/8": "jig", "9/8": "slip jig", "3/4": "waltz"}.get(metre, ANY)


def _energy(text: str, rhythm: str) -> str:
    words = " ".join((*_fields(text, "N"), *_fields(text, "Q")))
    if _CALM_WORDS.search(words):
        return "calm"
    if _LIVELY_WORDS.search(words):
        return "lively"
    if rhythm == ANY:
        return ANY
    return "calm" if rhythm in _CALM_RHYTHMS else "lively"


def _field(text: str, name: str) -> str:
    return next(iter(_fields(text, name)), "")


def _fields(text: str, name: str) -> list[str]:
    return [line[2:].strip() for line in text.splitlines() if line.startswith(f"{name}:")]


def _is_held_out(title: str) -> bool:
    plain = re.sub(r"[^a-z]", "", title.lower())
    return hashlib.sha256(plain.encode()).digest()[0] % _HELD_OUT_OF == 0
