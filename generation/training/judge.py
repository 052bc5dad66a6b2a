"""Train the judge: a small network that reads pictures into the space of sentence vectors.

    OMP_WAIT_POLICY=passive python -m generation.training.judge [--minutes 12]

It measures what the model draws and takes no part in the drawing. It learns the concepts' drawings
in all sets but `sources.HELD_OUT`, whose drawings tell how well it reads: a drawing has to come
nearer to its own concept's name than to all other concepts' names. Goes on from
`FOLDER/judge.pt`; keeps `judge.csv` (losses).
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from generation.training import data, sources
from generation.training.concepts import concepts_of
from generation.training.latents import whitening
from generation.training.runs import Run, averaged, set_up
from generation.training.schedules import learning_rate

SIDE = 64
WIDTH = 256
TEXT_WIDTH = 384
LOGGED_STEPS = 50
RIDGE = 0.03


# torch, and so its types, is absent where types are checked.
class _Block(nn.Module):  # type: ignore[misc]
    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.GroupNorm(8, width),
            nn.SiLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.GroupNorm(8, width),
            nn.SiLU(),
            nn.Conv2d(width, width, 3, padding=1),
        )

    def forward(self, hidden: Tensor) -> Tensor:
        return hidden + self.body(hidden)


class Judge(nn.Module):  # type: ignore[misc]
    """Pictures and texts in one space: cosines tell what belongs together."""

    mean: Tensor
    whitening: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(TEXT_WIDTH))
        self.register_buffer("whitening", torch.eye(TEXT_WIDTH))
        self.eye = nn.Sequential(
            nn.Conv2d(48, 64, 3, padding=1),
            _Block(64),
            nn.Conv2d(64, 128, 3, stride=2, padding=1),
            _Block(128),
            nn.Conv2d(128, 192, 3, stride=2, padding=1),
            _Block(192),
            nn.GroupNorm(8, 192),
            nn.SiLU(),
        )
        self.from_picture = nn.Linear(192 * 16, WIDTH)
        self.from_text = nn.Linear(TEXT_WIDTH, WIDTH)
        self.scale = nn.Parameter(torch.tensor(2.7))

    def whole(self, pictures: Tensor) -> Tensor:
        """Return what is seen where, (B, 3072), in (B, 3, 64, 64) pictures of -1..1."""
        seen: Tensor = self.eye(functional.pixel_unshuffle(pictures, 4)).flatten(1)
        return seen

    def features(self, pictures: Tensor) -> Tensor:
        """Return features (B, 192), averaged over the picture, of (B, 3, 64, 64) of -1..1."""
        features: Tensor = self.eye(functional.pixel_unshuffle(pictures, 4)).mean((2, 3))
        return features

    def look(self, pictures: Tensor) -> Tensor:
        """Place pictures (B, 3, 64, 64) of -1..1 in the space: (B, 256) of length 1."""
        return functional.normalize(self.from_picture(self.whole(pictures)).float(), dim=-1)

    def listen(self, vectors: Tensor) -> Tensor:
        """Place sentence vectors (B, 384) in the space: (B, 256) of length 1."""
        spread = functional.normalize((vectors - self.mean) @ self.whitening, dim=-1)
        return functional.normalize(self.from_text(spread * TEXT_WIDTH**0.5).float(), dim=-1)


def small(pictures: Tensor) -> Tensor:
    """Shrink (B, 3, S, S) uint8 pictures to what the judge sees: (B, 3, 64, 64) of -1..1."""
    return functional.avg_pool2d(pictures.float() / 127.5 - 1, pictures.shape[-1] // SIDE)


def varied(pictures: Tensor) -> Tensor:
    """Move, scale, turn, mirror, soften and tint each picture a little."""
    size = len(pictures)
    angle, scale = 0.2 * torch.randn(size), 1 + 0.12 * torch.randn(size)
    mirror = 1.0 - 2 * torch.randint(2, (size,))
    across = torch.stack([mirror * angle.cos(), -angle.sin()], dim=-1) * scale[:, None]
    down = torch.stack([mirror * angle.sin(), angle.cos()], dim=-1) * scale[:, None]
    turn = torch.stack([across, down], dim=1)
    moves = torch.cat([turn, 0.08 * torch.randn(size, 2, 1)], dim=-1)
    places = functional.affine_grid(moves, list(pictures.shape), align_corners=False)
    moved = functional.grid_sample(1 - pictures, places, align_corners=False)
    moved = moved * (1 + 0.15 * torch.randn(size, 3, 1, 1))
    soft = functional.avg_pool2d(moved, 3, 1, 1)
    return 1 - torch.lerp(moved, soft, torch.rand(size, 1, 1, 1))


def load_trained(folder: Path) -> Judge:
    """Return the settled judge. Raises FileNotFoundError before it was settled."""
    judge = Judge()
    judge.load_state_dict(torch.load(folder / "judge-settled.pt", weights_only=True))
    judge.eval().requires_grad_(False)
    return judge


def settle(folder: Path, *, rounds: int = 3) -> None:
    """Fit the last layer by ridge regression to where the concepts' names lie, and keep the judge.

    Each drawing counts as it is and in `rounds - 1` changed ways. The ridge is a fixed share of the
    mean variance.
    """
    judge, lesson = Judge(), read_lesson(folder)
    state = torch.load(folder / "judge.pt", map_location="cpu", weights_only=True)
    judge.load_state_dict(state["average"])
    judge.eval().requires_grad_(False)
    places = functional.normalize(sum(judge.listen(names) for names in lesson.names), dim=-1)
    seen, wanted = [], []
    for turn in range(rounds):
        for part in torch.arange(len(lesson.concepts)).split(256):
            pictures = lesson.pictures[part].float() / 127.5 - 1
            with torch.autocast("cpu", torch.bfloat16):
                seen.append(judge.whole(varied(pictures) if turn else pictures).float())
            wanted.append(places[lesson.concepts[part]])
    features, targets = torch.cat(seen), torch.cat(wanted)
    middle, aim = features.mean(0), targets.mean(0)
    features, targets = features - middle, targets - aim
    spread = features.T @ features
    ridge = RIDGE * spread.diagonal().mean() * torch.eye(len(spread))
    weight = torch.linalg.solve(spread + ridge, features.T @ targets).T
    judge.from_picture.weight.copy_(weight)
    judge.from_picture.bias.copy_(aim - weight @ middle)
    torch.save(judge.state_dict(), folder / "judge-settled.pt")


@dataclass(frozen=True, slots=True)
class Lesson:
    """Pictures (N, 3, 64, 64) uint8 and the concept of each (N,); each concept's names' vectors.

    `names` is (2, K, 384): English, and Chinese where there is a Chinese name.
    """

    pictures: Tensor
    concepts: Tensor
    names: Tensor


def read_lesson(folder: Path) -> Lesson:
    """Return the concepts' drawings of all sets but those held out."""
    table = data.load(folder)
    concepts = concepts_of(table)
    numbers = {concept.name: number for number, concept in enumerate(concepts)}
    rows = [
        number
        for number, row in enumerate(table.rows)
        if row.prefix not in sources.HELD_OUT and row.name in numbers
    ]
    parts = [
        table.pictures[rows[start : start + 256]].reshape(-1, SIDE, 2, SIDE, 2, 3).mean((2, 4))
        for start in range(0, len(rows), 256)
    ]
    pictures = np.concatenate([part.round().astype(np.uint8) for part in parts])
    vectors = dict(zip(table.captions, data.load_vectors(folder), strict=True))
    names = [
        [vectors[concept.english] for concept in concepts],
        [vectors[concept.chinese or concept.english] for concept in concepts],
    ]
    return Lesson(
        torch.from_numpy(pictures).permute(0, 3, 1, 2).contiguous(),
        torch.tensor([numbers[table.rows[row].name] for row in rows]),
        torch.from_numpy(np.stack([np.stack(language) for language in names])),
    )


def train(folder: Path, *, minutes: float, batch_size: int, peak: float) -> None:
    """Train until `minutes` of training time are used, counting earlier starts."""
    lesson = read_lesson(folder)
    judge = Judge().to(memory_format=torch.channels_last)
    judge.mean, judge.whitening = whitening(torch.from_numpy(data.load_vectors(folder)))
    average = averaged(judge, decay=0.995)
    optimiser = torch.optim.AdamW(judge.parameters(), lr=peak, weight_decay=0.05)
    run = Run(folder, "judge", minutes * 60)
    state = run.load()
    if state is not None:
        judge.load_state_dict(state["model"])
        average.module.load_state_dict(state["average"])
        average.n_averaged += run.steps
        run.forget_unsaved_losses()
        optimiser.load_state_dict(state["optimiser"])
    recent: list[float] = []
    next_save = run.seconds + 60
    while True:
        chosen = torch.randint(len(lesson.concepts), (batch_size,))
        language = torch.randint(len(lesson.names), (lesson.names.shape[1],))
        told = lesson.names[language, torch.arange(lesson.names.shape[1])]
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(run.progress, peak=peak)
        seen = varied(lesson.pictures[chosen].float() / 127.5 - 1)
        with torch.autocast("cpu", torch.bfloat16):
            looked = judge.look(seen.to(memory_format=torch.channels_last))
        near = looked @ judge.listen(told).T * judge.scale.exp()
        loss = functional.cross_entropy(near, lesson.concepts[chosen])
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(judge.parameters(), 1.0)
        optimiser.step()
        average.update_parameters(judge)
        run.tick(batch_size)
        recent.append(loss.item())
        if len(recent) == LOGGED_STEPS:
            run.log(sum(recent) / len(recent))
            recent.clear()
        is_over = run.progress >= 1
        if is_over or run.seconds > next_save:
            next_save = run.seconds + 120
            run.save(
                model=judge.state_dict(),
                average=average.module.state_dict(),
                optimiser=optimiser.state_dict(),
            )
        if is_over:
            return


def main() -> None:
    """Train the judge from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("var/training"))
    parser.add_argument("--minutes", type=float, default=12)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--peak", type=float, default=1.5e-3)
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args()
    set_up(threads=chosen.threads, seed=7)
    train(chosen.folder, minutes=chosen.minutes, batch_size=chosen.batch, peak=chosen.peak)
    settle(chosen.folder)


if __name__ == "__main__":
    main()
