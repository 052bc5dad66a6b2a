"""From what was asked to what is composed: every open choice is made here, and only here.

What a parameter says holds. What it leaves open the prompt's words decide, what they leave open
follows from the mood and the rhythm, and the rest is drawn by the seed.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from generation.core.music.grammar import Form
from generation.core.music.keys import Key, UnknownKey
from generation.core.music.tune import RHYTHMS
from generation.core.music.vocabulary import SIGNATURES
from generation.core.music.words import (
    INSTRUMENT_WORDS,
    METRE_WORDS,
    MODE_WORDS,
    MOOD_WORDS,
    RHYTHM_WORDS,
    meaning,
    tonic,
)

MOODS: Final = ("happy", "lively", "calm", "sad")
INSTRUMENTS: Final = (
    "fiddle",
    "flute",
    "whistle",
    "harp",
    "piano",
    "guitar",
    "accordion",
    "banjo",
)
BARS: Final = (8, 16, 24, 32)
PART_BARS: Final = 8
SLOWEST, FASTEST = 30, 240
# Beats in a minute: crotchets, dotted crotchets in compound time.
_TEMPI: Final = {
    "reel": 184,
    "jig": 112,
    "slip jig": 108,
    "hornpipe": 144,
    "strathspey": 126,
    "march": 108,
    "waltz": 132,
    "air": 76,
}
_AIR_IN_COMPOUND_TIME: Final = 54
_CALMER: Final = 0.8
_METRES_OF: Final[Mapping[str, Sequence[str]]] = {
    "reel": ("4/4",),
    "jig": ("6/8",),
    "slip jig": ("9/8",),
    "hornpipe": ("4/4",),
    "strathspey": ("4/4",),
    "march": ("4/4", "2/4", "6/8"),
    "waltz": ("3/4",),
    "air": ("4/4", "3/4", "6/8", "2/4"),
}
_RHYTHMS_OF_MOOD: Final[Mapping[str, Sequence[str]]] = {
    "happy": ("jig", "reel", "hornpipe", "march"),
    "lively": ("reel", "jig", "hornpipe", "slip jig"),
    "calm": ("air", "waltz"),
    "sad": ("air", "waltz"),
}
_MODES_OF_MOOD: Final[Mapping[str, Sequence[str]]] = {
    "happy": ("major",),
    "lively": ("major", "major", "dorian", "mixolydian"),
    "calm": ("major",),
    "sad": ("minor", "minor", "dorian"),
}
_ENERGY_OF_MOOD: Final = {"happy": "lively", "lively": "lively", "calm": "calm", "sad": "calm"}
_ENERGY_OF_RHYTHM: Final = {"air": "calm", "waltz": "calm"}
_TONICS: Final[Mapping[str, Sequence[str]]] = {
    "major": ("D", "G", "A", "C", "F"),
    "minor": ("E", "A", "D", "B", "G"),
    "dorian": ("E", "A", "D"),
    "mixolydian": ("D", "A", "G"),
}
_INSTRUMENT_OF: Final = {"air": "flute", "waltz": "accordion", "march": "whistle"}
_DEFAULT_INSTRUMENT: Final = "fiddle"
_COMPOUND: Final = frozenset({"6/8", "9/8"})


class ImpossibleWish(ValueError):
    """Two things were asked for that cannot both be."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the parameters say; None is left open. `key` is as `D` or `Bb minor`."""

    key: str | None = None
    metre: str | None = None
    mood: str | None = None
    rhythm: str | None = None
    bars: int | None = None
    tempo: int | None = None
    instrument: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is composed and how it is played; `tempo` counts beats of the metre in a minute."""

    form: Form
    mood: str
    tempo: int
    instrument: str


def plan(prompt: str, wish: Wish, *, seed: int) -> Plan:
    """Make every choice.

    Raises:
        ImpossibleWish: a key with more than four signs, or a metre that the rhythm does not have.
    """
    draw = random.Random(seed)  # noqa: S311  chooses music, not secrets
    mood = wish.mood or meaning(MOOD_WORDS, prompt)
    metre = wish.metre or meaning(METRE_WORDS, prompt)
    rhythm = wish.rhythm or _rhythm_of(meaning(RHYTHM_WORDS, prompt), metre)
    if rhythm is None:
        rhythm = draw.choice(_rhythms(mood, metre))
    if metre is None:
        metre = _METRES_OF[rhythm][0] if rhythm != "air" else draw.choice(_METRES_OF[rhythm])
    if metre not in _METRES_OF[rhythm]:
        raise ImpossibleWish(f"a {rhythm} has {' or '.join(_METRES_OF[rhythm])}, not {metre}")
    key = _key(prompt, wish, mood, draw)
    mood = mood or _mood_of(key, rhythm)
    bars = wish.bars or 2 * PART_BARS
    energy = _ENERGY_OF_MOOD[mood]
    form = Form(
        key=key,
        metre=metre,
        rhythm=rhythm,
        energy=energy,
        parts=(PART_BARS,) * (bars // PART_BARS),
        is_repeated=rhythm != "air",
    )
    instrument = wish.instrument or meaning(INSTRUMENT_WORDS, prompt)
    return Plan(
        form=form,
        mood=mood,
        tempo=wish.tempo or _tempo(form),
        instrument=instrument or _INSTRUMENT_OF.get(rhythm, _DEFAULT_INSTRUMENT),
    )


def read_key(text: str) -> tuple[str, str | None]:
    """The tonic and, where it is named, the mode of a key parameter such as `D` or `Bb minor`.

    Raises:
        ImpossibleWish: it is no key that the model writes.
    """
    letter, _, mode = text.strip().partition(" ")
    try:
        key = Key(letter, mode or "major")
    except UnknownKey as exc:
        raise ImpossibleWish(f"{text} is not a key; say for example D, Bb or E minor") from exc
    return key.tonic, key.mode if mode else None


def _key(prompt: str, wish: Wish, mood: str | None, draw: random.Random) -> Key:
    named, mode = read_key(wish.key) if wish.key else (tonic(prompt), None)
    mode = mode or meaning(MODE_WORDS, prompt)
    if mode is None and named is not None and mood != "sad":
        mode = "major"  # what "in D" means to a musician
    if mode is None:
        mode = draw.choice(_MODES_OF_MOOD[mood]) if mood else "major"
    if named is None:
        return Key(draw.choice(_TONICS[mode]), mode)
    try:
        key = Key(named, mode)
    except UnknownKey as exc:
        raise ImpossibleWish(str(exc)) from exc
    if key.fifths not in SIGNATURES:
        raise ImpossibleWish(f"{named} {mode} has more than four sharps or flats")
    return key


def _rhythm_of(named: str | None, metre: str | None) -> str | None:
    """What the prompt names, unless the metre parameter rules it out."""
    return named if named is None or metre is None or metre in _METRES_OF[named] else None


def _rhythms(mood: str | None, metre: str | None) -> list[str]:
    """The rhythms that fit what is known; the mood gives way to the metre."""
    fitting = [name for name in RHYTHMS if metre is None or metre in _METRES_OF[name]]
    of_mood = [name for name in fitting if mood is None or name in _RHYTHMS_OF_MOOD[mood]]
    return of_mood or fitting


def _mood_of(key: Key, rhythm: str) -> str:
    is_calm = _ENERGY_OF_RHYTHM.get(rhythm) == "calm"
    if key.mode in {"minor", "dorian"}:
        return "sad" if is_calm else "lively"
    return "calm" if is_calm else "happy"


def _tempo(form: Form) -> int:
    tempo = _TEMPI[form.rhythm]
    if form.rhythm == "air" and form.metre in _COMPOUND:
        tempo = _AIR_IN_COMPOUND_TIME
    is_slowed = form.energy == "calm" and _ENERGY_OF_RHYTHM.get(form.rhythm) != "calm"
    return round(tempo * _CALMER) if is_slowed else tempo
