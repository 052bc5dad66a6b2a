"""What a tune is like."""

from __future__ import annotations

import pytest

from generation.core.music.reading import read
from generation.core.music.tune import Tune
from generation.training.music.manners import Manners, compared, manners_of


def tune(notes: str) -> Tune:
    return read(f"M:4/4\nL:1/8\nK:D\n{notes}", rhythm="reel", energy="lively")


def test_notes_moves_and_endings_are_counted() -> None:
    found = manners_of(tune("|:d2 d2 D2 F2|A2 A/A/A A4:|\n|:D2 E2 F2 G2|A4 D4:|"))
    assert found == Manners(
        short=2 / 15, repeated=5 / 14, leaps=1 / 14, span=7, at_rest=1, at_home=1
    )


def test_a_tied_note_is_no_repetition_and_another_ending_is_not_at_home() -> None:
    found = manners_of(tune("|:D4 E4-|E4 G4:|"))
    assert (found.repeated, found.at_rest, found.at_home) == (0, 0, 0)


def test_one_note_has_no_manners() -> None:
    with pytest.raises(ValueError, match="one note"):
        manners_of(tune("|D8|]"))


def test_what_was_written_stands_beside_what_was_printed() -> None:
    rows = compared([tune("|:D4 D4|D4 D4:|")], [tune("|:D4 E4|F4 G4:|")])
    assert "| notes at the pitch of the one before | 100% | 0% |" in rows
    assert "| steps from the lowest note to the highest | 0.0 | 3.0 |" in rows
    assert "| tunes that end on the tonic | 100% | 0% |" in rows
