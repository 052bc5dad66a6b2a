"""Our own films, asked as the worker asks, taken apart as the gate does, through a real Triton."""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

from generation.core.triton import Cancelled, Generator, InvalidRequest
from generation.core.wire import Done, Media, Piece, Progress
from moderation.core.films import Film
from moderation.core.triton import Detectors
from tidegate.stack import ports
from tidegate.stack.serving_env import CHECKOUT
from tidegate.stack.triton import TritonPorts, TritonServer

pytestmark = pytest.mark.triton

GENERATORS = ("tidegate_video", "kokoro_speech")
SMALL = {"size": 384, "seconds": 3}
NARRATION = "The red rocket flies to the moon."


def started(folder: Path, *further: str) -> TritonServer:
    chosen = ports.choose(("grpc", "http", "metrics"), home=folder, earlier={}, fixed={})
    return TritonServer(
        ports=TritonPorts(chosen["grpc"], chosen["http"], chosen["metrics"]),
        var_dir=folder,
        models_dir=Path(os.environ.get("TIDEGATE_MODELS_DIR", CHECKOUT / "var" / "models")),
        models=[*GENERATORS, *further],
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TritonServer]:
    folder = tmp_path_factory.mktemp("triton")
    with started(folder, "video_cuts", "speech_text") as server:
        yield server


@pytest.fixture(scope="module")
def generator(server: TritonServer) -> Iterator[Generator]:
    with Generator(server.grpc_url) as generator:
        yield generator


@pytest.fixture(scope="module")
def detectors(server: TritonServer) -> Iterator[Detectors]:
    detectors = Detectors(server.grpc_url)
    yield detectors
    detectors.close()


def asked(
    generator: Generator, prompt: str, *, image: bytes | None = None, **parameters: Any
) -> list[Piece]:
    return list(
        generator.stream(
            model="tidegate_video",
            prompt=prompt,
            parameters=SMALL | parameters,
            seed=7,
            deadline_seconds=300,
            cancelled=lambda: False,
            inputs={} if image is None else {"image": image},
        )
    )


def forms(pieces: list[Piece]) -> dict[str, Media]:
    return {piece.rendition: piece for piece in pieces if isinstance(piece, Media)}


def digests(pieces: list[Piece]) -> dict[str, str]:
    return {name: hashlib.sha256(form.data).hexdigest() for name, form in forms(pieces).items()}


def opened(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as picture:
        return picture.convert("RGB")


def difference(one: bytes, other: bytes) -> float:
    """Mean difference of two pictures, 0..255."""
    changed = ImageChops.difference(opened(one), opened(other)).convert("L")
    return float(ImageStat.Stat(changed).mean[0])


@pytest.fixture(scope="module")
def told(generator: Generator) -> list[Piece]:
    """A narrated film, made once for what is looked at in it."""
    return asked(generator, "a red rocket", motion="push-in", narration=NARRATION)


@pytest.fixture(scope="module")
def taken_apart(told: list[Piece], detectors: Detectors) -> Film:
    return detectors.cut(forms(told)["original"].data, 60.0)


def test_a_film_comes_with_poster_preview_and_captions(told: list[Piece]) -> None:
    found = forms(told)
    assert {name: form.media_type for name, form in found.items()} == {
        "original": "video/mp4",
        "poster": "image/jpeg",
        "preview": "video/mp4",
        "captions": "text/vtt",
    }
    original = found["original"]
    assert (original.width, original.height) == (384, 384)
    assert opened(found["poster"].data).size == (384, 384)
    assert found["captions"].data.decode().endswith(f"{NARRATION}\n")
    steps = [piece for piece in told if isinstance(piece, Progress)]
    assert steps[-1].step == steps[-1].steps
    assert isinstance(told[-1], Done)


def test_the_index_is_first_so_that_players_can_seek(told: list[Piece]) -> None:
    for name in ("original", "preview"):
        data = forms(told)[name].data
        assert 0 < data.index(b"moov") < data.index(b"mdat")
        assert b"avc1" in data


def test_the_gate_sees_the_pictures_and_hears_the_words(
    taken_apart: Film, told: list[Piece], detectors: Detectors
) -> None:
    (cut,) = taken_apart.signals
    assert cut.error is None
    seconds = (forms(told)["original"].duration_ms or 0) / 1000
    assert cut.detail["seconds"] == pytest.approx(seconds, abs=0.01)
    assert len(taken_apart.stills) >= 5
    assert difference(taken_apart.stills[0].data, taken_apart.stills[-1].data) > 2
    (heard,) = detectors.detect("speech_text", list(taken_apart.sounds), 60.0)
    assert {"red", "rocket", "moon"} <= set(re.findall(r"\w+", (heard.text or "").lower()))


def test_a_film_outlasts_its_narration_and_is_as_long_as_asked_without(
    generator: Generator, told: list[Piece], detectors: Detectors
) -> None:
    end = forms(told)["captions"].data.decode().splitlines()[2].split(" --> ")[1]
    spoken_ms = 1000 * float(end.rpartition(":")[2])
    assert (forms(told)["original"].duration_ms or 0) >= spoken_ms + 500
    silent = forms(asked(generator, "a red rocket", towards="a yellow star"))
    assert silent["original"].duration_ms == 3000
    assert "captions" not in silent
    film = detectors.cut(silent["original"].data, 60.0)
    assert film.sounds == ()
    assert difference(film.stills[0].data, film.stills[-1].data) > 5


def test_a_given_picture_moves_in_its_own_shape(generator: Generator, detectors: Detectors) -> None:
    picture = Image.linear_gradient("L").resize((320, 200)).convert("RGB")
    ImageDraw.Draw(picture).ellipse((40, 30, 160, 150), fill=(200, 40, 40))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    found = forms(asked(generator, "", image=buffer.getvalue(), motion="pan-right"))
    assert (found["original"].width, found["original"].height) == (384, 240)
    film = detectors.cut(found["original"].data, 60.0)
    assert difference(film.stills[0].data, film.stills[-1].data) > 2


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"motion": "backflip"}, "motion must be one of"),
        ({"seconds": 60}, "seconds must be between"),
        ({"narration": "Привет"}, "narration: "),
        ({"shape": "picture"}, "shape must be one of"),
    ],
)
def test_what_cannot_be_made_is_refused_with_the_reason(
    generator: Generator, parameters: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidRequest, match=message):
        asked(generator, "a red rocket", **parameters)


def test_a_film_that_nobody_waits_for_is_given_up(generator: Generator) -> None:
    with pytest.raises(Cancelled):
        list(
            generator.stream(
                model="tidegate_video",
                prompt="a castle",
                parameters={},
                seed=1,
                deadline_seconds=300,
                cancelled=lambda: True,
            )
        )


def test_what_is_no_film_is_said_to_be_none(detectors: Detectors, told: list[Piece]) -> None:
    whole = forms(told)["original"].data
    for data in (b"", b"no film", whole[: len(whole) // 2], whole.replace(b"avc1", b"xxxx")):
        film = detectors.cut(data, 60.0)
        assert film.stills == ()
        assert film.signals[0].error


def test_the_same_request_makes_the_same_bytes_in_another_server(
    told: list[Piece], server: TritonServer, tmp_path: Path
) -> None:
    with started(tmp_path) as another, Generator(another.grpc_url) as generator:
        again = asked(generator, "a red rocket", motion="push-in", narration=NARRATION)
    assert digests(again) == digests(told)
    assert again[-1] == told[-1]
