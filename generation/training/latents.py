"""The training pictures as the diffusion model sees them: normalised latents, and their texts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from generation.training import autoencoder, data


@dataclass(frozen=True, slots=True)
class Latents:
    """All pictures encoded: `values` (N, C, 8, 8) of mean 0 and deviation 1 in each channel."""

    values: Tensor
    mean: Tensor
    deviation: Tensor


@dataclass(frozen=True, slots=True)
class Captions:
    """The captions' sentence vectors and each picture's choice among them.

    `vectors` is (captions, 384); `numbers` (N, most) holds caption numbers, a picture's own ones
    repeated to fill its row, so that any column is a fair choice; `styles` and `weights` are (N,).
    """

    vectors: Tensor
    numbers: Tensor
    styles: Tensor
    weights: Tensor


def encode(folder: Path, *, batch: int = 128) -> Latents:
    """Encode every picture with the trained autoencoder, or read what an earlier start encoded."""
    target = folder / "latents.pt"
    if not target.exists():
        model = autoencoder.load_trained(folder)
        stored = data.load(folder).pictures
        with torch.no_grad():
            parts = [
                model.encode(autoencoder.to_signal(autoencoder.pick(stored, chosen)))
                for chosen in torch.arange(len(stored)).split(batch)
            ]
        raw = torch.cat([part.latent_dist.mode() for part in parts]).contiguous()
        mean, deviation = raw.mean(dim=(0, 2, 3)), raw.std(dim=(0, 2, 3))
        values = (raw - mean.view(1, -1, 1, 1)) / deviation.view(1, -1, 1, 1)
        torch.save({"values": values, "mean": mean, "deviation": deviation}, target)
    return Latents(**torch.load(target, weights_only=True))


def read_captions(folder: Path) -> Captions:
    """Lay the captions out for fast random choice."""
    table = data.load(folder)
    longest = max(len(row.captions) for row in table.rows)
    numbers = [np.resize(np.array(row.captions), longest) for row in table.rows]
    return Captions(
        torch.from_numpy(data.load_vectors(folder)),
        torch.from_numpy(np.stack(numbers)).long(),
        torch.from_numpy(table.styles()),
        torch.tensor([row.weight for row in table.rows]),
    )


def whitening(vectors: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean (384,) and the matrix (384, 384) that spreads sentence vectors evenly.

    Directions with less than the median variance are not blown up further: they are mostly noise.
    """
    mean = vectors.mean(0)
    variances, directions = torch.linalg.eigh(torch.cov((vectors - mean).T))
    scale = (variances + variances.median()).rsqrt()
    return mean, directions * scale
