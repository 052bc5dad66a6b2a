"""What the words mean: from a sentence vector to the concept and the colour it asks for.

The model draws from codes (the main components of a picture's latents), not from words. The memory
holds the code of every concept it was taught, finds the concept that a sentence is about, and lets
the seed choose where the sentence leaves a choice: between near concepts, and between the
drawing and its mirror image.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

TEXT_WIDTH = 384


@dataclass(frozen=True, slots=True)
class MemoryShape:
    """The sizes that fix the memory: stored in `config.json` beside the weights."""

    concepts: int
    colours: int
    code: int
    width: int = 256


@dataclass(frozen=True, slots=True)
class Choice:
    """How freely the seed chooses.

    A concept can be chosen when it is at least `near` times as likely as the likeliest; `loose` is
    the deviation of the noise added to its code, whose components have deviation 1.
    """

    near: float = 0.5
    loose: float = 0.1


# The likeliest concept, as it was taught.
EXACTLY = Choice(near=1.0, loose=0.0)


class Memory(nn.Module):  # type: ignore[misc]
    """Reads sentences and recalls codes.

    The vectors of all short texts lie in a narrow cone; `mean` and `whitening`, measured on the
    training sentences, spread them out before anything is learnt from them.
    """

    mean: Tensor
    whitening: Tensor
    codes: Tensor

    def __init__(self, shape: MemoryShape) -> None:
        super().__init__()
        self.shape = shape
        self.register_buffer("mean", torch.zeros(TEXT_WIDTH))
        self.register_buffer("whitening", torch.zeros(TEXT_WIDTH, shape.width))
        self.register_buffer("codes", torch.zeros(2, shape.concepts, shape.code))
        self.to_concept = nn.Linear(shape.width, shape.concepts)
        self.to_colour = nn.Linear(shape.width, shape.colours + 1)

    def spread(self, text: Tensor) -> Tensor:
        """Turn (B, 384) sentence vectors into (B, width) whitened ones of length sqrt(width)."""
        spread = (text - self.mean) @ self.whitening
        return nn.functional.normalize(spread, dim=-1) * self.shape.width**0.5

    def read(self, text: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits of concepts (B, concepts) and colours (B, 1 + colours; 0 is none)."""
        spread = self.spread(text)
        return self.to_concept(spread), self.to_colour(spread)

    def recall(self, text: Tensor, choice: Choice, generator: torch.Generator) -> Tensor:
        """Return conditions (B, code + colours) for sentence vectors (B, 384)."""
        concepts, colours = self.read(text)
        likely = concepts.softmax(-1)
        likely = torch.where(likely >= choice.near * likely.amax(-1, keepdim=True), likely, 0)
        concept = torch.multinomial(likely, 1, generator=generator)[:, 0]
        mirrored = torch.randint(2, concept.shape, generator=generator)
        codes = self.codes[mirrored, concept]
        codes = codes + choice.loose * torch.randn(codes.shape, generator=generator)
        return condition_of(codes, colours.argmax(-1), colours=self.shape.colours)


def avoided(memory: Memory, text: Tensor, generator: torch.Generator) -> Tensor:
    """Return the conditions (B, code + colours) to be led away from, for sentence vectors (B, 384).

    A word such as "red" names a colour surely and a concept hardly: the concept's code counts as
    much as the memory is sure of it, or whatever it guesses would be drawn away from instead.
    """
    condition = memory.recall(text, EXACTLY, generator)
    concepts, _ = memory.read(text)
    sure = concepts.softmax(-1).amax(-1, keepdim=True)
    code = memory.shape.code
    return torch.cat([condition[:, :code] * sure, condition[:, code:]], dim=-1)


def coloured(condition: Tensor, colour: int, *, colours: int) -> Tensor:
    """Return conditions (B, code + colours) that ask for a colour by number, 0 for their own."""
    numbers = torch.full((len(condition),), colour)
    return condition_of(condition[:, :-colours], numbers, colours=colours)


def condition_of(codes: Tensor, colour: Tensor, *, colours: int) -> Tensor:
    """Join (B, code) codes and (B,) colour numbers, 0 for a drawing's own, into conditions."""
    told = nn.functional.one_hot(colour, colours + 1)[:, 1:].to(codes.dtype)
    return torch.cat([codes, told * colours**0.5], dim=-1)
