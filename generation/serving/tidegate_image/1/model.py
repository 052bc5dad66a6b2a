"""Triton model: our own small latent diffusion, from an English or Chinese prompt.

Without a picture it draws a 256x256 PNG; a picture it draws anew, as a whole or under a mask.
"""

import json
from pathlib import Path

import numpy as np
import torch
import triton_python_backend_utils as pb_utils

from generation.core.wire import (
    INPUT_TENSORS,
    INVALID_PREFIX,
    Done,
    GenerateRequest,
    InvalidRequest,
    Media,
    Piece,
    Progress,
    decode_request,
    encode_event,
)
from generation.serving.tidegate_backends.pictures import open_picture
from generation.serving.tidegate_backends.pictures import to_png as plain_png
from generation.serving.tidegate_image.bundle import OUTPUT_SIZE, Bundle, to_png
from generation.serving.tidegate_image.colours import COLOURS
from generation.serving.tidegate_image.editing import MASKED, Edit, redraw

_MAX_PROMPT_CHARACTERS = 1_000


class _Cancelled(Exception):
    """The caller is gone: stop between two steps."""


class TritonPythonModel:
    """One worker: requests run one after the other, each step is reported when it is done."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the weights that lie beside this file."""
        settings = json.loads(args["model_config"])["parameters"]
        # The sums' order, and so the picture's last bits, depend on the number of threads.
        torch.set_num_threads(int(settings["threads"]["string_value"]))
        self._bundle = Bundle.load(Path(__file__).parent)

    def execute(self, requests: list) -> None:
        """Answer each request through its response sender."""
        for request in requests:
            sender = request.get_response_sender()
            try:
                self._answer(request, sender)
            except _Cancelled:
                sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
            except InvalidRequest as exc:
                _fail(sender, f"{INVALID_PREFIX}{exc}")
            except Exception as exc:  # noqa: BLE001  the stub would die and take the queue with it
                pb_utils.Logger.log_error(f"tidegate_image: {exc!r}")
                _fail(sender, f"generation failed: {exc}")

    def _answer(self, request, sender) -> None:  # noqa: ANN001  Triton's own types
        data = pb_utils.get_input_tensor_by_name(request, "REQUEST").as_numpy().reshape(-1)[0]
        given = _pictures_of(request)
        asked = decode_request(
            data, max_prompt_characters=_MAX_PROMPT_CHARACTERS, needs_prompt="image" not in given
        )
        if sender.is_cancelled():
            raise _Cancelled
        media = self._redraw(asked, given, sender) if given else self._draw(asked, sender)
        _send(sender, media)
        _send(sender, Done("stop", self._bundle.version))
        sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)

    def _draw(self, asked: GenerateRequest, sender) -> Media:  # noqa: ANN001
        asked.require_only("steps", "guidance", "size", "negative_prompt", "colour")
        steps, guidance = _pace_of(asked)
        asked.integer("size", minimum=OUTPUT_SIZE, maximum=OUTPUT_SIZE, default=OUTPUT_SIZE)
        (picture,) = self._bundle.draw(
            [asked.prompt],
            steps=steps,
            guidance=guidance,
            seed=asked.seed,
            after_step=lambda step: _report(sender, step, steps),
            negative=_negative_of(asked),
            colour=_colour_of(asked),
        )
        return Media("image/png", to_png(picture), width=OUTPUT_SIZE, height=OUTPUT_SIZE)

    def _redraw(self, asked: GenerateRequest, given: dict[str, bytes], sender) -> Media:  # noqa: ANN001
        """As large as the model draws, or under a mask as large as the picture."""
        asked.require_only("steps", "guidance", "strength", "negative_prompt")
        steps, guidance = _pace_of(asked)
        strength = asked.number("strength", minimum=0.05, maximum=1, default=0.7)
        if "image" not in given:
            raise InvalidRequest("a mask is of no use without an image")
        picture = open_picture(given["image"], name="image", size=None, mode="RGB")
        mask = None
        if "mask" in given:
            mask = open_picture(given["mask"], name="mask", size=picture.size, mode="L")
            if mask.getextrema()[1] < MASKED:
                raise InvalidRequest("the mask is white nowhere")
        drawn = redraw(
            self._bundle,
            picture,
            Edit(asked.prompt, strength, steps, guidance, asked.seed, _negative_of(asked)),
            mask=mask,
            after_step=lambda step, of: _report(sender, step, of),
        )
        if mask is None:
            return Media("image/png", to_png(drawn), width=OUTPUT_SIZE, height=OUTPUT_SIZE)
        return Media("image/png", plain_png(drawn), width=drawn.width, height=drawn.height)


def _pace_of(asked: GenerateRequest) -> tuple[int, float]:
    """Steps and guidance."""
    steps = asked.integer("steps", minimum=5, maximum=50, default=20)
    return steps, asked.number("guidance", minimum=1, maximum=8, default=3.0)


def _negative_of(asked: GenerateRequest) -> str:
    return asked.text("negative_prompt", max_characters=_MAX_PROMPT_CHARACTERS) or ""


def _colour_of(asked: GenerateRequest) -> int | None:
    """The number of the colour asked for; None where the prompt decides."""
    name = asked.text("colour", max_characters=32)
    if name is None:
        return None
    names = ["own", *(colour.english for colour in COLOURS)]
    if name not in names:
        raise InvalidRequest(f"colour must be one of {', '.join(names)}")
    return names.index(name)


def _pictures_of(request) -> dict[str, bytes]:  # noqa: ANN001
    """The bytes of the pictures that came along, by name."""
    found = {}
    for name, tensor in INPUT_TENSORS.items():
        sent = pb_utils.get_input_tensor_by_name(request, tensor)
        if sent is not None:
            found[name] = sent.as_numpy().reshape(-1)[0]
    return found


def _report(sender, step: int, steps: int) -> None:  # noqa: ANN001
    if sender.is_cancelled():
        raise _Cancelled
    _send(sender, Progress(step, steps))


def _send(sender, piece: Piece) -> None:  # noqa: ANN001
    event, payload = encode_event(piece)
    tensors = [
        pb_utils.Tensor("EVENT", np.array([event], dtype=np.object_)),
        pb_utils.Tensor("PAYLOAD", np.array([payload], dtype=np.object_)),
    ]
    sender.send(pb_utils.InferenceResponse(output_tensors=tensors))


def _fail(sender, message: str) -> None:  # noqa: ANN001
    sender.send(
        pb_utils.InferenceResponse(output_tensors=[], error=pb_utils.TritonError(message)),
        flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL,
    )
