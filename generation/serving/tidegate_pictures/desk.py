"""The common side of the Triton models here: one picture in, one picture out."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import triton_python_backend_utils as pb_utils
from PIL import Image

from generation.core.wire import (
    INPUT_TENSORS,
    GenerateRequest,
    InvalidRequest,
    Media,
    decode_request,
)
from generation.serving.tidegate_backends.pictures import open_picture
from generation.serving.tidegate_backends.replies import Cancelled, Reply, answering

_MAX_PROMPT_CHARACTERS = 1_000

Report = Callable[[int, int], None]
Work = Callable[[GenerateRequest, Image.Image, Report], Image.Image]


def serve(requests: Sequence[Any], name: str, work: Work, *, version: str) -> None:
    """Answer each request: `work` gets it, its picture as RGB, and whom to tell about steps."""
    for request in requests:
        reply = Reply(request.get_response_sender(), (1,))
        with answering([reply], name):
            asked = decode_request(
                _bytes_of(request, "REQUEST") or b"",
                max_prompt_characters=_MAX_PROMPT_CHARACTERS,
                needs_prompt=False,
            )
            data = _bytes_of(request, INPUT_TENSORS["image"])
            if data is None:
                raise InvalidRequest("image is missing")
            picture = open_picture(data, name="image", size=None, mode="RGB")
            made = work(asked, picture, _reporting(reply))
            media = Media("image/png", _png(made), width=made.width, height=made.height)
            reply.send(media)
            reply.done("stop", version)


def version_of(*files: Path) -> str:
    """Return a version that changes with any of these files: code, and weights where there are."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _reporting(reply: Reply) -> Report:
    def report(step: int, steps: int) -> None:
        if reply.is_cancelled:
            raise Cancelled
        reply.progress(step, steps)

    return report


def _bytes_of(request: Any, tensor: str) -> bytes | None:
    sent = pb_utils.get_input_tensor_by_name(request, tensor)
    return None if sent is None else bytes(sent.as_numpy().reshape(-1)[0])


def _png(picture: Image.Image) -> bytes:
    """Encode a picture with its transparency; the same pixels give the same bytes."""
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    return buffer.getvalue()
