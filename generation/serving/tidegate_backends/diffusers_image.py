"""The back-end `diffusers_image`: any text-to-image pipeline, for several requests in one call.

A request with a picture runs the image-to-image form of the same weights, with a mask the
inpainting form.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from diffusers import AutoPipelineForImage2Image, AutoPipelineForInpainting
from PIL import Image

from generation.core.backends.options import DiffusersImage
from generation.core.backends.served import Served
from generation.core.wire import InvalidRequest, Media
from generation.serving.tidegate_backends.pictures import open_picture, to_png
from generation.serving.tidegate_backends.pipelines import Pipeline
from generation.serving.tidegate_backends.places import PlaceUnavailable
from generation.serving.tidegate_backends.replies import answering
from generation.serving.tidegate_backends.requests import (
    Asked,
    read_requests,
    served_from,
    together,
)


class TritonPythonModel:
    """Requests that Triton hands over together and that are alike are drawn in one call."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the pipeline and the adapters."""
        self._served = served_from(args)
        self._painter = Painter(self._served)

    def execute(self, requests: Sequence[Any]) -> None:
        """Answer each request through its response sender."""
        asked = read_requests(requests, self._served)
        for group in together(asked, self._served.options.batch):
            with answering([one.reply for one in group], self._served.entry):
                self._painter.paint(group)


class Painter:
    """A loaded text-to-image pipeline. Raises as `Pipeline`."""

    def __init__(self, served: Served) -> None:
        self._options = cast("DiffusersImage", served.options)
        self._pipeline = Pipeline(served, self._options)
        has_checker = getattr(self._pipeline.pipe, "safety_checker", None) is not None
        if self._options.own_safety == "required" and not has_checker:
            raise PlaceUnavailable(f"{served.entry}: the pipeline has no safety checker of its own")

    @property
    def version(self) -> str:
        """What was loaded, and where."""
        return self._pipeline.version

    def paint(self, group: Sequence[Asked]) -> None:
        """Answer requests that are alike.

        Raises:
            InvalidRequest: the pipeline does not take these values or these pictures.
            Cancelled: nobody waits for any of them any more.
        """
        values = group[0].values
        arguments = self._pipeline.arguments(values)
        pipe, rows = self._form(group, arguments)
        made = self._pipeline.call(group, arguments, pipe=pipe, rows=rows)
        flagged = getattr(made, "nsfw_content_detected", None) or [False] * len(group)
        for one, picture, is_flagged in zip(group, made.images, flagged, strict=False):
            if one.reply.is_cancelled:
                continue
            if is_flagged:  # it has made the picture black
                one.reply.refuse("the model's own safety checker refuses this picture")
                continue
            width, height = picture.size
            one.reply.send(Media("image/png", to_png(picture), width=width, height=height))
            one.reply.done("stop", self.version)

    def _form(
        self, group: Sequence[Asked], arguments: dict[str, object]
    ) -> tuple[Any, dict[str, list[Image.Image]]]:
        """The form of the pipeline for these requests' pictures, and the pictures."""
        given = set(group[0].pictures)
        if "mask" in given and "image" not in given:
            raise InvalidRequest("a mask needs the image that it is for")
        if not given:
            arguments.pop("strength", None)
            return None, {}
        size = None
        if "width" in arguments and "height" in arguments:
            size = (int(str(arguments["width"])), int(str(arguments["height"])))
        shapes = {"image": "RGB", "mask": "L"}
        rows = {
            "mask_image" if name == "mask" else name: [
                open_picture(one.pictures[name], name=name, size=size, mode=shapes[name])
                for one in group
            ]
            for name in sorted(given)
        }
        forms = AutoPipelineForInpainting if "mask" in given else AutoPipelineForImage2Image
        try:
            # The weights are shared: this makes another view of them, not another copy.
            return forms.from_pipe(self._pipeline.pipe), rows
        except ValueError as exc:
            raise InvalidRequest(f"this model cannot work on a picture: {exc}") from exc
