"""Vectors of meaning: arithmetic that every part of ranking shares.

The encoder's vectors crowd into a narrow cone: two texts that have nothing to do with each
other still meet at a cosine near 0.78. `closeness` stretches what remains over 0 to 1. Where a
catalogue is large enough to tell what all of its works have in common, that part is taken out
instead (`common_direction`, `apart`): what is left tells them from each other.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

DIMENSIONS = 384
FEWEST_IN_COMMON = 500
"""Of fewer items, what they have in common is what they happen to be about."""
UNRELATED = 0.78
"""The median cosine of unrelated short prompts under multilingual-e5-small: closeness 0."""

Vector = npt.NDArray[np.float32]


def vector(values: Sequence[float] | Vector) -> Vector:
    """Return values as a vector.

    Raises:
        ValueError: not 384 finite numbers.
    """
    made = np.asarray(values, dtype=np.float32)
    if made.shape != (DIMENSIONS,) or not np.isfinite(made).all():
        raise ValueError(f"a vector has {DIMENSIONS} finite numbers, this one is {made.shape}")
    return made


def unit(values: Vector) -> Vector | None:
    """Scale to length 1; None when there is no direction."""
    length = float(np.linalg.norm(values))
    return None if length < 1e-9 else (values / np.float32(length)).astype(np.float32)  # noqa: PLR2004


def closeness(cosine: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Map cosines to 0 (unrelated) … 1 (the same)."""
    stretched: npt.NDArray[np.float32] = (cosine - UNRELATED) / (1 - UNRELATED)
    return stretched.clip(0.0, 1.0).astype(np.float32)


def common_direction(vectors: npt.NDArray[np.float32]) -> Vector | None:
    """Return what (items, 384) vectors have in common, length 1; None of too few.

    The first of the directions that Mu and Viswanath take out ("All-but-the-Top", ICLR 2018).
    """
    return None if len(vectors) < FEWEST_IN_COMMON else unit(vectors.mean(axis=0))


def apart(vectors: npt.NDArray[np.float32], common: Vector) -> npt.NDArray[np.float32]:
    """Return (items, 384) vectors without a direction, scaled to length 1; zeros stay zeros."""
    left = vectors - np.outer(vectors @ common, common)
    lengths = np.linalg.norm(left, axis=1, keepdims=True)
    scaled: npt.NDArray[np.float32] = (left / np.maximum(lengths, 1e-9)).astype(np.float32)
    return scaled
