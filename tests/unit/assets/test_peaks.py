import io
import wave

import pytest

from tidegate.assets.peaks import POINTS, peaks_of


def recording(samples: list[int], *, width: int = 2, channels: int = 1) -> io.BytesIO:
    """Return a WAV of signed samples; one byte is written unsigned, as the format wants it."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(width)
        out.setframerate(8000)
        shift = 128 if width == 1 else 0
        for sample in samples:
            out.writeframes((sample + shift).to_bytes(width, "little", signed=width > 1))
    file.seek(0)
    return file


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_peaks_are_shares_of_the_loudest_moment_whatever_the_width(width: int) -> None:
    full = 2 ** (8 * width - 1) - 1
    quiet, loud = [full // 4] * POINTS, [0, full] * (POINTS // 2)
    found = peaks_of(recording(quiet + loud, width=width))
    assert len(found) == POINTS
    assert set(found[: POINTS // 2]) <= {24, 25}
    assert set(found[POINTS // 2 :]) == {100}


def test_the_most_negative_sample_is_the_loudest() -> None:
    assert peaks_of(recording([-32768, 16384])) == (100, 50)


def test_the_louder_channel_counts() -> None:
    assert peaks_of(recording([100, -4000, 200, 2000], channels=2)) == (100, 50)


def test_silence_is_flat_and_not_a_division_by_nothing() -> None:
    assert peaks_of(recording([0] * 1000)) == (0,) * POINTS


def test_a_recording_that_was_cut_short_ends_with_silence() -> None:
    whole = recording([1000] * 480).getvalue()
    found = peaks_of(io.BytesIO(whole[: len(whole) // 2]))
    assert len(found) == POINTS
    assert (found[0], found[-1]) == (100, 0)


@pytest.mark.parametrize("data", [b"", b"ID3\x04", b"RIFF", b"\x00" * 100])
def test_what_is_no_recording_has_no_outline(data: bytes) -> None:
    assert peaks_of(io.BytesIO(data)) == ()


def test_a_recording_without_samples_has_no_outline() -> None:
    assert peaks_of(recording([])) == ()
