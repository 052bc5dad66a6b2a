"""Working on a given picture: as a whole, or where a mask says so.

The picture is encoded, noised part of the way and denoised under the prompt: the less noise, the
more of it stays. Under a mask the rest is put back after every step at the noise of that step, so
that what is drawn grows out of what is around it, and at the end pixel by pixel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from diffusers import DPMSolverMultistepScheduler
from PIL import Image
from scipy.ndimage import distance_transform_edt
from torch import Tensor
from torch.nn import functional

from generation.serving.tidegate_image.bundle import Bundle
from generation.serving.tidegate_image.sampling import SCHEDULE

MASKED = 128
# Pixels over which new and old run into each other, inside the mask.
_SEAM = 6.0


@dataclass(frozen=True, slots=True)
class Edit:
    """What is asked for. `strength` is 0 (nothing changes) to 1; `negative` is led away from.

    Without words a picture is drawn after its own likeness, and under a mask anything fits.
    """

    prompt: str
    strength: float
    steps: int
    guidance: float
    seed: int
    negative: str = ""

    @property
    def first_step(self) -> int:
        """The number of steps that are skipped; at least one is taken."""
        return min(self.steps - 1, round(self.steps * (1 - self.strength)))


def redraw(
    bundle: Bundle,
    picture: Image.Image,
    edit: Edit,
    *,
    mask: Image.Image | None = None,
    after_step: Callable[[int, int], None],
) -> Image.Image:
    """Draw a picture anew; the same arguments draw the same pixels.

    Without a mask the result is of the model's size. Under a mask (white is drawn anew) it is of
    the picture's own size, and every pixel outside is the picture's, bit for bit. `after_step`
    hears (step, steps) and stops the drawing by raising. Raises BlankPicture.
    """
    with torch.inference_mode():
        latents = _encode(bundle, picture)
        where = None if mask is None else _cells(mask, latents.shape[-2:])
        made = _denoise(bundle, latents, edit, where, after_step)
        (pixels,) = bundle.decode(made)
    drawn = Image.fromarray(pixels)
    return drawn if mask is None else _put_into(picture, drawn, mask)


def _encode(bundle: Bundle, picture: Image.Image) -> Tensor:
    """Return normalised latents (1, C, h, w) of the picture, fitted on white into the square."""
    config = bundle.autoencoder.config
    patch = round((config.in_channels / 3) ** 0.5)
    side = config.sample_size * patch
    square = _on_square(picture, side)
    pixels = torch.from_numpy(np.asarray(square, dtype=np.float32) / 127.5 - 1)
    patches = functional.pixel_unshuffle(pixels.permute(2, 0, 1)[None], patch)
    raw = bundle.autoencoder.encode(patches).latent_dist.mode()
    return (raw - bundle.mean.view(1, -1, 1, 1)) / bundle.deviation.view(1, -1, 1, 1)


def _denoise(
    bundle: Bundle,
    clean: Tensor,
    edit: Edit,
    where: Tensor | None,
    after_step: Callable[[int, int], None],
) -> Tensor:
    condition = _condition(bundle, edit, clean, where)
    away = bundle.away(edit.negative, 1, edit.seed)
    both = torch.cat([torch.zeros_like(condition) if away is None else away, condition])
    scheduler = DPMSolverMultistepScheduler(**SCHEDULE, timestep_spacing="trailing")
    scheduler.set_timesteps(edit.steps)
    scheduler.set_begin_index(edit.first_step)
    moments = scheduler.timesteps[edit.first_step :]
    noise = torch.randn(clean.shape, generator=torch.Generator("cpu").manual_seed(edit.seed))
    latents = scheduler.add_noise(clean, noise, moments[:1])
    for step, moment in enumerate(moments, start=1):
        free, told = bundle.denoiser(
            torch.cat([latents, latents]), moment.expand(len(both)), both
        ).chunk(2)
        guided = free + edit.guidance * (told - free)
        latents = scheduler.step(guided, moment, latents).prev_sample
        if where is not None:
            kept = clean
            if step < len(moments):
                kept = scheduler.add_noise(clean, noise, moments[step : step + 1])
            latents = torch.where(where, latents, kept)
        after_step(step, len(moments))
    return latents


def _condition(bundle: Bundle, edit: Edit, clean: Tensor, where: Tensor | None) -> Tensor:
    """Return (1, W): the words', else the picture's own likeness, and under a mask "anything"."""
    if edit.prompt:
        return bundle.condition([edit.prompt], torch.Generator("cpu").manual_seed(edit.seed))
    likeness = bundle.likeness(clean)
    return likeness if where is None else torch.zeros_like(likeness)


def _cells(mask: Image.Image, size: torch.Size) -> Tensor:
    """Return (1, 1, h, w) booleans: the latents under any masked pixel."""
    height, width = size
    side = max(height, width) * 16
    square = _on_square(mask.convert("L"), side, ground=0)
    masked = torch.from_numpy(np.asarray(square) >= MASKED)[None, None]
    return functional.adaptive_max_pool2d(masked.float(), (height, width)) > 0


def _on_square(picture: Image.Image, side: int, *, ground: int = 255) -> Image.Image:
    """Fit a picture into the middle of a square, as the pictures of the training were drawn."""
    width, height = _fitted(picture.size, side)
    square = Image.new(picture.mode, (side, side), (ground,) * len(picture.getbands()))
    square.paste(
        picture.resize((width, height), Image.Resampling.LANCZOS),
        ((side - width) // 2, (side - height) // 2),
    )
    return square


def _fitted(size: tuple[int, int], side: int) -> tuple[int, int]:
    scale = side / max(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _put_into(picture: Image.Image, drawn: Image.Image, mask: Image.Image) -> Image.Image:
    """Lay what was drawn over the picture, inside the mask only, with a soft seam."""
    width, height = _fitted(picture.size, drawn.width)
    left, top = (drawn.width - width) // 2, (drawn.height - height) // 2
    cut = drawn.crop((left, top, left + width, top + height))
    new = np.asarray(cut.resize(picture.size, Image.Resampling.LANCZOS), dtype=np.float32)
    old = np.asarray(picture)
    inside = np.asarray(mask.convert("L").resize(picture.size)) >= MASKED
    # Where there is no outside, there is no distance to it either.
    seam = np.ones(inside.shape) if inside.all() else distance_transform_edt(inside) / _SEAM
    share = np.clip(seam, 0, 1)[..., None]
    mixed = np.rint(old * (1 - share) + new * share).astype(np.uint8)
    return Image.fromarray(np.where(inside[..., None], mixed, old))
