"""The arithmetic of the image model's evaluation: recall among captions, distance of pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt


def recognised(
    pictures: npt.NDArray[np.float64],
    captions: npt.NDArray[np.float64],
    own: Sequence[int],
    *,
    among: int = 1,
) -> npt.NDArray[np.bool_]:
    """Tell of each picture whether its own caption is among the `among` nearest of all captions.

    `pictures` (N, W) and `captions` (M, W) are vectors of length 1; picture i belongs to caption
    `own[i]`. Equally near captions count against the picture. Raises ValueError when the pictures
    and their captions differ in number.
    """
    if len(pictures) != len(own):
        raise ValueError(f"{len(pictures)} pictures belong to {len(own)} captions")
    near = pictures @ captions.T
    mine = near[np.arange(len(own)), list(own)]
    nearer: npt.NDArray[np.bool_] = (near >= mine[:, None]).sum(1) <= among
    return nearer


def distance(first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]) -> float:
    """Return the Fréchet distance of two sets of features, (N, W) and (M, W), as FID has it.

    That is the squared distance of two normal distributions: of their means, and of their
    covariances. Raises ValueError for fewer than two rows.
    """
    if min(len(first), len(second)) < 2:  # noqa: PLR2004  a covariance needs two
        raise ValueError("a distance needs two pictures on either side")
    gap = first.mean(0) - second.mean(0)
    here, there = (np.atleast_2d(np.cov(side, rowvar=False)) for side in (first, second))
    # The trace of the square root of a product of two covariances, by its symmetric form.
    root = _root(here)
    shared = np.linalg.eigvalsh(root @ there @ root).clip(min=0)
    spread = np.trace(here) + np.trace(there) - 2 * np.sqrt(shared).sum()
    return float(gap @ gap + spread)


def peak_ratio(made: npt.NDArray[np.uint8], wanted: npt.NDArray[np.floating[Any]]) -> float:
    """Return the peak signal-to-noise ratio in dB of pictures of 0..255, infinite when equal."""
    error = float(np.square(made.astype(np.float64) - wanted).mean())
    return float("inf") if error == 0 else 10 * math.log10(255**2 / error)


def by_group(hits: Sequence[bool], groups: Sequence[str]) -> dict[str, tuple[int, float]]:
    """Return each group's size and share of hits. Raises ValueError when the lengths differ."""
    found: dict[str, list[bool]] = {}
    for hit, group in zip(hits, groups, strict=True):
        found.setdefault(group, []).append(hit)
    return {name: (len(some), sum(some) / len(some)) for name, some in sorted(found.items())}


def _root(matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    values, directions = np.linalg.eigh(matrix)
    rooted: npt.NDArray[np.float64] = (directions * np.sqrt(values.clip(min=0))) @ directions.T
    return rooted
