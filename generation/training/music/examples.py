"""Tunes as batches of token numbers, all on one tonic, sometimes less constrained."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from generation.core.music.keys import Key
from generation.core.music.transposition import transposed
from generation.core.music.vocabulary import ANY, HOME_TONIC, IDS, tokens_of
from generation.training.music import corpus

_OPEN_SHARE: Final = 0.15
_WAYS: Final = (("R", 1), ("E", 2))
IGNORED: Final = -100
_WEIGHTS: Final = {"waltz": 3.0, "strathspey": 2.0, "march": 1.5}


@dataclass(frozen=True, slots=True)
class Example:
    """One tune as token numbers, and how often it is drawn."""

    numbers: np.ndarray
    weight: float


@dataclass(frozen=True, slots=True)
class Batch:
    """Token numbers and targets, both of shape (tunes, longest); targets are IGNORED in padding."""

    inputs: Tensor
    targets: Tensor


def examples(sources: Sequence[corpus.Source]) -> list[Example]:
    """Return the sources on the tonic that the model composes on.

    A tune in every key teaches the same intervals twelve times over; in one key each example of an
    interval counts for all of them, which is what so few tunes need.
    """
    found = []
    for source in sources:
        home = transposed(source.tune, Key(HOME_TONIC, source.tune.key.mode))
        if home is None:
            continue
        numbers = np.array([IDS[token] for token in tokens_of(home)], dtype=np.int16)
        found.append(Example(numbers, _WEIGHTS.get(source.tune.rhythm, 1.0)))
    return found


def load(folder: Path) -> tuple[list[Example], list[Example]]:
    """Return the examples to train on and those kept aside."""
    found = corpus.load(folder)
    return examples(found.training), examples(found.held_out)


def batch(chosen: Sequence[np.ndarray]) -> Batch:
    """Put sequences of token numbers side by side."""
    longest = max(len(numbers) for numbers in chosen)
    inputs = torch.zeros((len(chosen), longest), dtype=torch.long)
    targets = torch.full((len(chosen), longest), IGNORED, dtype=torch.long)
    for row, numbers in enumerate(chosen):
        told = torch.from_numpy(numbers.astype(np.int64))
        inputs[row, : len(numbers)] = told
        # The conditions are given, not guessed: the first word that counts is the pickup.
        targets[row, 5 : len(numbers)] = told[5:]
    return Batch(inputs, targets)


def epoch(examples: Sequence[Example], *, tunes: int, seed: int) -> Iterator[Batch]:
    """Yield batches of tunes of like length, in an order that `seed` fixes."""
    draw = random.Random(seed)
    drawn = draw.choices(examples, [one.weight for one in examples], k=len(examples))
    chosen = [_with_open_conditions(one.numbers, draw) for one in drawn]
    chosen.sort(key=len)
    starts = list(range(0, len(chosen), tunes))
    draw.shuffle(starts)
    for start in starts:
        yield batch(chosen[start : start + tunes])


def _with_open_conditions(numbers: np.ndarray, draw: random.Random) -> np.ndarray:
    opened = numbers.copy()
    for name, place in _WAYS:
        if draw.random() < _OPEN_SHARE:
            opened[place] = IDS[f"{name}:{ANY}"]
    return opened
