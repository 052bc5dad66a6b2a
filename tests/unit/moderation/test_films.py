"""Which pictures of a film are looked at, and what a broken answer means."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.core.films import (
    CUTTER,
    as_written,
    chosen,
    decoded,
    encoded,
    encoded_error,
    untimed,
    words_of,
)

CHANGES = st.lists(st.floats(min_value=0, max_value=255), min_size=1, max_size=400)


@given(CHANGES, st.sampled_from([8.0, 24.0, 60.0]))
def test_the_first_and_the_last_picture_are_always_looked_at(
    changes: list[float], fps: float
) -> None:
    looked = chosen(changes, fps=fps)
    assert looked[0] == 0
    assert looked[-1] == len(changes) - 1
    assert looked == sorted(set(looked))
    assert len(looked) <= 16


def test_a_picture_that_is_seen_for_one_frame_only_is_looked_at() -> None:
    changes = [0.5] * 96
    changes[37] = changes[38] = 80.0
    assert {37, 38} <= set(chosen(changes, fps=24))


def test_a_film_comes_back_with_its_moments_and_sound() -> None:
    description = encoded(at_ms=[0, 500], has_sound=True, seconds=0.5, version="video_cuts@1")
    film = decoded(description, [b"one", b"two"], b"wav")
    assert [(still.at_ms, still.data) for still in film.stills] == [(0, b"one"), (500, b"two")]
    assert film.sounds == (b"wav",)
    assert (film.signals[0].detector, film.signals[0].is_available) == (CUTTER, True)


def test_whatever_is_not_whole_is_an_outage() -> None:
    fine = encoded(at_ms=[0], has_sound=False, seconds=1, version="v")
    for description, stills, sound in (
        (encoded_error("no film"), [], b""),
        (b"{", [b"one"], b""),
        (b"[]", [b"one"], b""),
        (fine, [], b""),
        (fine, [b"one", b"two"], b""),
        (fine, [b"one"], b"sound that it did not speak of"),
        (json.dumps({"at_ms": [], "sound": False, "version": "v"}).encode(), [], b""),
    ):
        film = decoded(description, stills, sound)
        assert not film.stills
        assert not film.signals[0].is_available


def test_captions_are_read_without_their_times() -> None:
    file = "WEBVTT a note\n\n1\n00:00.000 --> 00:01.000\nTom &amp; <i>Jerry\n\nNOTE hidden words\n"
    assert words_of(file) == "a note\n1\nTom & <i>Jerry\nNOTE hidden words"
    assert words_of("") == ""


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("a\n\nWEBVTT\n\n00:00:00.400 --> 00:00:02.857\nOnce.", "a\n\n\n\n\nOnce."),
        ("00:01.000 --> 00:02.000 align:start", " align:start"),
        # What only looks like a time is somebody's words.
        ("I will kill you --> tonight", "I will kill you --> tonight"),
        ("kill 00:01.000 --> 00:02.000", "kill 00:01.000 --> 00:02.000"),
        ("WEBVTTs are files", "WEBVTTs are files"),
        ("no captions\n\nat all", "no captions\n\nat all"),
    ],
)
def test_only_times_and_marks_are_taken_out_of_captions(written: str, left: str) -> None:
    assert untimed(written) == left


CAPTIONS = "There was a little girl named Mia\nwho loved to sail.\n从前有一个小女孩，"


@pytest.mark.parametrize(
    ("read", "judged"),
    [
        ("Therewasa little girl\nnamed Mia", f"{CAPTIONS}\nnamed Mia"),
        ("THERE WAS A LITTLE GIRL NAMED MIA!", CAPTIONS),
        ("SALE\nwho loved to sail", f"{CAPTIONS}\nSALE"),
        ("little", "little"),
        ("a little girl named Eve who is not there", "a little girl named Eve who is not there"),
        ("从前有一个小女孩", CAPTIONS),
        ("小女孩", "小女孩"),
        ("", ""),
    ],
)
def test_captions_that_are_read_in_pictures_are_judged_as_they_were_written(
    read: str, judged: str
) -> None:
    assert as_written(read, CAPTIONS) == judged


def test_without_captions_everything_read_is_judged() -> None:
    assert as_written("There was a little girl named Mia", "") == (
        "There was a little girl named Mia"
    )
