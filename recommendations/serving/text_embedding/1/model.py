"""Triton model: a sentence vector per text (multilingual-e5-small, passage mode)."""

import json
import os
from pathlib import Path

import triton_python_backend_utils as pb_utils

from recommendations.core.encoder import SentenceEncoder

_LARGEST_TEXT = 2_000


class TritonPythonModel:
    """Embeds texts; what stands after 2,000 characters does not change what a text is about."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the encoder."""
        config = json.loads(args["model_config"])
        settings = {key: item["string_value"] for key, item in config["parameters"].items()}
        weights = Path(os.environ["TIDEGATE_MODELS_DIR"], settings["weights"])
        self._encoder = SentenceEncoder(weights, threads=int(settings["threads"]))

    def execute(self, requests: list) -> list:
        """Answer each request; one that holds text that is not UTF-8 is an error of its own."""
        return [self._respond(request) for request in requests]

    def _respond(self, request):  # noqa: ANN001, ANN202  Triton's own types
        items = pb_utils.get_input_tensor_by_name(request, "TEXT").as_numpy().reshape(-1)
        try:
            texts = [item.decode("utf-8")[:_LARGEST_TEXT] for item in items]
        except UnicodeDecodeError as error:
            message = f"invalid request: a text is not UTF-8: {error}"
            return pb_utils.InferenceResponse([], error=pb_utils.TritonError(message))
        vectors = self._encoder.vectors(texts)
        return pb_utils.InferenceResponse([pb_utils.Tensor("EMBEDDING", vectors)])
