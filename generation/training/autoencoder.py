"""Train the autoencoder: 128x128 pictures to 8x8 latents of 12 channels and back.

The first and the last layer work on patches of 8x8 pixels (pixel unshuffle and shuffle), so that no
convolution runs above 16x16: four times the pictures per CPU second of a plain f8 autoencoder at
64x64, measured, and twice the resolution.

    OMP_WAIT_POLICY=passive python -m generation.training.autoencoder [--minutes 25]

Goes on from `FOLDER/autoencoder.pt` when there is one. While it runs it keeps `autoencoder.csv`
(losses) and `autoencoder.png` (originals above their reconstructions).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from diffusers import AutoencoderKL
from torch import Tensor
from torch.nn import functional

from generation.training import data, sheets
from generation.training.runs import Run, averaged, set_up
from generation.training.schedules import learning_rate

SIZE = data.SIZE
PATCH = 8
CHANNELS = (96, 128)
LATENTS = 12
KL_WEIGHT = 1e-6
MIRRORED = 0.5
RECOLOURED = 1 / 3
LOGGED_STEPS = 40


def build() -> AutoencoderKL:
    """Return the untrained autoencoder of 3.2 M parameters.

    It takes and gives patches, (B, 192, 16, 16) as `to_signal` makes them; its latents are
    (B, 12, 8, 8).
    """
    stages = len(CHANNELS)
    model = AutoencoderKL(
        in_channels=3 * PATCH**2,
        out_channels=3 * PATCH**2,
        down_block_types=("DownEncoderBlock2D",) * stages,
        up_block_types=("UpDecoderBlock2D",) * stages,
        block_out_channels=CHANNELS,
        layers_per_block=1,
        latent_channels=LATENTS,
        norm_num_groups=16,
        sample_size=SIZE // PATCH,
        mid_block_add_attention=False,
    )
    return model.to(memory_format=torch.channels_last)


def pick(stored: npt.NDArray[np.uint8], chosen: Tensor) -> Tensor:
    """Return the chosen pictures as (B, 3, 128, 128) uint8."""
    return torch.from_numpy(stored[chosen.numpy()]).permute(0, 3, 1, 2)


def to_signal(batch: Tensor) -> Tensor:
    """Turn (B, 3, 128, 128) uint8 pictures into (B, 192, 16, 16) patches of -1..1 floats."""
    patches = functional.pixel_unshuffle(batch.float() / 127.5 - 1, PATCH)
    return patches.to(memory_format=torch.channels_last)


def to_pixels(signal: Tensor) -> Tensor:
    """Turn (B, 192, 16, 16) patches of -1..1 floats into (B, 3, 128, 128) uint8 pictures."""
    whole = functional.pixel_shuffle(signal.float(), PATCH)
    return ((whole.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)


def varied(batch: Tensor) -> Tensor:
    """Mirror half of the batch and, for a third of it, swap the colour channels.

    Icons are mostly yellow, red and blue; swapped channels keep the decoder honest about the rest.
    """
    if torch.rand(()) < MIRRORED:
        batch = batch.flip(-1)
    swapped = torch.rand(len(batch)) < RECOLOURED
    batch = batch.clone()
    batch[swapped] = batch[swapped][:, torch.randperm(3)]
    return batch


def loss_of(model: torch.nn.Module, batch: Tensor) -> Tensor:
    """Reconstruction by L1, MSE and edges, plus a little KL to keep the latents near zero."""
    with torch.autocast("cpu", torch.bfloat16):
        posterior = model.encode(batch).latent_dist
        restored = model.decode(posterior.sample()).sample
    return restoration_loss(restored, batch) + KL_WEIGHT * posterior.kl().mean()


def restoration_loss(restored: Tensor, wanted: Tensor) -> Tensor:
    """Compare patches (B, 192, 16, 16) as whole pictures: L1, MSE and the L1 of their edges."""
    restored = functional.pixel_shuffle(restored.float(), PATCH)
    wanted = functional.pixel_shuffle(wanted, PATCH)
    rows = functional.l1_loss(restored.diff(dim=2), wanted.diff(dim=2))
    columns = functional.l1_loss(restored.diff(dim=3), wanted.diff(dim=3))
    return (
        functional.l1_loss(restored, wanted)
        + functional.mse_loss(restored, wanted)
        + rows
        + columns
    )


def load_trained(folder: Path) -> AutoencoderKL:
    """Return the averaged autoencoder, with the decoder that was trained on if there is one."""
    state = torch.load(folder / "autoencoder.pt", map_location="cpu", weights_only=True)
    model = build()
    model.load_state_dict(state["average"])
    refined = folder / "decoder.pt"
    if refined.exists():
        state = torch.load(refined, map_location="cpu", weights_only=True)
        model.load_state_dict(state["average"], strict=False)
    return model.eval().requires_grad_(False)


def train(folder: Path, *, minutes: float, batch_size: int, peak: float) -> None:
    """Train until `minutes` of training time are used, counting earlier starts."""
    run = Run(folder, "autoencoder", minutes * 60)
    stored = data.load(folder).pictures
    model = build()
    average = averaged(model, decay=0.998)
    optimiser = torch.optim.AdamW(model.parameters(), lr=peak, betas=(0.9, 0.99), weight_decay=1e-3)
    state = run.load()
    if state is not None:
        model.load_state_dict(state["model"])
        average.module.load_state_dict(state["average"])
        average.n_averaged += run.steps
        run.forget_unsaved_losses()
        optimiser.load_state_dict(state["optimiser"])
    recent: list[float] = []
    next_save = run.seconds + 60
    while True:
        batch = to_signal(varied(pick(stored, torch.randint(len(stored), (batch_size,)))))
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(run.progress, peak=peak)
        loss = loss_of(model, batch)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        average.update_parameters(model)
        run.tick(batch_size)
        recent.append(loss.item())
        if len(recent) == LOGGED_STEPS:
            run.log(sum(recent) / len(recent))
            recent.clear()
        is_over = run.progress >= 1
        if is_over or run.seconds > next_save:
            next_save = run.seconds + 120
            run.save(
                model=model.state_dict(),
                average=average.module.state_dict(),
                optimiser=optimiser.state_dict(),
            )
            show(average.module, stored, folder / "autoencoder.png")
        if is_over:
            return


def show(model: torch.nn.Module, stored: npt.NDArray[np.uint8], path: Path) -> None:
    """Write 24 originals, 12 a row, each row above its reconstructions."""
    chosen = pick(stored, torch.linspace(40, len(stored) - 40, 24).long())
    with torch.no_grad():
        restored = to_pixels(
            model.decode(model.encode(to_signal(chosen)).latent_dist.mode()).sample
        )
    rows = torch.cat([chosen[:12], restored[:12], chosen[12:], restored[12:]])
    sheets.save_whole(sheets.grid(rows.permute(0, 2, 3, 1).contiguous().numpy(), columns=12), path)


def main() -> None:
    """Train the autoencoder from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("var/training"))
    parser.add_argument("--minutes", type=float, default=25)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--peak", type=float, default=1e-3)
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args()
    set_up(threads=chosen.threads, seed=1)
    train(chosen.folder, minutes=chosen.minutes, batch_size=chosen.batch, peak=chosen.peak)


if __name__ == "__main__":
    main()
