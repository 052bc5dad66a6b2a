"""Triton model: is a picture sexual?

Yahoo's open_nsfw as ONNX. It gives one number, for nudity and sexual acts in photographs; it says
nothing about violence, and the policy claims nothing it does not say.
"""

import hashlib
import io
import json
import os
from pathlib import Path

import numpy as np
import onnxruntime
import triton_python_backend_utils as pb_utils
from PIL import Image, UnidentifiedImageError

from moderation.core.remembering import Remembering
from moderation.core.wire import Finding, Unreadable, answer

_SIDE, _CROP = 256, 224
_MEAN_BGR = np.array([104, 117, 123], dtype=np.float32)
_LARGEST_PICTURE_PIXELS = 50_000_000
_REMEMBERED = 1024


class TritonPythonModel:
    """Judges pictures one after the other."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the network."""
        config = json.loads(args["model_config"])
        settings = {key: item["string_value"] for key, item in config["parameters"].items()}
        weights = Path(os.environ["TIDEGATE_MODELS_DIR"], settings["weights"], "open-nsfw.onnx")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(settings["threads"])
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            weights, options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name
        digest = hashlib.sha256(weights.read_bytes()).hexdigest()[:12]
        self._version = f"image_safety@{digest}"
        Image.MAX_IMAGE_PIXELS = _LARGEST_PICTURE_PIXELS
        self._remembering = Remembering(self._judge, most=_REMEMBERED)

    def execute(self, requests: list) -> list:
        """Answer each request; an unreadable item is an error of that item alone."""
        responses = []
        for request in requests:
            items = pb_utils.get_input_tensor_by_name(request, "CONTENT").as_numpy()
            results = answer(
                items.reshape(-1).tolist(),
                judge=self._remembering,
                version=self._version,
                on_failure=pb_utils.Logger.log_error,
            )
            output = np.array(results, dtype=np.object_).reshape(-1, 1)
            responses.append(pb_utils.InferenceResponse([pb_utils.Tensor("RESULT", output)]))
        return responses

    def _judge(self, content: bytes) -> Finding:
        (scores,) = self._session.run(None, {self._input: _prepared(content)[np.newaxis]})
        return Finding(scores={"sexual": float(scores[0][1])})


def _prepared(content: bytes) -> np.ndarray:
    """The network's own preparation: 256 by 256, one JPEG round trip, the middle, BGR, centred."""
    try:
        picture = Image.open(io.BytesIO(content))
        # A JPEG can be decoded at a fraction of its size, which saves most of a large one's time.
        picture.draft("RGB", (_SIDE * 2, _SIDE * 2))
        picture = picture.convert("RGB")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError) as error:
        raise Unreadable(f"not a picture that can be read: {error}") from error
    margin = (_SIDE - _CROP) // 2
    picture = picture.resize((_SIDE, _SIDE), Image.Resampling.BILINEAR)
    picture = picture.crop((margin, margin, margin + _CROP, margin + _CROP))
    with io.BytesIO() as buffer:
        picture.save(buffer, format="JPEG")
        buffer.seek(0)
        pixels = np.asarray(Image.open(buffer), dtype=np.float32)
    return np.ascontiguousarray(pixels[:, :, ::-1] - _MEAN_BGR)
