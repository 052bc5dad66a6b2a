"""Reading ABC: the notes, bars and parts of one tune without ornaments, words or voices.

What is read is the subset that a melody needs: one voice, one key, one metre, triplets, dotted
pairs (`>` and `<`), repeats and second endings. Of a chord the highest note is kept; ornaments,
slurs and annotations are left out. Anything else is refused rather than guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Final

from generation.core.music.keys import LETTERS, MODES, Key, UnknownKey
from generation.core.music.tune import METRES, Bar, Note, Part, Tune, bar_time
from generation.core.music.vocabulary import LENGTHS

_FIELD: Final = re.compile(r"^\s*([A-Za-z]):\s*(.*?)\s*$")
_IGNORED_IN_BODY: Final = frozenset("INPRSTWwZBQs")
_NOISE: Final = re.compile(r'"[^"]*"|\{[^}]*\}|![^!\s]*!|\+[^+\s]*\+|%.*|[~.TuvHLMPSOJR`\\$*y]')
_SLUR: Final = re.compile(r"\((?!\d)|\)")
_METRES: Final = {"C": "4/4", "C|": "4/4", "2/2": "4/4"}
_KEY: Final = re.compile(r"^([A-G])([#b]?)\s*([A-Za-z]*)")
_MODES: Final = {
    "": "major",
    "maj": "major",
    "ion": "major",
    "m": "minor",
    "min": "minor",
    "aeo": "minor",
    "mix": "mixolydian",
    "dor": "dorian",
}
_LEXEMES: Final = re.compile(
    r"""(?P<double>::|:\|\|?:)
      |(?P<second>:\|[\]|]?\s*\[?2|\|\s*\[?2|\[2)
      |(?P<repeat>:\|[\]|]?)
      |(?P<open>\|\|?:|\[\|:|\|\]:?(?=:))
      |(?P<strong>\|\||\|\]|\[\|)
      |(?P<first>\|\s*\[?1|\[1)
      |(?P<bar>\|)
      |(?P<triplet>\(3(?![:\d]))
      |(?P<chord>\[[^\]|:]+\](?P<chord_length>\d*/*\d*))
      |(?P<note>(?P<sign>[_=^]{0,2})(?P<letter>[A-Ga-gzx])(?P<octave>[,']*)(?P<length>\d*/*\d*))
      |(?P<broken>>+|<+)
      |(?P<tie>-)
      |(?P<space>\s+)
      |(?P<other>.)""",
    re.VERBOSE,
)
_ACCIDENTALS: Final = {"^": 1, "_": -1, "=": 0}
_UNIT: Final = Fraction(1, 8)


class UnreadableTune(ValueError):
    """The text is no tune, or one that this reader does not understand."""


@dataclass(slots=True)
class _Segment:
    bars: list[Bar]
    is_repeated: bool


@dataclass(slots=True)
class _Body:
    """The state of reading: the bar that grows, what is altered in it, and what comes next."""

    key: Key
    unit: Fraction
    segments: list[_Segment] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    bar: list[Note] = field(default_factory=list)
    altered: dict[int, int] = field(default_factory=dict)
    before_first_ending: list[Bar] | None = None
    next_factor: Fraction = Fraction(1)
    triplet: int = 0
    is_tied: bool = False

    def close_bar(self) -> None:
        if self.triplet or self.next_factor != 1:
            raise UnreadableTune("a triplet or a dotted pair is cut by a bar line")
        if self.bar:
            self.bars.append(tuple(self.bar))
        self.bar, self.altered = [], {}

    def close_part(self, *, is_repeated: bool) -> None:
        self.close_bar()
        if self.bars:
            had_endings = self.before_first_ending is not None
            self.segments.append(_Segment(self.bars, is_repeated or had_endings))
        self.bars, self.before_first_ending = [], None

    def first_ending(self) -> None:
        self.close_bar()
        if self.before_first_ending is not None:
            raise UnreadableTune("a first ending inside another")
        self.before_first_ending = list(self.bars)

    def second_ending(self) -> None:
        self.close_bar()
        if self.before_first_ending is None:
            raise UnreadableTune("a second ending without a first")
        self.bars = list(self.before_first_ending)

    def add(self, step: int | None, shift: int, length: Fraction) -> None:
        in_triplet = self.triplet > 0
        self.triplet = max(0, self.triplet - 1)
        note = Note(step, length * self.next_factor, shift, in_triplet=in_triplet)
        self.next_factor = Fraction(1)
        if self.is_tied:
            self.is_tied = False
            if self._joined(note):
                return
        self.bar.append(note)

    def _joined(self, note: Note) -> bool:
        """Put a tied note together with the one before it, if both are in this bar and plain."""
        if not self.bar:
            self._tie_over_the_bar_line(note)
            return False
        last = self.bar[-1]
        whole = last.length + note.length
        is_same = (last.step, last.shift) == (note.step, note.shift)
        if not is_same or last.in_triplet or note.in_triplet or whole not in LENGTHS:
            return False
        self.bar[-1] = replace(last, length=whole)
        return True

    def _tie_over_the_bar_line(self, note: Note) -> None:
        if not self.bars:
            return
        *rest, last = self.bars[-1]
        if (last.step, last.shift) == (note.step, note.shift):
            self.bars[-1] = (*rest, replace(last, tied=True))


def read(text: str, *, rhythm: str, energy: str) -> Tune:
    """Return the tune that a text in ABC holds.

    Raises:
        UnreadableTune: it is none, or beyond the subset.
    """
    fields, body = _split(text)
    metre = _METRES.get(fields.get("M", ""), fields.get("M", ""))
    if metre not in METRES:
        raise UnreadableTune(f"metre {metre!r}")
    state = _Body(read_key(fields.get("K", "")), _unit(fields.get("L", "1/8")))
    for match in _LEXEMES.finditer(body):
        _take(state, match)
    state.close_part(is_repeated=False)
    return _assembled(state, metre, rhythm, energy)


def read_key(text: str) -> Key:
    """Return the key that a `K:` field names.

    Raises:
        UnreadableTune: it is none of the four modes that are understood.
    """
    match = _KEY.match(text)
    if match is None:
        raise UnreadableTune(f"key {text!r}")
    letter, sign, word = match.groups()
    mode = _MODES.get(word.lower()[:3])
    if mode is None or mode not in MODES:
        raise UnreadableTune(f"mode {word!r}")
    try:
        return Key(letter + sign, mode)
    except UnknownKey as exc:
        raise UnreadableTune(str(exc)) from exc


def _split(text: str) -> tuple[dict[str, str], str]:
    fields: dict[str, str] = {}
    body: list[str] = []
    for line in text.splitlines():
        found = _FIELD.match(line)
        if found is None:
            if "K" in fields:
                body.append(_SLUR.sub(" ", _NOISE.sub(" ", line)))
            continue
        name, value = found.group(1), found.group(2).split("%")[0].strip()
        if "K" not in fields:
            fields.setdefault(name, value)
        elif name not in _IGNORED_IN_BODY:
            raise UnreadableTune(f"{name}: changes inside the tune")
    if "K" not in fields:
        raise UnreadableTune("there is no K: field")
    return fields, "\n".join(body)


def _unit(text: str) -> Fraction:
    try:
        return Fraction(text) / _UNIT
    except (ValueError, ZeroDivisionError) as exc:
        raise UnreadableTune(f"unit {text!r}") from exc


def _take(state: _Body, match: re.Match[str]) -> None:
    """Take the next sign: a note, or what divides and changes notes."""
    if match["chord"]:
        step, shift, inside = _top_of(state, match["chord"])
        state.add(step, shift, inside * _length(match["chord_length"]) * state.unit)
    elif match["note"]:
        pitch, shift = _pitch(state, match)
        state.add(pitch, shift, _length(match["length"]) * state.unit)
    elif match["triplet"]:
        state.triplet = 3
    elif match["broken"]:
        _dot(state, match["broken"])
    elif match["tie"]:
        state.is_tied = True
    elif match["other"]:
        raise UnreadableTune(f"what is {match.group()!r}?")
    elif not match["space"]:
        _divide(state, match)


def _divide(state: _Body, match: re.Match[str]) -> None:
    """Take a bar line."""
    if match["bar"] or (match["open"] and not state.bars):
        # What stands before the first repeat is its pickup.
        state.close_bar()
    elif match["first"]:
        state.first_ending()
    elif match["second"]:
        state.second_ending()
    elif match["open"] or match["strong"]:
        state.close_part(is_repeated=False)
    elif state.before_first_ending is not None and _is_before_second(match):
        state.close_bar()
    else:
        state.close_part(is_repeated=True)


def _is_before_second(match: re.Match[str]) -> bool:
    return bool(re.match(r"\s*\|?\s*\[?2", match.string[match.end() :]))


def _dot(state: _Body, signs: str) -> None:
    if not state.bar or state.triplet:
        raise UnreadableTune("a dotted pair without its first note")
    short = Fraction(1, 2 ** len(signs))
    longer, shorter = 2 - short, short
    last = state.bar[-1]
    first, second = (longer, shorter) if signs[0] == ">" else (shorter, longer)
    state.bar[-1] = replace(last, length=last.length * first)
    state.next_factor = second


def _top_of(state: _Body, chord: str) -> tuple[int, int, Fraction]:
    """The highest note of a chord: its step, its shift, and the length written inside."""
    found: list[tuple[int, int, Fraction]] = []
    for match in _LEXEMES.finditer(chord[1 : chord.index("]")]):
        if not match["note"]:
            continue
        step, shift = _pitch(state, match)
        if step is not None:
            found.append((step, shift, _length(match["length"])))
    if not found:
        raise UnreadableTune("a chord of nothing")
    return max(found)


def _pitch(state: _Body, match: re.Match[str]) -> tuple[int | None, int]:
    letter = match["letter"]
    if letter in "zx":
        return None, 0
    octaves = match["octave"].count("'") - match["octave"].count(",") + letter.islower()
    step = LETTERS.index(letter.upper()) + 7 * octaves
    own = state.key.alterations[step % 7]
    if match["sign"]:
        state.altered[step] = sum(_ACCIDENTALS[sign] for sign in match["sign"])
    shift = state.altered.get(step, own) - own
    if abs(shift) > 1:
        raise UnreadableTune("a note two semitones beside its key")
    return step, shift


def _length(text: str) -> Fraction:
    over, slash, under = text.partition("/")
    top = int(over) if over else 1
    if not slash:
        return Fraction(top)
    slashes = 1 + under.count("/")
    digits = under.replace("/", "")
    bottom = int(digits) if digits else 2**slashes
    if bottom == 0:
        raise UnreadableTune("a note of no length")
    return Fraction(top, bottom)


def _assembled(state: _Body, metre: str, rhythm: str, energy: str) -> Tune:
    full = METRES[metre][0]
    if not state.segments:
        raise UnreadableTune("there are no notes")
    opening = bar_time(state.segments[0].bars[0])
    pickup = opening if opening < full else Fraction(0)
    parts = tuple(_part(segment, full, pickup) for segment in state.segments)
    return Tune(state.key, metre, rhythm, energy, pickup, parts)


def _part(segment: _Segment, full: Fraction, pickup: Fraction) -> Part:
    bars: Sequence[Bar] = segment.bars
    opening: Bar = ()
    if pickup and bar_time(bars[0]) == pickup:
        opening, *bars = bars
    if pickup and not opening:
        raise UnreadableTune("a part without the pickup of the others")
    if not bars:
        raise UnreadableTune("a part of a pickup only")
    for index, time in enumerate(map(bar_time, bars)):
        wanted = full - pickup if index == len(bars) - 1 else full
        if time != wanted:
            raise UnreadableTune(f"bar {index + 1} lasts {time} and not {wanted}")
    return Part(opening, tuple(bars), segment.is_repeated)


def all_notes(tune: Tune) -> Iterator[Note]:
    """Yield every written note of a tune in its order."""
    for part in tune.parts:
        yield from part.pickup
        for bar in part.bars:
            yield from bar
