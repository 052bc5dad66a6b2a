"""Measure the finisher against the plain enlargement that it takes the place of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch.nn import functional

from generation.serving.tidegate_image.bundle import Bundle
from generation.training import views
from generation.training.autoencoder import PATCH
from generation.training.measures import peak_ratio

DRAWINGS = 100
SMALL = 128


def enlargement(folder: Path, bundle: Bundle) -> dict[str, float]:
    """Return the PSNR in dB, against the drawings at 256x256, of `finisher` and of `lanczos`.

    Both start from the same latents of concepts' drawings: the finisher as it is served, Lanczos
    from what the decoder alone makes of them at 128x128.
    """
    stored = np.load(folder / "drawings.npy", mmap_mode="r")
    chosen = torch.linspace(0, len(stored) - 1, DRAWINGS).long().tolist()
    wanted = torch.stack(
        [views.picture_of(stored, views.View(number, False, 0)) for number in chosen]
    )
    drawings = ((wanted + 1) * 127.5).round().clamp(0, 255).permute(0, 2, 3, 1).numpy()
    mean, deviation = bundle.mean.view(1, -1, 1, 1), bundle.deviation.view(1, -1, 1, 1)
    patches = functional.pixel_unshuffle(functional.avg_pool2d(wanted, views.SIZE // SMALL), PATCH)
    with torch.inference_mode():
        raw = bundle.autoencoder.encode(patches).latent_dist.mode()
        finished = bundle.decode((raw - mean) / deviation)
        small = functional.pixel_shuffle(bundle.autoencoder.decode(raw).sample.float(), PATCH)
    pixels = ((small.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    plainly = np.stack([_enlarged(one) for one in pixels.permute(0, 2, 3, 1).numpy()])
    return {
        "finisher": peak_ratio(finished, drawings),
        "lanczos": peak_ratio(plainly, drawings),
    }


def _enlarged(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    whole = Image.fromarray(picture).resize((views.SIZE, views.SIZE), Image.Resampling.LANCZOS)
    return np.asarray(whole)
