"""Triton model: short films from words or from a picture, told by a voice if wanted.

The pictures are drawn by the weights of `tidegate_image`, the voice is the model `kokoro_speech` of
the same server; both are asked, not copied.
"""

import json
import os
from pathlib import Path

import cv2
import torch
import triton_python_backend_utils as pb_utils

from generation.core.wire import INPUT_TENSORS, decode_request
from generation.serving.tidegate_backends.pictures import open_picture
from generation.serving.tidegate_backends.replies import Cancelled, Reply, answering
from generation.serving.tidegate_image.bundle import Bundle
from generation.serving.tidegate_video.director import Director, Report
from generation.serving.tidegate_video.orders import MAX_PROMPT_CHARACTERS, order_of

_DRAWER = Path(__file__).parents[2] / "tidegate_image" / "1"


class TritonPythonModel:
    """One worker: requests run one after the other."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the image model's weights."""
        settings = json.loads(args["model_config"])["parameters"]
        # Sums' order, and so the last bits, depend on the number of threads.
        threads = int(settings["threads"]["string_value"])
        torch.set_num_threads(threads)
        cv2.setNumThreads(threads)
        models = Path(os.environ["TIDEGATE_MODELS_DIR"])
        self._director = Director(Bundle.load(_DRAWER), models)

    def execute(self, requests: list) -> None:
        """Answer each request through its response sender."""
        for request in requests:
            reply = Reply(request.get_response_sender(), (1,))
            with answering([reply], "tidegate_video"):
                self._answer(request, reply)

    def _answer(self, request, reply: Reply) -> None:  # noqa: ANN001  Triton's own type
        sent = pb_utils.get_input_tensor_by_name(request, INPUT_TENSORS["image"])
        data = pb_utils.get_input_tensor_by_name(request, "REQUEST").as_numpy().reshape(-1)[0]
        asked = decode_request(
            data, max_prompt_characters=MAX_PROMPT_CHARACTERS, needs_prompt=sent is None
        )
        order = order_of(asked, has_picture=sent is not None)
        picture = None
        if sent is not None:
            given = bytes(sent.as_numpy().reshape(-1)[0])
            picture = open_picture(given, name="image", size=None, mode="RGB")
        film = self._director.make(order, picture, _reporting(reply))
        for media in film.media:
            reply.send(media)
        reply.done("stop", film.version)


def _reporting(reply: Reply) -> Report:
    def report(step: int, steps: int) -> None:
        if reply.is_cancelled:
            raise Cancelled
        reply.progress(step, steps)

    return report
