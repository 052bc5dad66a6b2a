"""H.264 pictures and MP3 sound in one MP4 file (ISO/IEC 14496-12, -14, -15), index first.

With the index first a player starts, and can seek, before it has the whole file. Every picture is
shown for the same time and in the order of the stream, as a baseline encoder writes them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

_CLOCK: Final = 1_000
_PICTURE_CLOCK: Final = 90_000
_IDR: Final = 5
_SPS: Final = 7
_PPS: Final = 8
_SLICES: Final = frozenset({1, _IDR})
_START: Final = b"\x00\x00\x01"
_MATRIX: Final = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
# MPEG-1 audio, layer III: the one object type that every browser plays.
_MP3: Final = 0x6B
_MP3_SAMPLES: Final = 1152
_MP3_KBITS: Final = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MP3_RATES: Final = (44_100, 48_000, 32_000)


class Unusable(ValueError):
    """The streams are not what this file can hold; the message says which."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """An H.264 elementary stream (Annex B) and how it is shown."""

    stream: bytes
    width: int
    height: int
    fps: int


@dataclass(frozen=True, slots=True)
class _Track:
    """Samples with their length in `clock` ticks; `keys` are numbers of samples, from 1."""

    samples: Sequence[bytes]
    ticks: int
    clock: int
    keys: Sequence[int] | None
    entry: bytes
    handler: bytes
    header: bytes
    width: int = 0
    height: int = 0

    @property
    def duration(self) -> int:
        """In the movie's clock."""
        return round(len(self.samples) * self.ticks * _CLOCK / self.clock)


def written(pictures: Pictures, sound: bytes = b"") -> bytes:
    """Return the file; `sound` is MP3 (MPEG-1, one rate throughout), empty for a silent film.

    Raises:
        Unusable: a stream holds nothing, or is of another kind.
    """
    tracks = [_pictures(pictures)]
    if sound:
        tracks.append(_sound(sound))
    brand = _box(b"ftyp", b"isom" + struct.pack(">I", 512), b"isomiso2avc1mp41")
    # The index says where the samples are, and is before them: its length must be known first.
    length = len(_movie(tracks, 0))
    movie = _movie(tracks, len(brand) + length + 8)
    body = b"".join(sample for track in tracks for sample in track.samples)
    return brand + movie + _box(b"mdat", body)


def mp3_frames(sound: bytes) -> tuple[list[bytes], int, int]:
    """Return the frames of an MP3 stream, its samples per second and its channels.

    Raises:
        Unusable: it is no MPEG-1 layer III, or its rate changes.
    """
    frames: list[bytes] = []
    at, rates, channels = 0, set(), 2
    while at + 4 <= len(sound):
        first, second, third, fourth = sound[at : at + 4]
        if first != 0xFF or second & 0xFE != 0xFA:  # noqa: PLR2004  sync, MPEG-1, layer III
            raise Unusable("the sound is no MPEG-1 layer III")
        kbits, rate = third >> 4, third >> 2 & 3
        if not 0 < kbits < len(_MP3_KBITS) or rate >= len(_MP3_RATES):
            raise Unusable("a frame of the sound has no bit rate")
        rates.add(_MP3_RATES[rate])
        channels = 1 if fourth >> 6 == 3 else 2  # noqa: PLR2004  single channel
        size = 144_000 * _MP3_KBITS[kbits] // _MP3_RATES[rate] + (third >> 1 & 1)
        frames.append(sound[at : at + size])
        at += size
    if not frames or len(rates) != 1 or len(frames[-1]) < 4:  # noqa: PLR2004  a frame's head
        raise Unusable("the sound has no frames of one rate")
    return frames, rates.pop(), channels


def _pictures(given: Pictures) -> _Track:
    sets: dict[int, bytes] = {}
    samples: list[bytes] = []
    keys: list[int] = []
    for unit in _units(given.stream):
        kind = unit[0] & 31
        if kind in {_SPS, _PPS}:
            sets.setdefault(kind, unit)
        elif kind in _SLICES:
            samples.append(struct.pack(">I", len(unit)) + unit)
            if kind == _IDR:
                keys.append(len(samples))
    if set(sets) != {_SPS, _PPS} or not keys or keys[0] != 1:
        raise Unusable("the stream does not begin with a key picture and its parameters")
    sps, pps = sets[_SPS], sets[_PPS]
    record = b"\x01" + sps[1:4] + b"\xff\xe1" + struct.pack(">H", len(sps)) + sps
    record += b"\x01" + struct.pack(">H", len(pps)) + pps
    entry = _box(
        b"avc1",
        struct.pack(
            ">6xH16xHHIIIH32xHh", 1, given.width, given.height, 0x480000, 0x480000, 0, 1, 24, -1
        ),
        _box(b"avcC", record),
    )
    return _Track(
        samples,
        _PICTURE_CLOCK // given.fps,
        _PICTURE_CLOCK,
        keys,
        entry,
        b"vide",
        _full(b"vmhd", 1, bytes(8)),
        given.width,
        given.height,
    )


def _sound(stream: bytes) -> _Track:
    frames, rate, channels = mp3_frames(stream)
    kbits = 8 * sum(map(len, frames)) * rate // (len(frames) * _MP3_SAMPLES)
    decoder = _descriptor(4, struct.pack(">BBxHII", _MP3, 0x15, 0, kbits, kbits))
    stream_description = _descriptor(
        3, struct.pack(">HB", 1, 0) + decoder + _descriptor(6, b"\x02")
    )
    entry = _box(
        b"mp4a",
        struct.pack(">6xH8xHHIHH", 1, channels, 16, 0, rate, 0),
        _full(b"esds", 0, stream_description),
    )
    return _Track(frames, _MP3_SAMPLES, rate, None, entry, b"soun", _full(b"smhd", 0, bytes(4)))


def _units(stream: bytes) -> Iterator[bytes]:
    """Yield the NAL units of an Annex B stream, without their start codes."""
    at = stream.find(_START)
    while at >= 0:
        begin = at + len(_START)
        at = stream.find(_START, begin)
        unit = (stream[begin:] if at < 0 else stream[begin:at]).rstrip(b"\x00")
        if unit:
            yield unit


def _movie(tracks: Sequence[_Track], first: int) -> bytes:
    """Return `moov` for samples that lie from `first` on, track after track."""
    longest = max(track.duration for track in tracks)
    header = struct.pack(">IIIIIH10x", 0, 0, _CLOCK, longest, 0x10000, 0x100)
    header += _MATRIX + bytes(24) + struct.pack(">I", len(tracks) + 1)
    offsets = accumulate((sum(map(len, track.samples)) for track in tracks), initial=first)
    parts = [
        _trak(track, number, offset)
        for number, (track, offset) in enumerate(zip(tracks, offsets, strict=False), start=1)
    ]
    return _box(b"moov", _full(b"mvhd", 0, header), *parts)


def _trak(track: _Track, number: int, offset: int) -> bytes:
    volume = 0x100 if track.handler == b"soun" else 0
    head = struct.pack(">IIIxxxxI8xHHHxx", 0, 0, number, track.duration, 0, 0, volume) + _MATRIX
    head += struct.pack(">II", track.width << 16, track.height << 16)
    length = len(track.samples) * track.ticks
    # 0x55C4: the language is undetermined.
    media = _full(b"mdhd", 0, struct.pack(">IIIIHH", 0, 0, track.clock, length, 0x55C4, 0))
    handler = _full(b"hdlr", 0, struct.pack(">4x4s12x", track.handler) + b"\x00")
    place = _full(b"dref", 0, struct.pack(">I", 1) + _full(b"url ", 1))
    information = _box(b"minf", track.header, _box(b"dinf", place), _table(track, offset))
    return _box(b"trak", _full(b"tkhd", 3, head), _box(b"mdia", media, handler, information))


def _table(track: _Track, offset: int) -> bytes:
    count = len(track.samples)
    sizes = struct.pack(f">{count}I", *map(len, track.samples))
    boxes = [
        _full(b"stsd", 0, struct.pack(">I", 1) + track.entry),
        _full(b"stts", 0, struct.pack(">III", 1, count, track.ticks)),
        _full(b"stsc", 0, struct.pack(">IIII", 1, 1, count, 1)),
        _full(b"stsz", 0, struct.pack(">II", 0, count) + sizes),
        _full(b"stco", 0, struct.pack(">II", 1, offset)),
    ]
    if track.keys is not None:
        keys = struct.pack(f">{len(track.keys)}I", *track.keys)
        boxes.insert(2, _full(b"stss", 0, struct.pack(">I", len(track.keys)) + keys))
    return _box(b"stbl", *boxes)


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", len(body) + 8) + kind + body


def _full(kind: bytes, flags: int, body: bytes = b"") -> bytes:
    return _box(kind, struct.pack(">I", flags), body)


def _descriptor(tag: int, body: bytes) -> bytes:
    # Its length in the long form of four bytes, which every reader knows.
    return bytes([tag, 0x80, 0x80, 0x80, len(body)]) + body
