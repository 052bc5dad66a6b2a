"""Requests for checks, and pictures to send with them."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from tests.fakes.detectors import FakeDetectors
from tests.integration.uploads.drawing import picture
from tidegate.uploads.pictures import read_picture

PATH = "/api/v1/moderations"


def encoded(data: bytes) -> str:
    """Return bytes as base64."""
    return base64.b64encode(data).decode()


def url_of(data: bytes) -> str:
    """Return bytes as a data URL."""
    return f"data:image/png;base64,{encoded(data)}"


def taken_for(detectors: FakeDetectors, data: bytes, content: bytes) -> bytes:
    """Have a picture taken for something by detectors that answer by rule; returns the picture."""
    detectors.known[read_picture(data).data] = content
    return data


def drawn(detectors: FakeDetectors, content: bytes) -> bytes:
    """Return a picture that is taken for something; another one for each."""
    colour = f"#{hashlib.sha256(content).hexdigest()[:6]}"
    return taken_for(detectors, picture(colour), content)


def ours(kind: str, value: Any, **more: Any) -> dict[str, Any]:
    """Return a body in our shape with one input."""
    return {"inputs": [{kind: encoded(value) if kind == "image" else value, **more}]}


def openai(kind: str, value: Any) -> dict[str, Any]:
    """Return the same as OpenAI's clients send it."""
    if kind == "text":
        return {"model": "omni-moderation-latest", "input": value}
    part: Mapping[str, Any] = {"type": "image_url", "image_url": {"url": url_of(value)}}
    return {"model": "omni-moderation-latest", "input": [part]}
