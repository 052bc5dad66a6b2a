"""Checks over HTTP, beside the same contents asked of the detectors directly.

Every content is new: texts and pictures that were judged before are remembered, by the gate and
by the detectors. Workers are stopped meanwhile, as in `accept`; the direct call sends each
picture's bytes as they are, the endpoint gets them in base64 and encodes the pixels anew.
"""

import base64
import secrets
import time
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any

import httpx
from django.conf import settings
from PIL import Image, ImageDraw

from moderation.core.triton import Detectors, Question
from tests.benchmarks.figures import Result, percentile
from tests.benchmarks.stand import Client, Stand

_TURNS = 6
_DEADLINE_SECONDS = 20.0
_SIZE = (512, 384)
_PATH = "/api/v1/moderations"
_PLACES = ("harbour", "market", "meadow", "station", "library", "orchard", "bridge", "cottage")
_WEATHER = ("sunny", "cloudy", "windy", "rainy", "misty", "frosty", "mild", "bright")

Call = Callable[[], float]


def measure(stand: Stand) -> Result:
    """Return p50 and p95 in milliseconds of each kind of call, and the ratios of the p50."""
    result = Result("moderations")
    detectors = Detectors(settings.TRITON_GRPC_URL)
    with stand.web() as url, stand.paused("worker-"):
        http = Client.fresh(url).http
        for name, times, through, directly in (
            ("text", 240, lambda: _texts(http, 1), lambda: _ask_texts(detectors, 1)),
            ("openai_text", 240, lambda: _openai(http), lambda: _ask_texts(detectors, 1)),
            ("texts_16", 60, lambda: _texts(http, 16), lambda: _ask_texts(detectors, 16)),
            ("image", 60, lambda: _image(http), lambda: _ask_image(detectors)),
        ):
            _add(result, name, *_in_turns(times, through, directly))
    detectors.close()
    result.notes.append("ratio: the p50 of the endpoint over that of the detectors' direct call")
    return result


def _in_turns(times: int, through: Call, directly: Call) -> tuple[list[float], list[float]]:
    """Call both sides in turns, so that a busy moment of the machine meets both."""
    for _ in range(3):
        through()
        directly()
    ours: list[float] = []
    bare: list[float] = []
    for _ in range(_TURNS):
        ours += [through() for _ in range(times // _TURNS)]
        bare += [directly() for _ in range(times // _TURNS)]
    return ours, bare


def _add(result: Result, name: str, ours: Sequence[float], bare: Sequence[float]) -> None:
    for side, values in (("", ours), ("_direct", bare)):
        result.figures[f"{name}{side}_p50_ms"] = percentile(values, 0.5)
        result.figures[f"{name}{side}_p95_ms"] = percentile(values, 0.95)
    result.figures[f"{name}_ratio"] = percentile(ours, 0.5) / percentile(bare, 0.5)


def _texts(http: httpx.Client, count: int) -> float:
    body = {"inputs": [{"text": _sentence()} for _ in range(count)]}
    answer, taken = _sent(http, body)
    _require(all(one["verdict"] == "release" for one in answer["results"]), answer)
    return taken


def _openai(http: httpx.Client) -> float:
    answer, taken = _sent(http, {"model": "omni-moderation-latest", "input": _sentence()})
    _require(not answer["results"][0]["flagged"], answer)
    return taken


def _image(http: httpx.Client) -> float:
    body = {"inputs": [{"image": base64.b64encode(_picture()).decode()}]}
    answer, taken = _sent(http, body)
    _require(answer["results"][0]["verdict"] == "release", answer)
    return taken


def _sent(http: httpx.Client, body: dict[str, Any]) -> tuple[dict[str, Any], float]:
    began = time.perf_counter()
    response = http.post(_PATH, json=body)
    taken = (time.perf_counter() - began) * 1000
    response.raise_for_status()
    answer: dict[str, Any] = response.json()
    return answer, taken


def _ask_texts(detectors: Detectors, count: int) -> float:
    contents = [_sentence().encode() for _ in range(count)]
    return _asked(detectors, [Question("text_hazards", contents)])


def _ask_image(detectors: Detectors) -> float:
    content = [_picture()]
    return _asked(
        detectors,
        [Question(name, content) for name in ("image_safety", "image_gore", "image_text")],
    )


def _asked(detectors: Detectors, questions: Sequence[Question]) -> float:
    began = time.perf_counter()
    answers = detectors.ask(questions, _DEADLINE_SECONDS)
    taken = (time.perf_counter() - began) * 1000
    _require(all(signal.is_available for signals in answers for signal in signals), answers)
    return taken


def _require(is_so: bool, answer: object) -> None:  # noqa: FBT001  # an assertion that stays
    if not is_so:
        raise RuntimeError(f"not the answer that is measured: {answer}")


def _sentence() -> str:
    """Return a harmless text of one sentence that was never judged before."""
    number = secrets.randbelow(10**7)
    place, weather = _PLACES[number % 8], _WEATHER[number // 8 % 8]
    return f"The {weather} morning at the old {place} began with {number} birds in the sky."


def _picture() -> bytes:
    """Return a picture without words that was never judged before, as PNG."""
    image = Image.new("RGB", _SIZE, (120, 180, 230))
    draw = ImageDraw.Draw(image)
    colour = (secrets.randbelow(256), secrets.randbelow(256), secrets.randbelow(256))
    draw.rectangle((0, 250, *_SIZE), fill=(90, 150, 70))
    draw.ellipse((secrets.randbelow(300), 30, 460, 110), fill=colour)
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
