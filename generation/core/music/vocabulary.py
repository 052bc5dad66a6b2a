"""The words of the model: a tune as a list of tokens, and back.

A tune is told as its conditions, then part by part: how many parts are left, the pickup, and each
bar behind a token that counts how many bars of the part are left, so that the model knows where a
phrase must turn or close. Notes are told as in ABC: a pitch, then a length where it is not one
quaver. Pitches are steps of the staff with a shift against the key signature, as ABC writes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final

from generation.core.music.keys import MODES, Key, UnknownKey
from generation.core.music.tune import ENERGIES, METRES, RHYTHMS, TRIPLET, Bar, Note, Part, Tune

LOWEST_STEP: Final = -5
HIGHEST_STEP: Final = 17
# What is composed stays in a range that has a place on the staff in every key.
LOWEST_COMPOSED: Final = -2
HIGHEST_COMPOSED: Final = 14
MAXIMUM_BARS: Final = 32
MAXIMUM_PARTS: Final = 6
SIGNATURES: Final = range(-4, 5)
HOME_TONIC: Final = "D"
"""The model composes on this tonic, in each mode; the tune is then moved to the key asked for."""
LENGTHS: Final = tuple(
    Fraction(numerator, 4) for numerator in (1, 2, 3, 5, 6, 7, 8, 10, 12, 16, 20, 24, 28, 32, 36)
)
PICKUPS: Final = tuple(Fraction(numerator, 2) for numerator in (0, 1, 2, 3, 4, 6))
QUAVER: Final = Fraction(1)

START, END, TRIPLET_SIGN, TIE, REST = "start", "end", "(3", "-", "z"
REPEATED, ONCE = ":|", "||"
_SHIFT_SIGNS: Final = {-1: "-", 0: "", 1: "+"}


def _pitches() -> Iterator[str]:
    for step in range(LOWEST_STEP, HIGHEST_STEP + 1):
        for sign in _SHIFT_SIGNS.values():
            yield f"n{step}{sign}"


TOKENS: Final[tuple[str, ...]] = (
    START,
    END,
    TRIPLET_SIGN,
    TIE,
    REST,
    REPEATED,
    ONCE,
    *(f"M:{metre}" for metre in METRES),
    *(f"R:{rhythm}" for rhythm in (*RHYTHMS, "any")),
    *(f"E:{energy}" for energy in (*ENERGIES, "any")),
    *(f"K:{HOME_TONIC} {mode}" for mode in MODES),
    *(f"pickup {length}" for length in PICKUPS),
    *(f"parts {count}" for count in range(1, MAXIMUM_PARTS + 1)),
    *(f"bars {count}" for count in range(1, MAXIMUM_BARS + 1)),
    *(f"x{length}" for length in LENGTHS),
    *_pitches(),
)
IDS: Final = {token: index for index, token in enumerate(TOKENS)}
ANY: Final = "any"


class Unspeakable(ValueError):
    """The tune needs something that the model has no token for, or the tokens are no tune."""


def pitch_token(step: int | None, shift: int) -> str:
    """The token of a pitch; None is a rest."""
    return REST if step is None else f"n{step}{_SHIFT_SIGNS[shift]}"


def pitch_of(token: str) -> tuple[int | None, int]:
    """The step and the shift that a pitch token stands for."""
    if token == REST:
        return None, 0
    body, shift = token[1:], 0
    if body.endswith("+"):
        body, shift = body[:-1], 1
    elif body.endswith("-"):
        body, shift = body[:-1], -1
    return int(body), shift


def length_of(token: str) -> Fraction:
    """The length that a length token stands for, in quavers."""
    return Fraction(token[1:])


def conditions(key: Key, metre: str, rhythm: str, energy: str) -> list[str]:
    """The tokens that every tune begins with."""
    return [START, f"R:{rhythm}", f"E:{energy}", f"M:{metre}", f"K:{key.tonic} {key.mode}"]


def tokens_of(tune: Tune) -> list[str]:
    """Tell a tune.

    Raises:
        Unspeakable: a pitch, a length or a form that has no token.
    """
    told = conditions(tune.key, tune.metre, tune.rhythm, tune.energy)
    told.append(f"pickup {tune.pickup}")
    for index, part in enumerate(tune.parts):
        told.append(f"parts {len(tune.parts) - index}")
        told += _bar_tokens(part.pickup)
        for position, bar in enumerate(part.bars):
            told.append(f"bars {len(part.bars) - position}")
            told += _bar_tokens(bar)
        told.append(REPEATED if part.is_repeated else ONCE)
    told.append(END)
    unknown = next((token for token in told if token not in IDS), None)
    if unknown is not None:
        raise Unspeakable(f"no token for {unknown}")
    return told


def _bar_tokens(bar: Bar) -> Iterator[str]:
    in_triplet = 0
    for note in bar:
        if note.in_triplet:
            if in_triplet == 0:
                yield TRIPLET_SIGN
            in_triplet = (in_triplet + 1) % 3
        yield pitch_token(note.step, note.shift)
        if note.length != QUAVER:
            yield f"x{note.length}"
        if note.tied:
            yield TIE


def tune_of(tokens: Sequence[str]) -> Tune:
    """Read a tune that was told.

    Raises:
        Unspeakable: the tokens are no tune.
    """
    try:
        rhythm, energy, metre, key = (token[2:] for token in tokens[1:5])
        tonic, mode = key.split(" ")
        pickup = Fraction(tokens[5].removeprefix("pickup "))
        parts = tuple(_parts(tokens[6:]))
        return Tune(Key(tonic, mode), metre, rhythm, energy, pickup, parts)
    except (ValueError, IndexError, UnknownKey) as exc:
        raise Unspeakable(f"these tokens are no tune: {exc}") from exc


def _parts(tokens: Sequence[str]) -> Iterator[Part]:
    bars: list[list[str]] = []
    for token in tokens:
        if token == END:
            return
        if token.startswith("parts "):
            bars = [[]]
        elif token.startswith("bars "):
            bars.append([])
        elif token in {REPEATED, ONCE}:
            pickup, *full = (tuple(_notes(bar)) for bar in bars)
            yield Part(pickup, tuple(full), token == REPEATED)
        else:
            bars[-1].append(token)
    raise ValueError("the end is missing")


def _notes(tokens: Sequence[str]) -> Iterator[Note]:
    note: Note | None = None
    triplet = 0
    for token in tokens:
        if token == TRIPLET_SIGN:
            triplet = 3
            continue
        if token.startswith("x") and note is not None:
            note = Note(note.step, length_of(token), note.shift, note.in_triplet)
        elif token == TIE and note is not None:
            note = Note(note.step, note.length, note.shift, note.in_triplet, tied=True)
        else:
            if note is not None:
                yield note
            step, shift = pitch_of(token)
            note = Note(step, QUAVER, shift, in_triplet=triplet > 0)
            triplet = max(0, triplet - 1)
    if note is not None:
        yield note


def sounding(length: Fraction, *, in_triplet: bool) -> Fraction:
    """How long a note of a written length sounds, in quavers."""
    return length * TRIPLET if in_triplet else length
