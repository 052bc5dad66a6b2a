"""Train the decoder on and the finisher with it, to give the concepts' drawings at 256x256.

    OMP_WAIT_POLICY=passive python -m generation.training.decoder [--minutes 60]

The latents stay as they are, so the denoiser is not touched. They are jittered a little, because
sampled latents are never exactly an encoder's. Goes on from `FOLDER/decoder.pt`; keeps
`decoder.csv` (losses) and `decoder.png` (drawings above what is made of their latents).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from diffusers import AutoencoderKL
from torch import Tensor, nn
from torch.nn import functional

from generation.serving.tidegate_image.finishing import Finisher
from generation.training import autoencoder, sheets, views
from generation.training.codes import COLOURED, MIRRORED
from generation.training.latents import Latents, encode
from generation.training.runs import Run, averaged, set_up
from generation.training.schedules import learning_rate

JITTER = 0.25
SMALL_WEIGHT = 0.3
EDGE_WEIGHT = 2.0
LOGGED_STEPS = 50


class Decoding(nn.Module):  # type: ignore[misc]
    """The decoding half of the autoencoder, under the names it has there, and the finisher."""

    def __init__(self, whole: AutoencoderKL, finisher: Finisher) -> None:
        super().__init__()
        self.post_quant_conv = whole.post_quant_conv
        self.decoder = whole.decoder
        self.finisher = finisher

    def forward(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Turn latents as the encoder gives them into pictures: 128x128, and 256x256 finished."""
        patches = self.decoder(self.post_quant_conv(latents))
        small = functional.pixel_shuffle(patches, autoencoder.PATCH)
        return small, self.finisher(small)


def loss_of(small: Tensor, large: Tensor, wanted: Tensor) -> Tensor:
    """L1 and the L1 of edges at 256x256, with a little of the same at 128x128."""
    return _distance(large.float(), wanted) + SMALL_WEIGHT * _distance(
        small.float(), functional.avg_pool2d(wanted, 2)
    )


def _distance(made: Tensor, wanted: Tensor) -> Tensor:
    rows = functional.l1_loss(made.diff(dim=2), wanted.diff(dim=2))
    columns = functional.l1_loss(made.diff(dim=3), wanted.diff(dim=3))
    return functional.l1_loss(made, wanted) + EDGE_WEIGHT * (rows + columns)


def load_finisher(folder: Path) -> Finisher:
    """Return the averaged finisher."""
    state = torch.load(folder / "decoder.pt", map_location="cpu", weights_only=True)["average"]
    own = {name.removeprefix("finisher."): value for name, value in state.items()}
    finisher = Finisher()
    finisher.load_state_dict({name: own[name] for name in finisher.state_dict()})
    finisher.eval().requires_grad_(False)
    return finisher


def train(folder: Path, *, minutes: float, batch_size: int, peak: float) -> None:
    """Train until `minutes` of training time are used, counting earlier starts."""
    seen, statistics = views.load(folder), encode(folder)
    weights = torch.tensor(
        [COLOURED if view.colour else MIRRORED if view.is_mirrored else 1.0 for view in seen.views]
    )
    model = Decoding(autoencoder.load_trained(folder), Finisher())
    model = model.train().requires_grad_(requires_grad=True).to(memory_format=torch.channels_last)
    average = averaged(model, decay=0.998)
    optimiser = torch.optim.AdamW(model.parameters(), lr=peak, betas=(0.9, 0.99), weight_decay=1e-3)
    run = Run(folder, "decoder", minutes * 60)
    state = run.load()
    if state is not None:
        model.load_state_dict(state["model"])
        average.module.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        average.n_averaged += run.steps
        run.forget_unsaved_losses()
    recent: list[float] = []
    next_save = run.seconds + 120
    while True:
        chosen = torch.multinomial(weights, batch_size, replacement=True)
        normal = seen.latents[chosen]
        normal = normal + JITTER * torch.rand(batch_size, 1, 1, 1) * torch.randn_like(normal)
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(run.progress, peak=peak)
        with torch.autocast("cpu", torch.bfloat16):
            small, large = model(_raw(normal, statistics).to(memory_format=torch.channels_last))
        wanted = torch.stack([seen.picture(number) for number in chosen.tolist()])
        loss = loss_of(small, large, wanted)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        average.update_parameters(model)
        run.tick(batch_size)
        recent.append(loss.item())
        if len(recent) == LOGGED_STEPS:
            run.log(sum(recent) / len(recent))
            recent.clear()
        is_over = run.progress >= 1
        if is_over or run.seconds > next_save:
            next_save = run.seconds + 240
            run.save(
                model=model.state_dict(),
                average=average.module.state_dict(),
                optimiser=optimiser.state_dict(),
            )
            show(average.module, seen, statistics, folder / "decoder.png")
        if is_over:
            return


def _raw(normal: Tensor, statistics: Latents) -> Tensor:
    return normal * statistics.deviation.view(1, -1, 1, 1) + statistics.mean.view(1, -1, 1, 1)


def show(model: nn.Module, seen: views.Views, statistics: Latents, path: Path) -> None:
    """Write 16 views, 8 a row, each row above what is made of their latents."""
    chosen = torch.linspace(40, len(seen.views) - 40, 16).long()
    wanted = torch.stack([seen.picture(number) for number in chosen.tolist()])
    with torch.no_grad():
        _, made = model(_raw(seen.latents[chosen], statistics))
    rows = torch.cat([wanted[:8], made[:8], wanted[8:], made[8:]]).clamp(-1, 1)
    pixels = ((rows + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous()
    sheets.save_whole(sheets.grid(pixels.numpy(), columns=8), path)


def main() -> None:
    """Train the decoder and the finisher from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("var/training"))
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--peak", type=float, default=1e-3)
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args()
    set_up(threads=chosen.threads, seed=4)
    train(chosen.folder, minutes=chosen.minutes, batch_size=chosen.batch, peak=chosen.peak)


if __name__ == "__main__":
    main()
