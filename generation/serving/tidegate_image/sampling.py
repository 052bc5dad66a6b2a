"""From a condition and a seed to a picture: guided DPM-Solver++ steps, then the decoder."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from diffusers import AutoencoderKL, DPMSolverMultistepScheduler
from torch import Tensor
from torch.nn import functional

from generation.serving.tidegate_image.denoiser import Denoiser
from generation.serving.tidegate_image.finishing import Finisher

TRAIN_STEPS = 1000
# The noise schedule is part of the trained weights: training adds noise by the same numbers.
SCHEDULE = {
    "num_train_timesteps": TRAIN_STEPS,
    "beta_schedule": "squaredcos_cap_v2",
    "prediction_type": "v_prediction",
}


class BlankPicture(Exception):
    """The network's numbers ran away or the picture is one colour: there is nothing to show."""


def sample_latents(
    denoiser: Denoiser,
    condition: Tensor,
    *,
    steps: int,
    guidance: float,
    noise: Tensor,
    after_step: Callable[[int], None],
    away: Tensor | None = None,
) -> Tensor:
    """Denoise `noise` (B, C, 8, 8) under `condition` (B, W) and return normalised latents.

    Guidance leads away from the condition `away` (B, W), or from what is drawn under none.
    `after_step` hears the number of each finished step, 1..steps; it stops the sampling by raising.
    """
    scheduler = DPMSolverMultistepScheduler(**SCHEDULE, timestep_spacing="trailing")
    scheduler.set_timesteps(steps)
    latents = noise * scheduler.init_noise_sigma
    both = torch.cat([torch.zeros_like(condition) if away is None else away, condition])
    for step, moment in enumerate(scheduler.timesteps, start=1):
        moments = moment.expand(len(both))
        free, told = denoiser(torch.cat([latents, latents]), moments, both).chunk(2)
        guided = free + guidance * (told - free)
        latents = scheduler.step(guided, moment, latents).prev_sample
        after_step(step)
    return latents


def decode(
    autoencoder: AutoencoderKL,
    latents: Tensor,
    *,
    mean: Tensor,
    deviation: Tensor,
    finisher: Finisher,
) -> npt.NDArray[np.uint8]:
    """Turn normalised latents (B, C, 8, 8) into pictures (B, 256, 256, 3) uint8.

    `mean` and `deviation` are the training latents', (C,). Raises BlankPicture.
    """
    raw = latents * deviation.view(1, -1, 1, 1) + mean.view(1, -1, 1, 1)
    patches = autoencoder.decode(raw).sample.float()
    patch = round((patches.shape[1] / 3) ** 0.5)
    whole = finisher(functional.pixel_shuffle(patches, patch))
    if not bool(torch.isfinite(whole).all()):
        raise BlankPicture("the sampled picture holds numbers that are not finite")
    pixels = ((whole.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    if bool((pixels.flatten(1).amax(1) == pixels.flatten(1).amin(1)).any()):
        raise BlankPicture("the sampled picture is of one colour")
    pictures: npt.NDArray[np.uint8] = pixels.permute(0, 2, 3, 1).contiguous().numpy()
    return pictures
