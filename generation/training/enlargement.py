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
from generation.training.measures import peak_ratio

DRAWINGS = 100
SMALL = 128


def enlargement(folder: Path, bundle: Bundle) -> dict[str, float]:
    """Return the PSNR in dB, against the drawings at 256x256, of `finisher` and of `lanczos`.

    Both start from the same latents of concepts' drawings: the finisher as it is served, Lanczos
    from what the decoder alone makes of them at 128x128.
    """
    seen = views.load(folder)
    plain = sum(not view.colour for view in seen.views) // 2
    chosen = torch.linspace(0, plain - 1, DRAWINGS).long()
    wanted = torch.stack([seen.picture(number) for number in chosen.tolist()])
    drawings = ((wanted + 1) * 127.5).round().clamp(0, 255).permute(0, 2, 3, 1).numpy()
    latents = seen.latents[chosen]
    with torch.inference_mode():
        finished = bundle.decode(latents)
        raw = latents * bundle.deviation.view(1, -1, 1, 1) + bundle.mean.view(1, -1, 1, 1)
        small = functional.pixel_shuffle(bundle.autoencoder.decode(raw).sample.float(), 8)
    pixels = ((small.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    plainly = np.stack([_enlarged(one) for one in pixels.permute(0, 2, 3, 1).numpy()])
    return {
        "finisher": peak_ratio(finished, drawings),
        "lanczos": peak_ratio(plainly, drawings),
    }


def _enlarged(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    whole = Image.fromarray(picture).resize((views.SIZE, views.SIZE), Image.Resampling.LANCZOS)
    return np.asarray(whole)
