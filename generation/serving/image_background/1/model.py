"""Triton model: replaces the flat background of a picture, or removes it."""

import re
from pathlib import Path

from PIL import Image

from generation.core.wire import GenerateRequest, InvalidRequest
from generation.serving.tidegate_pictures import grounds
from generation.serving.tidegate_pictures.desk import Report, serve, version_of

_TRANSPARENT = "transparent"
_HEXADECIMAL = re.compile(r"#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})")


class TritonPythonModel:
    """Requests run one after the other."""

    def initialize(self, args: dict[str, str]) -> None:
        """Remember what made the pictures."""
        self._version = version_of(Path(grounds.__file__))

    def execute(self, requests: list) -> None:
        """Answer each request through its response sender."""
        serve(requests, "image_background", _work, version=self._version)


def _work(asked: GenerateRequest, picture: Image.Image, report: Report) -> Image.Image:
    asked.require_only("colour", "tolerance")
    tolerance = asked.number("tolerance", minimum=1, maximum=100, default=24)
    colour = _colour_of(asked.text("colour", max_characters=11) or _TRANSPARENT)
    try:
        made, _ = grounds.change_ground(picture, colour, tolerance=tolerance)
    except grounds.NoGround as exc:
        raise InvalidRequest(str(exc)) from exc
    report(1, 1)
    return made


def _colour_of(text: str) -> grounds.Colour | None:
    if text.lower() == _TRANSPARENT:
        return None
    match = _HEXADECIMAL.fullmatch(text.lower())
    if match is None:
        raise InvalidRequest("colour must be transparent or #rrggbb")
    red, green, blue = (int(part, 16) for part in match.groups())
    return red, green, blue
