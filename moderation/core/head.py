"""A calibrated linear head: from a sentence vector to one probability per label."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LinearHead:
    """One-versus-rest logistic regression.

    Attributes:
        labels: names, one per row.
        weight: float32 (labels, features), centring and calibration folded in.
        bias: float32 (labels,).
    """

    labels: tuple[str, ...]
    weight: Vectors
    bias: Vectors

    def __post_init__(self) -> None:
        """Refuse parts that do not belong together."""
        if self.weight.shape[:1] != self.bias.shape or len(self.labels) != len(self.bias):
            raise ValueError(
                f"{len(self.labels)} labels, weight {self.weight.shape}, bias {self.bias.shape}"
            )

    def probabilities(self, vectors: Vectors) -> Vectors:
        """Return (texts, labels) probabilities for (texts, features) vectors."""
        logits = vectors @ self.weight.T + self.bias
        probabilities: Vectors = 1.0 / (1.0 + np.exp(-np.clip(logits, -60.0, 60.0)))
        return probabilities

    def worst(self, vectors: Vectors) -> Mapping[str, float]:
        """Return each label's highest probability over the pieces of one text."""
        highest = self.probabilities(vectors).max(axis=0)
        return {label: float(score) for label, score in zip(self.labels, highest, strict=True)}
