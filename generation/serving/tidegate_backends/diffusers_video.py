"""The back-end `diffusers_video`: any text-to-video pipeline, written as an MP4 with its poster."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from PIL import Image

from generation.core.backends.options import DiffusersVideo
from generation.core.backends.served import Served
from generation.core.wire import Media
from generation.serving.tidegate_backends.pictures import to_png
from generation.serving.tidegate_backends.pipelines import Pipeline
from generation.serving.tidegate_backends.replies import answering
from generation.serving.tidegate_backends.requests import (
    Asked,
    read_requests,
    served_from,
    together,
)
from generation.serving.tidegate_backends.video import to_mp4

_TIMES = ("vae_temporal_compression_ratio", "vae_scale_factor_temporal")


class TritonPythonModel:
    """Requests that Triton hands over together and that are alike are made in one call."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the pipeline and the adapters."""
        self._served = served_from(args)
        self._filmer = Filmer(self._served)

    def execute(self, requests: Sequence[Any]) -> None:
        """Answer each request through its response sender."""
        asked = read_requests(requests, self._served)
        for group in together(asked, self._served.options.batch):
            with answering([one.reply for one in group], self._served.entry):
                self._filmer.film(group)


class Filmer:
    """A loaded text-to-video pipeline. Raises as `Pipeline`."""

    def __init__(self, served: Served) -> None:
        self._options = cast("DiffusersVideo", served.options)
        self._pipeline = Pipeline(served, self._options)
        pipe = self._pipeline.pipe
        ratios = [getattr(pipe, name) for name in _TIMES if hasattr(pipe, name)]
        self._ratio = int(ratios[0]) if ratios else 1
        self._knows_rate = "frame_rate" in inspect.signature(pipe.__call__).parameters

    @property
    def version(self) -> str:
        """What was loaded, and where."""
        return self._pipeline.version

    def film(self, group: Sequence[Asked]) -> None:
        """Answer requests that are alike.

        Raises:
            InvalidRequest: the pipeline does not take these values.
            Cancelled: nobody waits for any of them any more.
        """
        values, fps = group[0].values, self._options.fps
        arguments = self._pipeline.arguments(values)
        seconds = float(values.get("seconds", self._options.seconds))
        arguments["num_frames"] = frames_for(seconds, fps=fps, ratio=self._ratio)
        if self._knows_rate:
            arguments["frame_rate"] = fps
        made = self._pipeline.call(group, arguments | {"output_type": "np"})
        for one, video in zip(group, made.frames, strict=False):
            if one.reply.is_cancelled:
                continue
            frames = (np.asarray(video).clip(0, 1) * 255).round().astype(np.uint8)
            height, width = frames.shape[1:3]
            sizes = {"width": width, "height": height}
            duration_ms = round(1000 * len(frames) / fps)
            one.reply.send(
                Media("video/mp4", to_mp4(frames, fps), **sizes, duration_ms=duration_ms)
            )
            poster = to_png(Image.fromarray(frames[len(frames) // 2]))
            one.reply.send(Media("image/png", poster, **sizes, rendition="poster"))
            one.reply.done("stop", self.version)


def frames_for(seconds: float, *, fps: int, ratio: int) -> int:
    """The number of frames nearest to a length that the pipeline can make: a multiple and one."""
    return max(0, round((seconds * fps - 1) / ratio)) * ratio + 1
