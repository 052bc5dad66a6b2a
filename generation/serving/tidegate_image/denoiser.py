"""The network of `tidegate-image`: a small UNet over 8x8 latents that draws from codes.

Shared by training and serving, so that both build the same thing from the same few numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes that fix the network: stored in `config.json` beside the weights."""

    latent_channels: int
    latent_size: int
    code: int
    colours: int
    channels: tuple[int, ...] = (128, 128)
    heads: int = 4
    tokens: int = 4
    token_width: int = 128

    @property
    def condition(self) -> int:
        """How many numbers a condition has: a picture's code and the colour asked for."""
        return self.code + self.colours


# torch, and so its types, is absent where types are checked.
class Conditioner(nn.Module):  # type: ignore[misc]
    """Turns conditions into what the UNet hears: tokens, and a rough sight of the latents.

    A code is the main components of latents; `basis` and `centre`, measured on the training
    pictures, lead back.
    """

    basis: Tensor
    centre: Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        latents = (shape.latent_channels, shape.latent_size, shape.latent_size)
        self.register_buffer("basis", torch.zeros(shape.code, *latents))
        self.register_buffer("centre", torch.zeros(latents))
        self.to_tokens = nn.Linear(shape.condition, shape.tokens * shape.token_width)
        self.norm = nn.LayerNorm(shape.token_width)

    def sight(self, condition: Tensor) -> Tensor:
        """Turn (B, W) conditions into rough latents (B, C, 8, 8)."""
        codes = condition[:, : self.shape.code]
        return self.centre + torch.einsum("bk,kchw->bchw", codes, self.basis)

    def likeness(self, latents: Tensor) -> Tensor:
        """Return the conditions (B, W) whose codes stand for latents (B, C, 8, 8)."""
        flat = self.basis.flatten(1)
        codes = (latents - self.centre).flatten(1) @ (flat / flat.square().sum(1, keepdim=True)).T
        return nn.functional.pad(codes, (0, self.shape.colours))

    def forward(self, condition: Tensor) -> Tensor:
        """Turn (B, W) conditions into (B, tokens, token_width) for cross-attention."""
        tokens = self.to_tokens(condition).unflatten(-1, (self.shape.tokens, -1))
        normed: Tensor = self.norm(tokens)
        return normed


class Denoiser(nn.Module):  # type: ignore[misc]
    """The UNet and its conditioner: predicts v of noisy latents at given timesteps."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        stages = len(shape.channels)
        self.conditioner = Conditioner(shape)
        self.unet = UNet2DConditionModel(
            sample_size=shape.latent_size,
            in_channels=2 * shape.latent_channels,
            out_channels=shape.latent_channels,
            down_block_types=("CrossAttnDownBlock2D",) * stages,
            up_block_types=("CrossAttnUpBlock2D",) * stages,
            block_out_channels=shape.channels,
            layers_per_block=1,
            cross_attention_dim=shape.token_width,
            # In this class the name means the number of heads.
            attention_head_dim=shape.heads,
            norm_num_groups=16,
            class_embed_type="projection",
            projection_class_embeddings_input_dim=shape.condition,
        )
        # 64 positions: the plain matrix form beats the fused kernel on a CPU (measured, bfloat16).
        self.unet.set_attn_processor(AttnProcessor())

    def forward(self, latents: Tensor, timesteps: Tensor, condition: Tensor) -> Tensor:
        """Return v (B, C, 8, 8) for noisy latents, (B,) timesteps and (B, W) conditions.

        A condition of zeros means "anything".
        """
        predicted: Tensor = self.unet(
            torch.cat([latents, self.conditioner.sight(condition)], dim=1),
            timesteps,
            encoder_hidden_states=self.conditioner(condition),
            class_labels=condition,
        ).sample
        return predicted
