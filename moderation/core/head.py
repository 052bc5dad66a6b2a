"""A calibrated head: from a sentence vector to one probability per label."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Head:
    """A network of one hidden layer (ReLU), with one logistic output per label.

    Attributes:
        labels: names, one per output.
        hidden_weight: float32 (hidden, features), centring and scale folded in.
        hidden_bias: float32 (hidden,).
        weight: float32 (labels, hidden), calibration folded in.
        bias: float32 (labels,).
    """

    labels: tuple[str, ...]
    hidden_weight: Vectors
    hidden_bias: Vectors
    weight: Vectors
    bias: Vectors

    def __post_init__(self) -> None:
        """Refuse parts that do not belong together."""
        hidden = len(self.hidden_bias)
        if (
            self.hidden_weight.shape[:1] != (hidden,)
            or self.weight.shape != (len(self.labels), hidden)
            or self.bias.shape != (len(self.labels),)
        ):
            raise ValueError(
                f"{len(self.labels)} labels, hidden {self.hidden_weight.shape} and"
                f" {self.hidden_bias.shape}, output {self.weight.shape} and {self.bias.shape}"
            )

    def logits(self, vectors: Vectors) -> Vectors:
        """Return (texts, labels) logits for (texts, features) vectors."""
        sums: Vectors = vectors @ self.hidden_weight.T + self.hidden_bias
        hidden: Vectors = np.maximum(sums, np.float32(0))
        found: Vectors = hidden @ self.weight.T + self.bias
        return found

    def probabilities(self, vectors: Vectors) -> Vectors:
        """Return (texts, labels) probabilities for (texts, features) vectors."""
        logits = np.clip(self.logits(vectors), -60.0, 60.0)
        found: Vectors = (1.0 / (1.0 + np.exp(-logits))).astype(np.float32)
        return found

    def worst(self, vectors: Vectors) -> Mapping[str, float]:
        """Return each label's highest probability over the pieces of one text."""
        highest = self.probabilities(vectors).max(axis=0)
        return {label: float(score) for label, score in zip(self.labels, highest, strict=True)}
