"""What is in an MP4 file besides its pictures: its tracks, and the samples of its sound.

Read by hand, from untrusted bytes: every length is checked, and what is not understood is refused
rather than skipped, as what the gate does not see might still be played.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

PICTURES: Final = b"vide"
SOUND: Final = b"soun"
_CONTAINERS: Final = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl"})
_HEAD: Final = 8
_LONG: Final = 16
_AUDIO_ENTRY: Final = 28
_MP3: Final = frozenset({0x69, 0x6B})
_DECODER_CONFIG: Final = 4
_LARGEST_COUNT: Final = 1_000_000

Codec = Literal["mp3"]


class Unsound(ValueError):
    """The file is broken, or holds something that nobody here can look at or listen to."""


@dataclass(frozen=True, slots=True)
class Sound:
    """The samples of a sound track, joined, as its decoder wants them."""

    codec: Codec
    data: bytes


def sound_of(file: bytes) -> Sound | None:
    """Return the sound of a film; None where it is silent.

    Raises:
        Unsound: the file is no plain MP4 of one picture track and at most one sound track, or its
            sound is of another kind than MP3.
    """
    top = [kind for kind, _ in _boxes(file)]
    if top.count(b"moov") != 1 or b"moof" in top:
        raise Unsound("the file has no single index")
    movie = next(body for kind, body in _boxes(file) if kind == b"moov")
    tracks = [_tables(body) for kind, body in _boxes(movie) if kind == b"trak"]
    kinds = [_handler(track) for track in tracks]
    if kinds.count(PICTURES) != 1 or kinds.count(SOUND) > 1 or set(kinds) - {PICTURES, SOUND}:
        names = ", ".join(kind.decode("latin-1") for kind in kinds)
        raise Unsound(f"the file has tracks of other kinds than one of pictures and sound: {names}")
    if SOUND not in kinds:
        return None
    track = tracks[kinds.index(SOUND)]
    return Sound(_codec(_table(track, b"stsd")), b"".join(_samples(file, track)))


def _handler(track: Mapping[bytes, bytes]) -> bytes:
    return _table(track, b"hdlr")[8:12]


def _tables(trak: bytes) -> dict[bytes, bytes]:
    """Return the boxes of a track by name, those inside of others too."""
    found: dict[bytes, bytes] = {}
    for kind, body in _boxes(trak):
        if kind in _CONTAINERS:
            found |= _tables(body)
        elif kind in found:
            raise Unsound(f"a track has two boxes {kind!r}")
        else:
            found[kind] = body
    return found


def _table(track: Mapping[bytes, bytes], kind: bytes) -> bytes:
    try:
        return track[kind]
    except KeyError as error:
        raise Unsound(f"a track has no {kind.decode('latin-1')}") from error


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(data):
        if at + _HEAD > len(data):
            raise Unsound("the file ends within a box")
        size, kind = struct.unpack_from(">I4s", data, at)
        head = _HEAD
        if size == 1:
            if at + _LONG > len(data):
                raise Unsound("the file ends within a box")
            (size,) = struct.unpack_from(">Q", data, at + _HEAD)
            head = _LONG
        elif size == 0:
            size = len(data) - at
        if size < head or at + size > len(data):
            raise Unsound("a box is longer than its file")
        yield kind, data[at + head : at + size]
        at += size


def _codec(descriptions: bytes) -> Codec:
    """Return what the samples are; only what can be decoded here has a name."""
    entries = list(_boxes(descriptions[8:]))
    if len(entries) != 1:
        raise Unsound("the sound changes its kind")
    kind, body = entries[0]
    if kind == b".mp3":
        return "mp3"
    if kind == b"mp4a":
        inside = dict(_boxes(body[_AUDIO_ENTRY:]))
        if b"esds" in inside and _object_type(inside[b"esds"]) in _MP3:
            return "mp3"
    raise Unsound(f"there is no decoder for the sound ({kind.decode('latin-1')})")


def _object_type(esds: bytes) -> int:
    """Return the object type of an elementary stream's decoder; 0 where it has none."""
    at = 4
    while at + 2 <= len(esds):
        tag, at = esds[at], at + 1
        size = 0
        while at < len(esds):
            octet, at = esds[at], at + 1
            size = size << 7 | octet & 0x7F
            if not octet & 0x80:
                break
        if tag == _DECODER_CONFIG:
            return esds[at] if at < len(esds) else 0
        # The stream's description holds the decoder's: three bytes of its own come first.
        at += 3 if tag == 3 else size  # noqa: PLR2004  its tag
    return 0


def _samples(file: bytes, track: Mapping[bytes, bytes]) -> Iterator[bytes]:
    sizes = _sizes(_table(track, b"stsz"))
    starts = _starts(track)
    runs = _runs(_table(track, b"stsc"))
    sample = 0
    for chunk, start in enumerate(starts, start=1):
        count = next((each for first, each in reversed(runs) if first <= chunk), 0)
        at = start
        for size in sizes[sample : sample + count]:
            if at + size > len(file):
                raise Unsound("a sample lies outside of the file")
            yield file[at : at + size]
            at += size
        sample += count
    if sample != len(sizes):
        raise Unsound("the index counts other samples than it lists")


def _sizes(table: bytes) -> tuple[int, ...]:
    size, count = _numbers(table, 4, 2)
    if count > _LARGEST_COUNT:
        raise Unsound("the index is too long")
    return (size,) * count if size else _numbers(table, 12, count)


def _starts(track: Mapping[bytes, bytes]) -> tuple[int, ...]:
    if b"stco" in track:
        (count,) = _numbers(track[b"stco"], 4, 1)
        return _numbers(track[b"stco"], 8, count)
    table = _table(track, b"co64")
    (count,) = _numbers(table, 4, 1)
    halves = _numbers(table, 8, 2 * count)
    return tuple(high << 32 | low for high, low in zip(halves[::2], halves[1::2], strict=True))


def _runs(table: bytes) -> list[tuple[int, int]]:
    (count,) = _numbers(table, 4, 1)
    numbers = _numbers(table, 8, 3 * count)
    return list(zip(numbers[::3], numbers[1::3], strict=True))


def _numbers(table: bytes, at: int, count: int) -> tuple[int, ...]:
    if count > _LARGEST_COUNT or at + 4 * count > len(table):
        raise Unsound("the index ends early")
    return struct.unpack_from(f">{count}I", table, at)
