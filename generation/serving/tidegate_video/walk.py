"""A way through the space of pictures: from one prompt, or seed, to another.

Some pictures along the way are drawn by the denoiser, all in one batch, under conditions and from
noise between the two ends. Between them the latents are joined by a smooth curve, and what is
seen is decoded from it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from generation.core.film.camera import eased
from generation.serving.tidegate_image.bundle import Bundle
from generation.serving.tidegate_image.sampling import sample_latents
from generation.serving.tidegate_video.figures import Figure, card_of, figure_of

# Both ends are seen for a while before and after they change.
_REST = 0.16
_DRAWN = 5
# How far apart the noise of both ends is, in quarter circles: far enough to see another drawing.
_WANDER = 0.6
_NEARLY = 1e-6


@dataclass(frozen=True, slots=True)
class Ends:
    """Where a walk begins and ends, and the seed of what chance decides."""

    first: str
    last: str
    seed: int


@dataclass(frozen=True, slots=True)
class Pace:
    """How the pictures along the way are drawn."""

    steps: int
    guidance: float


def drawn(
    bundle: Bundle, prompt: str, pace: Pace, *, seed: int, after_step: Callable[[int], None]
) -> Image.Image:
    """Draw one picture, the very one that the image model draws from that prompt and seed."""
    (picture,) = bundle.draw(
        [prompt], steps=pace.steps, guidance=pace.guidance, seed=seed, after_step=after_step
    )
    return picture


def walked(
    bundle: Bundle,
    ends: Ends,
    pace: Pace,
    *,
    views: int,
    after_step: Callable[[int], None],
) -> list[Image.Image]:
    """Draw `views` pictures along a walk; the same arguments draw the same pixels.

    `after_step` hears each finished step, 1..steps, and stops the drawing by raising. Raises
    BlankPicture.
    """
    with torch.inference_mode():
        generator = torch.Generator("cpu").manual_seed(ends.seed)
        first = bundle.condition([ends.first], generator)
        last = bundle.condition([ends.last], generator)
        size, channels = bundle.denoiser.unet.config.sample_size, len(bundle.mean)
        noise = torch.randn((2, channels, size, size), generator=generator)
        shares = torch.linspace(0, 1, _DRAWN)
        latents = sample_latents(
            bundle.denoiser,
            torch.cat([_between(first, last, share) for share in shares]),
            steps=pace.steps,
            guidance=pace.guidance,
            noise=torch.cat([_turned(noise[:1], noise[1:], share * _WANDER) for share in shares]),
            after_step=after_step,
        )
        # One by one: a batch of all would need half a gigabyte.
        pixels = [bundle.decode(_on_curve(latents, at))[0] for at in np.linspace(0, 1, views)]
    return [Image.fromarray(picture) for picture in pixels]


class Gallery:
    """The figures of a walk, by the moment of the film at which they are seen."""

    def __init__(self, pictures: list[Image.Image]) -> None:
        """Cut all of them out."""
        # Halves take half the memory and are exact enough for eight bits.
        self._layers: list[npt.NDArray[np.float16]] = []
        for picture in pictures:
            figure = figure_of(picture, is_drawn=True) or card_of(picture)
            self._ground = figure.ground
            self._layers.append(figure.layer.astype(np.float16))

    def __call__(self, moment: float) -> Figure:
        """Return the figure at a moment, mixed of the two nearest."""
        place = share_at(moment) * (len(self._layers) - 1)
        before = min(int(place), len(self._layers) - 1)
        rest = place - before
        layer = self._layers[before].astype(np.float32)
        if rest > _NEARLY:
            layer *= np.float32(1 - rest)
            layer += self._layers[before + 1] * np.float32(rest)
        return Figure(layer, self._ground)


def share_at(moment: float) -> float:
    """Return how far a walk is at a moment of the film: it rests at both ends."""
    return eased((moment - _REST) / (1 - 2 * _REST))


def views_for(frames: int) -> int:
    """Return how many pictures a walk of so many frames needs to look smooth."""
    return max(_DRAWN, min(36, round(frames * (1 - 2 * _REST) / 3)))


def _between(first: Tensor, last: Tensor, share: Tensor) -> Tensor:
    return first * (1 - share) + last * share


def _turned(first: Tensor, last: Tensor, share: Tensor) -> Tensor:
    """Noise between two: along the circle, where it stays as strong as noise is."""
    angle = share * torch.pi / 2
    return first * torch.cos(angle) + last * torch.sin(angle)


def _on_curve(points: Tensor, share: float) -> Tensor:
    """Return the latents (1, ...) at a share of a smooth curve (Catmull-Rom) through all points."""
    last = len(points) - 1
    edges = [index / last for index in range(1, last + 1)]
    piece = min(bisect_left(edges, share), last - 1)
    t = share * last - piece
    before, a, b, after = (points[max(0, min(last, piece + offset))] for offset in (-1, 0, 1, 2))
    curve = (
        2 * a
        + (b - before) * t
        + (2 * before - 5 * a + 4 * b - after) * t**2
        + (3 * a - before - 3 * b + after) * t**3
    )
    return (curve / 2)[None]
