from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from moderation.core import hashes


def scene(seed: int = 3) -> Image.Image:
    """A smooth picture with structure, different for every seed."""
    rng = np.random.default_rng(seed)
    coarse: NDArray[np.uint8] = rng.integers(0, 255, (9, 12, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((480, 360), Image.Resampling.BICUBIC)


def encoded(picture: Image.Image, kind: str = "PNG", **options: int) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, format=kind, **options)
    return buffer.getvalue()


def test_edits_of_a_picture_stay_within_reach_and_others_do_not() -> None:
    original = hashes.pdq(encoded(scene()))
    edits = [
        encoded(scene(), "JPEG", quality=40),
        encoded(scene().resize((240, 180))),
        encoded(scene().filter(ImageFilter.GaussianBlur(2))),
        encoded(scene().convert("RGBA")),
    ]

    assert original.is_usable
    for edit in edits:
        assert hashes.distance(hashes.pdq(edit).value, original.value) <= hashes.MATCH_DISTANCE
    for seed in range(10, 20):
        other = hashes.pdq(encoded(scene(seed)))
        assert hashes.distance(other.value, original.value) > 2 * hashes.MATCH_DISTANCE


def test_half_of_the_bits_are_set() -> None:
    assert int(hashes.pdq(encoded(scene())).value, 16).bit_count() == 128


def test_a_flat_picture_is_not_compared() -> None:
    flat = hashes.pdq(encoded(Image.new("RGB", (256, 256), "teal")))

    assert flat.quality == 0
    assert not flat.is_usable
    assert hashes.nearest(flat, [flat.value]) == []


def test_the_nearest_listed_hash_comes_first() -> None:
    own = hashes.pdq(encoded(scene()))
    near = hashes.pdq(encoded(scene().resize((120, 90)))).value
    far = hashes.pdq(encoded(scene(11))).value

    found = hashes.nearest(own, [far, near, own.value])

    assert [match.value for match in found] == [own.value, near]
    assert found[0].distance == 0
    assert hashes.nearest(own, []) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no picture", "cannot identify"),
        (encoded(scene())[:200], "picture"),
        (encoded(Image.new("RGB", (3, 400))), "too small"),
    ],
)
def test_bytes_that_cannot_be_hashed_are_refused(content: bytes, message: str) -> None:
    with pytest.raises(hashes.NotAPicture, match=message):
        hashes.pdq(content)


def test_digests_are_told_from_other_text() -> None:
    assert hashes.is_hash("0f" * 32)
    assert not hashes.is_hash("0g" * 32)
    assert not hashes.is_hash("0f" * 16)
    assert hashes.sha256(b"abc").startswith("ba7816bf")
