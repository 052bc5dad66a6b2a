"""Teach the memory what concepts and colours are called.

    OMP_WAIT_POLICY=passive python -m generation.training.reader [--steps 1500]

Writes `memory.pt` below FOLDER and prints how often sentences that were held out are understood.
The concepts' codes come from the views, or with `--weights` from an exported memory: its names are
then learnt anew, and the denoiser that was trained on its codes stays as it is.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

from generation.serving.tidegate_image.colours import COLOURS
from generation.serving.tidegate_image.memory import TEXT_WIDTH, Memory, MemoryShape
from generation.serving.tidegate_image.packing import unpack
from generation.training import sentences
from generation.training.codes import concept_codes
from generation.training.latents import whitening
from generation.training.runs import set_up

# One sentence in twenty is held out to measure, and learnt too in the weights that are kept.
HELD_OUT = 20
STRAY = 0.6
COLOURED_SHARE = 0.3


def exported_codes(weights: Path) -> Tensor:
    """Return the codes (2, K, CODE) of an exported memory."""
    return unpack(load_file(weights / "memory.safetensors"))["codes"]


def untrained(codes: Tensor, lesson: sentences.Lesson) -> Memory:
    """Return a memory that holds the concepts' codes (2, K, CODE) and no names yet.

    Vectors are spread by how sentences about one concept differ: what other words, or another
    language, change most is what counts least.
    """
    concepts, code = codes.shape[1:]
    memory = Memory(MemoryShape(concepts, len(COLOURS), code, width=TEXT_WIDTH))
    memory.codes = codes
    sums = torch.zeros(concepts, TEXT_WIDTH).index_add_(0, lesson.concepts, lesson.vectors)
    counts = torch.bincount(lesson.concepts, minlength=concepts).clamp(min=1)
    middles = sums / counts[:, None]
    memory.mean = lesson.vectors.mean(0)
    _, matrix = whitening(lesson.vectors - middles[lesson.concepts])
    memory.whitening = matrix.contiguous()
    return memory


def learn(memory: Memory, lesson: sentences.Lesson, *, steps: int, batch: int = 512) -> None:
    """Fit the names by cross-entropy on whitened vectors that stray a little."""
    spread = memory.spread(lesson.vectors)
    parameters = [*memory.to_concept.parameters(), *memory.to_colour.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=3e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    weights = torch.ones(len(spread))
    coloured = lesson.colours > 0
    weights[coloured] = COLOURED_SHARE / (1 - COLOURED_SHARE) * (~coloured).sum() / coloured.sum()
    for _ in range(steps):
        chosen = torch.multinomial(weights, batch, replacement=True)
        seen = spread[chosen] + STRAY * torch.rand(batch, 1) * torch.randn(batch, spread.shape[1])
        loss = functional.cross_entropy(memory.to_concept(seen), lesson.concepts[chosen])
        loss = loss + functional.cross_entropy(memory.to_colour(seen), lesson.colours[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()


def understood(memory: Memory, lesson: sentences.Lesson) -> tuple[float, float, float]:
    """Return how often the concept, one of its five likeliest, and the colour are right."""
    with torch.inference_mode():
        concepts, colours = memory.read(lesson.vectors)
    five = concepts.topk(5).indices == lesson.concepts[:, None]
    right = (colours.argmax(-1) == lesson.colours).float().mean()
    return five[:, 0].float().mean().item(), five.any(1).float().mean().item(), right.item()


def split(lesson: sentences.Lesson) -> tuple[sentences.Lesson, sentences.Lesson]:
    """Part the sentences into those learnt and those held out."""
    out = torch.arange(len(lesson.concepts)) % HELD_OUT == 0
    return tuple(
        sentences.Lesson(lesson.vectors[part], lesson.concepts[part], lesson.colours[part])
        for part in (~out, out)
    )  # type: ignore[return-value]


def load(folder: Path) -> Memory:
    """Return the memory that `main` wrote, ready to use."""
    state = torch.load(folder / "memory.pt", map_location="cpu", weights_only=True)
    _, concepts, code = state["codes"].shape
    width = state["whitening"].shape[1]
    memory = Memory(MemoryShape(concepts, len(COLOURS), code, width))
    memory.load_state_dict(state)
    memory.eval().requires_grad_(False)
    return memory


def main() -> None:
    """Measure on sentences held out, then learn them all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("var/training"))
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--weights", type=Path, help="an exported model whose codes are kept")
    chosen = parser.parse_args()
    folder: Path = chosen.folder
    set_up(threads=1, seed=6)
    codes = exported_codes(chosen.weights) if chosen.weights else concept_codes(folder)
    lesson = sentences.read(folder)
    learnt, held_out = split(lesson)
    memory = untrained(codes, lesson)
    learn(memory, learnt, steps=chosen.steps)
    first, five, colour = understood(memory, held_out)
    print(f"held out: concept {first:.3f}, among five {five:.3f}, colour {colour:.3f}", flush=True)
    memory = untrained(codes, lesson)
    learn(memory, lesson, steps=chosen.steps)
    torch.save(memory.state_dict(), folder / "memory.pt")


if __name__ == "__main__":
    main()
