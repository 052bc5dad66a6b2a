"""Recognising what was judged before: exact bytes by SHA-256, pictures by PDQ.

PDQ is the perceptual hash of Meta's ThreatExchange (hashing/pdq, BSD licence); this follows its
published description and reference: luminance, two box-filter passes, 64 by 64 samples, 16 by 16
cosine transform, one bit per coefficient above the median. A hash says "looks like", so a match
needs distance 31 or less of 256 bits, and flat pictures (quality 49 or less) are not compared.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

MATCH_DISTANCE: Final = 31
LOWEST_QUALITY: Final = 50
BITS: Final = 256

_SAMPLES: Final = 64
_COEFFICIENTS: Final = 16
_LARGEST_SIDE: Final = 512
_SMALLEST_SIDE: Final = 5
_PASSES: Final = 2
_GRADIENTS_PER_QUALITY: Final = 90
_HEX_DIGITS: Final = BITS // 4
_LARGEST_PICTURE_PIXELS: Final = 50_000_000

Plane = NDArray[np.float32]


class NotAPicture(ValueError):
    """Bytes that no picture can be read from."""


@dataclass(frozen=True, slots=True)
class Pdq:
    """A perceptual hash: 64 hexadecimal digits, and a quality of 0 (flat) to 100."""

    value: str
    quality: int

    @property
    def is_usable(self) -> bool:
        """Whether the picture has enough structure for its hash to mean anything."""
        return self.quality >= LOWEST_QUALITY


@dataclass(frozen=True, slots=True)
class Match:
    """A listed hash within reach; `distance` is in bits of 256."""

    value: str
    distance: int


def sha256(content: bytes) -> str:
    """Return the SHA-256 of the bytes as lower-case hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def pdq(content: bytes) -> Pdq:
    """Return the perceptual hash of a picture file.

    Raises:
        NotAPicture: when it cannot be read, or is too large or too small to hash.
    """
    try:
        picture = Image.open(BytesIO(content))
        if picture.width * picture.height > _LARGEST_PICTURE_PIXELS:
            raise NotAPicture(f"{picture.width} by {picture.height} is too large to hash")
        if min(picture.size) < _SMALLEST_SIDE:
            raise NotAPicture(f"{picture.width} by {picture.height} is too small to hash")
        rgb = picture.convert("RGB")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError) as error:
        raise NotAPicture(f"not a picture that can be read: {error}") from error
    if max(rgb.size) > _LARGEST_SIDE:
        rgb.thumbnail((_LARGEST_SIDE, _LARGEST_SIDE), Image.Resampling.BILINEAR)
    return pdq_of_pixels(np.asarray(rgb, dtype=np.float32))


def pdq_of_pixels(pixels: Plane) -> Pdq:
    """Return the perceptual hash of (height, width, 3) RGB pixels, 0..255."""
    luminance = pixels @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    for _ in range(_PASSES):
        luminance = _box_filter(_box_filter(luminance).T).T
    samples = _sampled(luminance)
    transform = _cosines()
    coefficients = transform @ samples @ transform.T
    # The reference takes the lower of the two middle values (Torben's median of 256).
    median = np.partition(coefficients.ravel(), BITS // 2 - 1)[BITS // 2 - 1]
    bits = (coefficients.ravel() > median).astype(np.uint8)
    # Bit k of the hash is coefficient k, and the text begins with the highest bit.
    value = np.packbits(bits[::-1]).tobytes().hex()
    return Pdq(value, _quality(samples))


def distance(one: str, other: str) -> int:
    """Return how many of the 256 bits differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def is_hash(value: str) -> bool:
    """Whether a text is a hash of 256 bits as all lists here write it: 64 hexadecimal digits."""
    return len(value) == _HEX_DIGITS and all(digit in "0123456789abcdef" for digit in value)


def nearest(hashed: Pdq, listed: Iterable[str], *, within: int = MATCH_DISTANCE) -> list[Match]:
    """Return the listed hashes within reach, nearest first; none for a flat picture."""
    if not hashed.is_usable:
        return []
    values: Sequence[str] = list(listed)
    if not values:
        return []
    table = np.frombuffer(bytes.fromhex("".join(values)), dtype=np.uint8).reshape(len(values), -1)
    own = np.frombuffer(bytes.fromhex(hashed.value), dtype=np.uint8)
    distances = np.unpackbits(table ^ own, axis=1).sum(axis=1)
    order = np.argsort(distances, kind="stable")
    return [
        Match(values[index], int(distances[index])) for index in order if distances[index] <= within
    ]


def _box_filter(plane: Plane) -> Plane:
    """Average along rows in a window that shrinks at the edges."""
    width = plane.shape[1]
    window = (width + 2 * _SAMPLES - 1) // (2 * _SAMPLES)
    right = (window + 2) // 2 - 1
    left = window - right - 1
    sums = np.concatenate(
        [np.zeros((plane.shape[0], 1)), np.cumsum(plane, axis=1, dtype=np.float64)], axis=1
    )
    columns = np.arange(width)
    last = np.minimum(columns + right + 1, width)
    first = np.maximum(columns - left, 0)
    averaged: Plane = ((sums[:, last] - sums[:, first]) / (last - first)).astype(np.float32)
    return averaged


def _sampled(plane: Plane) -> Plane:
    rows, columns = (
        ((np.arange(_SAMPLES) + 0.5) * side / _SAMPLES).astype(np.intp) for side in plane.shape
    )
    samples: Plane = plane[np.ix_(rows, columns)]
    return samples


@cache
def _cosines() -> Plane:
    """The 16 lowest rows, without the constant one, of the 64-point cosine transform."""
    frequency = np.arange(1, _COEFFICIENTS + 1)[:, np.newaxis]
    position = np.arange(_SAMPLES)[np.newaxis, :]
    angles = np.pi / 2 / _SAMPLES * frequency * (2 * position + 1)
    cosines: Plane = (np.sqrt(2 / _SAMPLES) * np.cos(angles)).astype(np.float32)
    return cosines


def _quality(samples: Plane) -> int:
    """Sum of the visible steps between neighbours, scaled so that real photographs reach 100."""
    total = 0
    for axis in (0, 1):
        steps = np.diff(samples, axis=axis) * 100 / 255
        total += int(np.abs(np.trunc(steps)).sum())
    return min(100, total // _GRADIENTS_PER_QUALITY)
