"""What a tune is like, measured alike of tunes that the model wrote and of printed ones."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from itertools import pairwise
from typing import Final

from generation.core.music.reading import all_notes
from generation.core.music.tune import Note, Part, Tune
from generation.core.music.vocabulary import QUAVER

_TRIAD: Final = (0, 2, 4)
_LEAP: Final = 4
_OCTAVE: Final = 7


@dataclass(frozen=True, slots=True)
class Manners:
    """One tune. All but `span`, which counts steps of the staff, are shares from 0 to 1.

    `short` notes are written shorter than a quaver, `repeated` ones have the pitch of the one
    before, `leaps` go further than a fifth; `at_rest` are the parts that end on a note of the
    tonic's chord, and `at_home` says whether the tune ends on the tonic.
    """

    short: float
    repeated: float
    leaps: float
    span: float
    at_rest: float
    at_home: float


def manners_of(tune: Tune) -> Manners:
    """Measure a tune. Raises ValueError for one of fewer than two notes."""
    notes = [note for note in all_notes(tune) if note.step is not None]
    steps = [note.step for note in notes if note.step is not None]
    if len(steps) < 2:  # noqa: PLR2004  an interval needs two
        raise ValueError("a tune of one note has no intervals")
    moves = [
        abs(after.step - before.step)
        for before, after in pairwise(notes)
        if before.step is not None and after.step is not None and not before.tied
    ]
    ends = [_above_tonic(tune, _last_of(part)) for part in tune.parts]
    return Manners(
        short=statistics.fmean(note.length < QUAVER for note in notes),
        repeated=statistics.fmean(move == 0 for move in moves),
        leaps=statistics.fmean(move > _LEAP for move in moves),
        span=float(max(steps) - min(steps)),
        at_rest=statistics.fmean(end in _TRIAD for end in ends),
        at_home=float(ends[-1] == 0),
    )


def compared(written: Sequence[Tune], printed: Sequence[Tune]) -> list[str]:
    """Return the rows of a table: each measure's mean over what was written and was printed."""
    sides = [[astuple(manners_of(tune)) for tune in tunes] for tunes in (written, printed)]
    means = [[statistics.fmean(column) for column in zip(*side, strict=True)] for side in sides]
    shown = {
        "short": "notes shorter than a quaver",
        "repeated": "notes at the pitch of the one before",
        "leaps": "leaps of more than a fifth",
        "span": "steps from the lowest note to the highest",
        "at_rest": "parts that end in the tonic's chord",
        "at_home": "tunes that end on the tonic",
    }
    return [
        f"| {shown[field.name]} | {_told(field.name, ours)} | {_told(field.name, theirs)} |"
        for field, ours, theirs in zip(fields(Manners), *means, strict=True)
    ]


def _told(name: str, value: float) -> str:
    return f"{value:.1f}" if name == "span" else f"{value:.0%}"


def _above_tonic(tune: Tune, step: int) -> int:
    return (step - tune.key.tonic_step) % _OCTAVE


def _last_of(part: Part) -> int:
    sounding: Iterable[Note] = (note for bar in reversed(part.bars) for note in reversed(bar))
    return next(note.step for note in sounding if note.step is not None)
