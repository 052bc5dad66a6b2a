"""The file that is written is the one that the gate's own reader takes apart."""

import struct

import pytest

from generation.core.film.mp4 import Pictures, Unusable, mp3_frames, written
from moderation.core.mp4 import Unsound, sound_of

START = b"\x00\x00\x00\x01"
SPS, PPS = b"\x67\x42\xc0\x1f" + b"\x8c" * 8, b"\x68\xce\x3c\x80"
KEY, OTHER = b"\x65" + b"\x88" * 40, b"\x41" + b"\x9a" * 20
STREAM = START + START.join([SPS, PPS, KEY, OTHER, OTHER, SPS, PPS, KEY])
# MPEG-1 layer III, 96 kbit/s, 48 kHz, mono: 288 bytes a frame.
FRAME = b"\xff\xfb\x74\xc0" + b"\x11" * 284


def film(sound: bytes = b"") -> bytes:
    return written(Pictures(STREAM, 512, 288, 24), sound)


def boxes(data: bytes) -> dict[bytes, bytes]:
    found, at = {}, 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        found[kind] = data[at + 8 : at + size]
        at += size
    return found


def test_the_index_comes_before_the_samples_it_points_at() -> None:
    file = film(FRAME * 5)
    assert list(boxes(file)) == [b"ftyp", b"moov", b"mdat"]
    at = file.index(b"stco") + 12
    (first,) = struct.unpack_from(">I", file, at)
    assert file[first + 4 : first + 4 + len(KEY)] == KEY
    second = struct.unpack_from(">I", file, file.index(b"stco", at) + 12)[0]
    assert file[second : second + len(FRAME)] == FRAME


def test_key_pictures_are_named_and_parameters_are_not_counted_as_pictures() -> None:
    file = film()
    keys = file.index(b"stss") + 8
    assert struct.unpack_from(">III", file, keys) == (2, 1, 4)
    assert struct.unpack_from(">I", file, file.index(b"stsz") + 12) == (4,)


def test_a_silent_film_has_one_track() -> None:
    file = film()
    assert file.count(b"trak") == 1
    assert sound_of(file) is None


def test_what_was_put_in_as_sound_is_what_the_gate_hears() -> None:
    sound = sound_of(film(FRAME * 40))
    assert sound is not None
    assert (sound.codec, sound.data) == ("mp3", FRAME * 40)


def test_frames_of_sound_are_counted_and_described() -> None:
    frames, rate, channels = mp3_frames(FRAME * 7)
    assert (len(frames), rate, channels) == (7, 48_000, 1)


@pytest.mark.parametrize("sound", [b"RIFF" + bytes(40), FRAME + b"\xff\xf3\x74\xc0" + bytes(284)])
def test_other_sound_than_mpeg_1_is_refused(sound: bytes) -> None:
    with pytest.raises(Unusable, match="layer III"):
        film(sound)


def test_a_stream_that_does_not_begin_with_a_key_picture_is_refused() -> None:
    with pytest.raises(Unusable, match="key picture"):
        written(Pictures(START + START.join([SPS, PPS, OTHER]), 16, 16, 24))


def test_the_gate_refuses_tracks_that_it_cannot_judge() -> None:
    subtitled = film(FRAME * 5).replace(b"soun", b"text")
    with pytest.raises(Unsound, match="other kinds"):
        sound_of(subtitled)


def test_the_gate_refuses_sound_that_it_cannot_hear() -> None:
    file = film(FRAME * 5)
    at = file.index(b"esds")
    aac = file[:at] + file[at:].replace(b"\x6b", b"\x40", 1)
    with pytest.raises(Unsound, match="no decoder"):
        sound_of(aac)


@pytest.mark.parametrize("cut", [5, 40, 200, 500])
def test_a_file_that_ends_early_is_refused(cut: int) -> None:
    with pytest.raises(Unsound):
        sound_of(film(FRAME * 5)[:-cut])
