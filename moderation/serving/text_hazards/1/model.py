"""Triton model: probabilities of hazards in a text, in many languages.

multilingual-e5-small gives a vector per piece of the text, our own calibrated head gives
probabilities; the worst piece counts.
"""

import hashlib
import json
import os
from collections import OrderedDict
from pathlib import Path

import numpy as np
import triton_python_backend_utils as pb_utils
from safetensors import safe_open

from moderation.core.chunks import pieces
from moderation.core.cleaning import readings
from moderation.core.encoder import SentenceEncoder
from moderation.core.head import Head
from moderation.core.wire import Finding, answer, text_of

_LARGEST_TEXT = 12_000
_REMEMBERED_PIECES = 8_192
_EXCERPT = 200
_TENSORS = ("hidden_weight", "hidden_bias", "weight", "bias")
_HEAD = Path(__file__).with_name("head.safetensors")


class TritonPythonModel:
    """Judges texts one after the other; pieces that were judged before cost nothing."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the encoder and read the head."""
        config = json.loads(args["model_config"])
        settings = {key: item["string_value"] for key, item in config["parameters"].items()}
        weights = Path(os.environ["TIDEGATE_MODELS_DIR"], settings["weights"])
        with safe_open(_HEAD, framework="numpy") as file:
            labels = tuple(json.loads(file.metadata()["labels"]))
            self._head = Head(labels, *(file.get_tensor(name) for name in _TENSORS))
        self._encoder = SentenceEncoder(weights, threads=int(settings["threads"]))
        self._vectors: OrderedDict[str, np.ndarray] = OrderedDict()
        self._version = f"text_hazards@{_digest(_HEAD, weights / 'model.bin')}"

    def execute(self, requests: list) -> list:
        """Answer each request; an unreadable item is an error of that item alone."""
        responses = []
        for request in requests:
            items = pb_utils.get_input_tensor_by_name(request, "CONTENT").as_numpy()
            results = answer(
                items.reshape(-1).tolist(),
                judge=self._judge,
                version=self._version,
                on_failure=pb_utils.Logger.log_error,
            )
            output = np.array(results, dtype=np.object_).reshape(-1, 1)
            responses.append(pb_utils.InferenceResponse([pb_utils.Tensor("RESULT", output)]))
        return responses

    def _judge(self, content: bytes) -> Finding:
        text = text_of(content, largest=_LARGEST_TEXT)
        parts = [part for reading in readings(text) for part in pieces(reading)]
        if not parts:
            return Finding(scores=dict.fromkeys(self._head.labels, 0.0), detail={"pieces": 0})
        rows = np.stack([self._vector(part) for part in parts])
        probabilities = self._head.probabilities(rows)
        worst = probabilities.argmax(axis=0)
        return Finding(
            scores={
                label: float(probabilities[worst[index], index])
                for index, label in enumerate(self._head.labels)
            },
            detail={
                "pieces": len(parts),
                "worst_piece": parts[int(worst[probabilities.max(axis=0).argmax()])][:_EXCERPT],
            },
        )

    def _vector(self, piece: str) -> np.ndarray:
        known = self._vectors.get(piece)
        if known is not None:
            self._vectors.move_to_end(piece)
            return known
        vector = self._encoder.vector(piece)
        self._vectors[piece] = vector
        if len(self._vectors) > _REMEMBERED_PIECES:
            self._vectors.popitem(last=False)
        return vector


def _digest(*paths: Path) -> str:
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:12]
