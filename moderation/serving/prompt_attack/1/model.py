"""Triton model: does a text try to take over the model behind it?

SecureVector Guardian, a linear model over word and character n-grams in plain Python. It knows
English attacks; those in other languages go unseen, so the policy uses it beside text_hazards.
"""

import hashlib
from pathlib import Path

import numpy as np
import triton_python_backend_utils as pb_utils
from svguardian import resolve_runtime
from svguardian.model.pure_infer import PureGuardian
from svguardian.window import predict_windowed

from moderation.core.wire import Finding, answer, text_of

_LARGEST_TEXT = 12_000


class TritonPythonModel:
    """Judges texts one after the other, long ones window by window."""

    def initialize(self, args: dict[str, str]) -> None:
        """Read the bundle of the installed package; it must match its own checksum."""
        bundle = Path(resolve_runtime(download=False))
        self._guardian = PureGuardian.load(str(bundle), verify=True)
        digest = hashlib.sha256(bundle.read_bytes()).hexdigest()[:12]
        self._version = f"prompt_attack@{digest}"

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
        found = predict_windowed(self._guardian, text_of(content, largest=_LARGEST_TEXT))
        is_attack = found["verdict"] == "malicious"
        return Finding(
            scores={"prompt_attack": float(found["malicious_score"])},
            detail={"attack": found["category"] if is_attack else None},
        )
