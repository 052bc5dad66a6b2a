"""The tunes that the music model learns from."""

from __future__ import annotations

import pytest

from generation.core.music.reading import read
from generation.training.music.corpus import in_quavers

IN_SEMIQUAVERS = "M:2/4\nL:1/16\nK:D\n|:A2|dfaf bfaf|(3efe d2 c2B2|d4 d2:|"
IN_QUAVERS = "M:4/4\nL:1/8\nK:D\n|:A2|dfaf bfaf|(3efe d2 c2B2|d4 d2:|"


@pytest.mark.parametrize("rhythm", ["reel", "hornpipe"])
def test_a_dance_printed_in_two_four_is_learnt_as_it_is_printed_in_four_four(rhythm: str) -> None:
    printed = read(IN_SEMIQUAVERS, rhythm=rhythm, energy="lively")
    assert in_quavers(printed) == read(IN_QUAVERS, rhythm=rhythm, energy="lively")


def test_a_march_in_two_four_and_a_reel_in_four_four_stay_as_they_are() -> None:
    march = read(IN_SEMIQUAVERS, rhythm="march", energy="lively")
    assert in_quavers(march) == march
    reel = read(IN_QUAVERS, rhythm="reel", energy="lively")
    assert in_quavers(reel) == reel
