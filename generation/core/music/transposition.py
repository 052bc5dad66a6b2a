"""The same tune in another key: every step moves alike, so all intervals stay."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from generation.core.music.keys import Key
from generation.core.music.reading import all_notes
from generation.core.music.tune import Bar, Note, Tune
from generation.core.music.vocabulary import HIGHEST_STEP, LOWEST_STEP

_OCTAVE: Final = 7


def transposed(tune: Tune, key: Key) -> Tune | None:
    """Return the tune in a key of its own mode, moved as little as possible.

    None when its range then has no place on the staff that the model knows, or the mode differs.
    """
    if key.mode != tune.key.mode:
        return None
    steps = [note.step for note in all_notes(tune) if note.step is not None]
    move = key.tonic_step - tune.key.tonic_step
    if not steps:
        return None
    for way in sorted((move - _OCTAVE, move, move + _OCTAVE), key=abs):
        if min(steps) + way >= LOWEST_STEP and max(steps) + way <= HIGHEST_STEP:
            return _moved(tune, key, way)
    return None


def _moved(tune: Tune, key: Key, way: int) -> Tune:
    parts = tuple(
        replace(
            part, pickup=_bar(part.pickup, way), bars=tuple(_bar(bar, way) for bar in part.bars)
        )
        for part in tune.parts
    )
    return replace(tune, key=key, parts=parts)


def _bar(bar: Bar, way: int) -> Bar:
    return tuple(_note(note, way) for note in bar)


def _note(note: Note, way: int) -> Note:
    return note if note.step is None else replace(note, step=note.step + way)
