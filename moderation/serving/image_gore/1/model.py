"""Triton model: does a picture show gore?

OwenElliott/image-safety-classifier-s (MIT) as ONNX, with three classes: "not safe for life" (gore,
mutilation, corpses), "not safe for work" and safe. Only the first is given: sexual content has a
detector of its own, and two opinions about it would count as the more severe of both. The classes
were trained with smoothed labels: what is surely harmless scores 0.03.
"""

import hashlib
import io
import json
import os
from pathlib import Path

import numpy as np
import onnxruntime
import triton_python_backend_utils as pb_utils
from PIL import Image, ImageFilter, ImageOps, UnidentifiedImageError

from moderation.core.remembering import Remembering
from moderation.core.wire import Finding, Unreadable, answer

_SIDE = 224
_BLUR = 10.0
_GORE = 0  # NSFL, NSFW, SFW
_LARGEST_PICTURE_PIXELS = 50_000_000
_REMEMBERED = 1024


class TritonPythonModel:
    """Judges pictures one after the other."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the network."""
        config = json.loads(args["model_config"])
        settings = {key: item["string_value"] for key, item in config["parameters"].items()}
        folder = Path(os.environ["TIDEGATE_MODELS_DIR"], settings["weights"])
        weights = folder / "image-safety-classifier-s.onnx"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(settings["threads"])
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            weights, options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name
        digest = hashlib.sha256(weights.read_bytes()).hexdigest()[:12]
        self._version = f"image_gore@{digest}"
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
        (scores,) = self._session.run(None, {self._input: _prepared(content)})
        return Finding(scores={"violence": float(scores[0][_GORE])})


def _prepared(content: bytes) -> np.ndarray:
    """The network's own preparation: the whole picture, on a blurred copy of itself as a square."""
    try:
        picture = Image.open(io.BytesIO(content))
        # A JPEG can be decoded at a fraction of its size, which saves most of a large one's time.
        picture.draft("RGB", (_SIDE * 2, _SIDE * 2))
        picture = ImageOps.exif_transpose(picture)
        if picture.has_transparency_data:
            seen = picture.convert("RGBA")
            paper = Image.new("RGBA", seen.size, (255, 255, 255, 255))
            picture = Image.alpha_composite(paper, seen)
        picture = picture.convert("RGB")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError) as error:
        raise Unreadable(f"not a picture that can be read: {error}") from error
    scale = min(_SIDE / picture.width, _SIDE / picture.height)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    square = picture.resize((_SIDE, _SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
    square = square.filter(ImageFilter.GaussianBlur(_BLUR))
    inside = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    square.paste(inside, ((_SIDE - size[0]) // 2, (_SIDE - size[1]) // 2))
    pixels = np.asarray(square, dtype=np.float32).transpose(2, 0, 1)
    return np.ascontiguousarray(pixels[np.newaxis])
