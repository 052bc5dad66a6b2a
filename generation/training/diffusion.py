"""Train the denoiser to draw the latents that a code asks for.

    OMP_WAIT_POLICY=passive python -m generation.training.diffusion [--minutes 80]

Goes on from `FOLDER/diffusion.pt` when there is one. While it runs it keeps `diffusion.csv`
(losses), `diffusion_loss.png` and `diffusion.png` (one picture per prompt of `PROMPTS`).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from diffusers import DDPMScheduler
from PIL import Image
from torch import Tensor
from torch.nn import functional

from generation.serving.tidegate_image.colours import COLOURS
from generation.serving.tidegate_image.denoiser import Denoiser, Shape
from generation.serving.tidegate_image.memory import condition_of
from generation.serving.tidegate_image.sampling import (
    SCHEDULE,
    TRAIN_STEPS,
    decode,
    sample_latents,
)
from generation.training import autoencoder, sheets, views
from generation.training.codes import Basis, Examples, read_basis, read_examples
from generation.training.decoder import load_finisher
from generation.training.latents import encode
from generation.training.runs import Run, averaged, set_up
from generation.training.schedules import learning_rate

DROPPED = 0.1
# How far a code strays in training: the network learns to finish what a code leaves open.
LOOSEST = 0.5
LOGGED_STEPS = 50


def shape_of(basis: Basis) -> Shape:
    """Return the network's sizes for these codes."""
    code, channels, size, _ = basis.basis.shape
    return Shape(latent_channels=channels, latent_size=size, code=code, colours=len(COLOURS))


def untrained(basis: Basis) -> Denoiser:
    """Return a denoiser that knows what codes mean and nothing else."""
    denoiser = Denoiser(shape_of(basis))
    denoiser.conditioner.basis, denoiser.conditioner.centre = basis.basis, basis.centre
    return denoiser


def draw_batch(examples: Examples, size: int) -> tuple[Tensor, Tensor]:
    """Draw examples by weight: their latents (size, C, 8, 8) and conditions (size, W).

    A tenth of the conditions is emptied, for guidance; the codes of the rest stray a little.
    """
    chosen = torch.multinomial(examples.weights, size, replacement=True)
    codes = examples.codes[chosen]
    codes = codes + LOOSEST * torch.rand(size, 1) * torch.randn_like(codes)
    condition = condition_of(codes, examples.colours[chosen], colours=len(COLOURS))
    return examples.latents[chosen], condition * (torch.rand(size, 1) >= DROPPED)


def loss_of(
    denoiser: Denoiser, scheduler: DDPMScheduler, clean: Tensor, condition: Tensor
) -> Tensor:
    """Mean squared error of v at random moments, which are spread evenly over the batch."""
    size = len(clean)
    moments = ((torch.arange(size) + torch.rand(size)) * TRAIN_STEPS / size).long()
    noise = torch.randn_like(clean)
    noisy = scheduler.add_noise(clean, noise, moments)
    wanted = scheduler.get_velocity(clean, noise, moments)
    with torch.autocast("cpu", torch.bfloat16):
        predicted = denoiser(noisy, moments, condition)
    return functional.mse_loss(predicted.float(), wanted)


def load_trained(folder: Path) -> Denoiser:
    """Return the averaged denoiser of the newest checkpoint, ready to use."""
    state = torch.load(folder / "diffusion.pt", map_location="cpu", weights_only=True)
    denoiser = untrained(read_basis(folder))
    denoiser.load_state_dict(state["average"])
    denoiser.eval().requires_grad_(False)
    return denoiser


def train(folder: Path, *, minutes: float, batch_size: int, peak: float) -> None:
    """Train until `minutes` of training time are used, counting earlier starts."""
    examples = read_examples(folder)
    scheduler = DDPMScheduler(**SCHEDULE)
    denoiser = untrained(read_basis(folder)).to(memory_format=torch.channels_last)
    average = averaged(denoiser, decay=0.998)
    optimiser = torch.optim.AdamW(denoiser.parameters(), lr=peak, betas=(0.9, 0.99))
    run = Run(folder, "diffusion", minutes * 60)
    state = run.load()
    if state is not None:
        denoiser.load_state_dict(state["model"])
        average.module.load_state_dict(state["average"])
        average.n_averaged += run.steps
        run.forget_unsaved_losses()
        optimiser.load_state_dict(state["optimiser"])
    recent: list[float] = []
    next_save, next_show = run.seconds + 120, run.seconds + 300
    while True:
        clean, condition = draw_batch(examples, batch_size)
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(run.progress, peak=peak)
        loss = loss_of(denoiser, scheduler, clean, condition)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(denoiser.parameters(), 1.0)
        optimiser.step()
        average.update_parameters(denoiser)
        run.tick(batch_size)
        recent.append(loss.item())
        if len(recent) == LOGGED_STEPS:
            run.log(sum(recent) / len(recent))
            recent.clear()
        is_over = run.progress >= 1
        if is_over or run.seconds > next_save:
            next_save = run.seconds + 180
            run.save(
                model=denoiser.state_dict(),
                average=average.module.state_dict(),
                optimiser=optimiser.state_dict(),
            )
            if run.losses()[1:]:
                curve = sheets.curve(run.losses(), title="v-prediction loss over samples seen")
                sheets.save_whole(curve, folder / "diffusion_loss.png")
        if is_over or run.seconds > next_show:
            next_show = run.seconds + 600
            sheets.save_whole(sketch(folder, average.module, examples), folder / "diffusion.png")
        if is_over:
            return


def sketch(folder: Path, denoiser: Denoiser, examples: Examples, *, count: int = 40) -> Image.Image:
    """Draw every so-manyeth example from its code alone, ten to a row."""
    chosen = torch.linspace(0, len(views.load(folder).views) - 1, count).long()
    condition = condition_of(examples.codes[chosen], examples.colours[chosen], colours=len(COLOURS))
    latents = encode(folder)
    noise = torch.randn(examples.latents[chosen].shape, generator=torch.Generator().manual_seed(3))
    with torch.inference_mode():
        sampled = sample_latents(
            denoiser, condition, steps=12, guidance=1.5, noise=noise, after_step=lambda _: None
        )
        drawn = decode(
            autoencoder.load_trained(folder),
            sampled,
            mean=latents.mean,
            deviation=latents.deviation,
            finisher=load_finisher(folder),
        )
    return sheets.grid(drawn, columns=10)


def main() -> None:
    """Train the denoiser from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("var/training"))
    parser.add_argument("--minutes", type=float, default=80)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--peak", type=float, default=6e-4)
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args()
    set_up(threads=chosen.threads, seed=2)
    train(chosen.folder, minutes=chosen.minutes, batch_size=chosen.batch, peak=chosen.peak)


if __name__ == "__main__":
    main()
