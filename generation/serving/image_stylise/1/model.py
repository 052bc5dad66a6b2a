"""Triton model: paints a picture in one of 26 styles, or in a mix of two."""

import json
import os
from pathlib import Path

from PIL import Image

from generation.core.wire import GenerateRequest, InvalidRequest
from generation.serving.tidegate_pictures import painting
from generation.serving.tidegate_pictures.desk import Report, serve, version_of

_COLOURS = ("painted", "original")


class TritonPythonModel:
    """Requests run one after the other."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the network."""
        settings = json.loads(args["model_config"])["parameters"]
        folder = Path(os.environ["TIDEGATE_MODELS_DIR"]) / settings["weights"]["string_value"]
        weights = folder / "multistyle26.onnx"
        self._painter = painting.Painter(weights)
        self._version = version_of(weights, Path(painting.__file__))

    def execute(self, requests: list) -> None:
        """Answer each request through its response sender."""
        serve(requests, "image_stylise", self._work, version=self._version)

    def _work(self, asked: GenerateRequest, picture: Image.Image, report: Report) -> Image.Image:
        asked.require_only("style", "second_style", "mix", "strength", "colours")
        last = painting.STYLES - 1
        style = asked.integer("style", minimum=0, maximum=last, default=19)
        second = asked.integer("second_style", minimum=0, maximum=last, default=0)
        mix = asked.number("mix", minimum=0, maximum=1, default=0)
        colours = asked.text("colours", max_characters=8) or "painted"
        if colours not in _COLOURS:
            raise InvalidRequest(f"colours must be one of {', '.join(_COLOURS)}")
        shares = {style: 1 - mix}
        shares[second] = shares.get(second, 0.0) + mix
        painted = self._painter.paint(
            picture,
            shares,
            strength=asked.number("strength", minimum=0, maximum=1, default=1),
            keeps_colours=colours == "original",
        )
        report(1, 1)
        return painted
