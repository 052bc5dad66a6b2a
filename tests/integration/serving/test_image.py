"""Our own image model, asked as the worker asks it, through a real Triton."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from generation.core.triton import (
    Cancelled,
    Done,
    Generator,
    InvalidRequest,
    Media,
    Piece,
    Progress,
)
from tidegate.stack import ports
from tidegate.stack.triton import TritonPorts, TritonServer

pytestmark = pytest.mark.triton


def started(folder: Path) -> TritonServer:
    chosen = ports.choose(("grpc", "http", "metrics"), home=folder, earlier={}, fixed={})
    return TritonServer(
        ports=TritonPorts(chosen["grpc"], chosen["http"], chosen["metrics"]),
        var_dir=folder,
        models=["tidegate_image"],
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TritonServer]:
    with started(tmp_path_factory.mktemp("triton")) as server:
        yield server


@pytest.fixture
def generator(server: TritonServer) -> Iterator[Generator]:
    with Generator(server.grpc_url) as generator:
        yield generator


def draw(
    generator: Generator,
    prompt: str,
    *,
    seed: int = 1,
    cancelled: Callable[[], bool] = lambda: False,
    **parameters: object,
) -> list[Piece]:
    return list(
        generator.stream(
            model="tidegate_image",
            prompt=prompt,
            parameters=parameters,
            seed=seed,
            deadline_seconds=120,
            cancelled=cancelled,
        )
    )


def picture_of(pieces: list[Piece]) -> bytes:
    (media,) = [piece for piece in pieces if isinstance(piece, Media)]
    return media.data


@pytest.mark.parametrize("prompt", ["a red heart", "一颗红心", "❤️", "x" * 1000])
def test_a_prompt_becomes_a_png(generator: Generator, prompt: str) -> None:
    pieces = draw(generator, prompt, steps=5)
    media, done = pieces[-2:]
    assert isinstance(media, Media)
    assert (media.media_type, media.width, media.height) == ("image/png", 256, 256)
    with Image.open(io.BytesIO(media.data)) as picture:
        assert (picture.format, picture.size, picture.mode) == ("PNG", (256, 256), "RGB")
        assert len(set(picture.resize((16, 16)).tobytes())) > 1
    assert isinstance(done, Done)
    assert done.finish_reason == "stop"
    assert done.model_version


def test_each_step_is_reported(generator: Generator) -> None:
    steps = [piece for piece in draw(generator, "sun", steps=7) if isinstance(piece, Progress)]
    assert steps == [Progress(step, 7) for step in range(1, 8)]


def test_twenty_steps_are_the_default(generator: Generator) -> None:
    steps = [piece for piece in draw(generator, "sun") if isinstance(piece, Progress)]
    assert len(steps) == 20


def test_the_same_seed_draws_the_same_bytes_and_another_seed_others(generator: Generator) -> None:
    first = picture_of(draw(generator, "a cat", steps=6, seed=7))
    assert picture_of(draw(generator, "a cat", steps=6, seed=7)) == first
    assert picture_of(draw(generator, "a cat", steps=6, seed=8)) != first


def test_the_same_seed_draws_the_same_bytes_after_a_restart(
    generator: Generator, tmp_path: Path
) -> None:
    first = picture_of(draw(generator, "一只猫", steps=6, seed=2**63 - 1))
    with started(tmp_path) as other, Generator(other.grpc_url) as restarted:
        assert picture_of(draw(restarted, "一只猫", steps=6, seed=2**63 - 1)) == first


def test_the_prompt_decides_the_picture(generator: Generator) -> None:
    heart = picture_of(draw(generator, "red heart", steps=8))
    assert picture_of(draw(generator, "blue car", steps=8)) != heart


def test_without_words_a_negative_prompt_changes_no_byte_and_with_words_the_picture(
    generator: Generator,
) -> None:
    plain = picture_of(draw(generator, "tree", steps=8))
    assert picture_of(draw(generator, "tree", steps=8, negative_prompt="")) == plain
    other = picture_of(draw(generator, "tree", steps=8, negative_prompt="green"))
    assert picture_of(draw(generator, "tree", steps=8, negative_prompt="green")) == other
    assert greenness(plain) > 20
    assert greenness(other) < greenness(plain) / 2


def test_a_colour_counts_more_than_the_words(generator: Generator) -> None:
    assert greenness(picture_of(draw(generator, "a red heart", steps=8, colour="green"))) > 20
    own = picture_of(draw(generator, "a cat", steps=8))
    assert picture_of(draw(generator, "a cat", steps=8, colour="blue")) != own


def greenness(png: bytes) -> float:
    """How much greener than red and blue a picture is in the middle, in steps of 255."""
    with Image.open(io.BytesIO(png)) as picture:
        middle = picture.convert("RGB").crop((64, 64, 192, 192))
        red, green, blue = middle.resize((1, 1), Image.Resampling.BOX).tobytes()
    return float(green - max(red, blue))


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({"steps": 4}, "steps must be between 5 and 50"),
        ({"steps": 51}, "steps must be between 5 and 50"),
        ({"steps": 7.5}, "steps must be a whole number"),
        ({"steps": "many"}, "steps must be a number"),
        ({"guidance": 0.5}, "guidance must be between 1 and 8"),
        ({"guidance": 9}, "guidance must be between 1 and 8"),
        ({"size": 512}, "size must be between 256 and 256"),
        ({"negative": "x"}, "unknown parameter negative"),
        ({"negative_prompt": 7}, "negative_prompt must be text"),
        ({"colour": "mauve"}, "colour must be one of own, red"),
    ],
)
def test_bad_parameters_are_refused_by_name(
    generator: Generator, parameters: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(InvalidRequest, match=complaint):
        draw(generator, "sun", **parameters)


def test_a_prompt_that_is_too_long_is_refused(generator: Generator) -> None:
    with pytest.raises(InvalidRequest, match="longer than 1000 characters"):
        draw(generator, "x" * 1001)


def test_a_cancelled_drawing_stops_and_the_next_one_is_drawn(generator: Generator) -> None:
    stop = threading.Event()
    pieces = generator.stream(
        model="tidegate_image",
        prompt="rocket",
        parameters={"steps": 50},
        seed=1,
        deadline_seconds=120,
        cancelled=stop.is_set,
    )
    assert next(pieces) == Progress(1, 50)
    stop.set()
    with pytest.raises(Cancelled):
        list(pieces)
    assert picture_of(draw(generator, "rocket", steps=5))
