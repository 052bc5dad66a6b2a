"""Triton model: the text that stands in a picture, English and Chinese (PP-OCRv4)."""

import hashlib
import io
import json
from pathlib import Path

import numpy as np
import rapidocr_onnxruntime
import triton_python_backend_utils as pb_utils
from PIL import Image, UnidentifiedImageError
from rapidocr_onnxruntime import RapidOCR

from moderation.core.remembering import Remembering
from moderation.core.wire import Finding, Unreadable, answer
from moderation.serving.image_text.spaces import Spaces

_LARGEST_SIDE = 960
_SMALLEST_SIDE = 32
_LARGEST_PICTURE_PIXELS = 50_000_000
_MODELS = Path(rapidocr_onnxruntime.__file__).with_name("models")
_REMEMBERED = 1024
# What the reader makes of a horizon, a mast or a window when it stands alone.
_STROKES = frozenset("一二三丨丶丿亅十口")


class TritonPythonModel:
    """Reads pictures one after the other."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load detector, direction and recogniser; nothing is run before the first picture."""
        config = json.loads(args["model_config"])
        threads = int(config["parameters"]["threads"]["string_value"])
        # "max": pictures are not enlarged to 736 pixels, which would cost a small one ten times
        # its own time and finds nothing more.
        self._reader = RapidOCR(
            intra_op_num_threads=threads,
            inter_op_num_threads=1,
            det_limit_type="max",
            print_verbose=False,
        )
        digest = hashlib.sha256()
        for path in sorted(_MODELS.glob("*.onnx")):
            digest.update(path.read_bytes())
        self._spaces = Spaces()
        digest.update(self._spaces.digest.encode() + Path(__file__).read_bytes())
        self._version = f"image_text@{digest.hexdigest()[:12]}"
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
        pixels = _pixels(content)
        lines, _ = self._reader(pixels)
        found = [
            (
                self._spaces.restore(" ".join(str(text).splitlines())),
                float(confidence),
                _box(corners, pixels.shape),
            )
            for corners, text, confidence in lines or ()
            if str(text).strip() not in _STROKES
        ]
        return Finding(
            text="\n".join(text for text, _, _ in found),
            detail={
                "lines": len(found),
                "confidences": [round(value, 3) for _, value, _ in found],
                # Of each line: left, top, right, bottom in parts of the picture.
                "boxes": [box for _, _, box in found],
            },
        )


def _box(corners: list, shape: tuple) -> list[float]:
    height, width = shape[:2]
    across, down = [x / width for x, _ in corners], [y / height for _, y in corners]
    return [
        round(min(1.0, max(0.0, float(side))), 4)
        for side in (min(across), min(down), max(across), max(down))
    ]


def _pixels(content: bytes) -> np.ndarray:
    """Return BGR pixels, large pictures reduced: text that matters is still legible then."""
    try:
        picture = Image.open(io.BytesIO(content)).convert("RGB")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError) as error:
        raise Unreadable(f"not a picture that can be read: {error}") from error
    if max(picture.size) > _LARGEST_SIDE:
        picture.thumbnail((_LARGEST_SIDE, _LARGEST_SIDE), Image.Resampling.LANCZOS)
    if min(picture.size) < _SMALLEST_SIDE:
        enlarged = tuple(max(side, _SMALLEST_SIDE) for side in picture.size)
        picture = picture.resize(enlarged, Image.Resampling.LANCZOS)
    return np.ascontiguousarray(np.asarray(picture)[:, :, ::-1])
