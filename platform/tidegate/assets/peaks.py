"""The outline of a recording, as players draw it: how loud it is from moment to moment."""

import wave
from typing import IO

import numpy as np
import numpy.typing as npt

POINTS = 240
"""Of a whole recording, however long: as many bars as the widest player draws."""

_LARGEST = 100


def peaks_of(file: IO[bytes]) -> tuple[int, ...]:
    """Return the loudest moment of each of `POINTS` equal parts, 0 to 100 of the loudest of all.

    A function of the bytes alone. Empty for what is no WAV of whole numbers, or has no samples;
    fewer where there are fewer samples than points. Silence is all zero.
    """
    try:
        with wave.open(file) as recording:
            found = _peaks(recording)
    except (wave.Error, EOFError):
        return ()
    loudest = max(found, default=0) or 1
    return tuple(round(peak * _LARGEST / loudest) for peak in found)


def _peaks(recording: wave.Wave_read) -> list[int]:
    count, width = recording.getnframes(), recording.getsampwidth()
    points = min(POINTS, count)
    found = []
    for point in range(points):
        length = count * (point + 1) // points - count * point // points
        samples = _samples(recording.readframes(length), width)
        # The most negative sample has no positive twin in its own type.
        found.append(max(int(samples.max(initial=0)), -int(samples.min(initial=0))))
    return found


def _samples(data: bytes, width: int) -> npt.NDArray[np.int32]:
    """Return signed samples; a file that was cut short ends with what it has."""
    whole = np.frombuffer(data[: len(data) // width * width], np.uint8)
    if width == 1:
        # One byte is unsigned in this format, more are not.
        return whole.astype(np.int32) - np.int32(128)
    # Fewer bytes than four become the upper ones of four.
    wide = np.zeros((len(whole) // width, 4), dtype=np.uint8)
    wide[:, 4 - width :] = whole.reshape(-1, width)
    return wide.view("<i4").ravel()
