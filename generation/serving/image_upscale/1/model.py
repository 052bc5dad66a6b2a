"""Triton model: enlarges a picture two or four times. Nothing is learnt; see `enlarging`."""

from pathlib import Path

from PIL import Image

from generation.core.wire import GenerateRequest, InvalidRequest
from generation.serving.tidegate_pictures import enlarging
from generation.serving.tidegate_pictures.desk import Report, serve, version_of


class TritonPythonModel:
    """Requests run one after the other."""

    def initialize(self, args: dict[str, str]) -> None:
        """Remember what made the pictures."""
        self._version = version_of(Path(enlarging.__file__))

    def execute(self, requests: list) -> None:
        """Answer each request through its response sender."""
        serve(requests, "image_upscale", _work, version=self._version)


def _work(asked: GenerateRequest, picture: Image.Image, report: Report) -> Image.Image:
    asked.require_only("factor")
    factor = asked.integer("factor", minimum=2, maximum=4, default=2)
    if factor not in {2, 4}:
        raise InvalidRequest("factor must be 2 or 4")
    try:
        return enlarging.enlarge(picture, factor, after_step=report)
    except enlarging.TooLarge as exc:
        raise InvalidRequest(str(exc)) from exc
