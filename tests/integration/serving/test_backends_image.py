"""Image pipelines of the published classes, by catalogue entry, through a real Triton."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any
from urllib.request import urlopen

import pytest
from PIL import Image

from generation.core.triton import Cancelled, Generator, InvalidRequest, Progress
from tests.integration.serving.backends import (
    ask,
    ask_together,
    build,
    entry,
    media_of,
    number,
    serving,
    words,
)
from tidegate.stack.triton import TritonServer

pytestmark = pytest.mark.triton

COMMON = [number("steps", 2), words("size", "32x32", "64x32"), words("negative_prompt")]
PICTURES = [
    {"name": name, "type": "image", "description": name, "optional": True}
    for name in ("image", "mask")
]
SDXL = entry(
    "sdxl",
    "diffusers_image",
    "image",
    {
        "source": "sdxl",
        "batch": 3,
        "queue_delay_ms": 500,
        "arguments": {"guidance_scale": 0.0},
        "adapters": [{"name": "ink", "source": "sdxl-lora", "weight": 2.0}],
    },
    [*COMMON, *PICTURES, number("strength", 0.9, maximum=1), words("adapter", "ink")],
    operations=["image-to-image", "inpaint"],
)
FLUX = entry(
    "flux",
    "diffusers_image",
    "image",
    {"source": "flux", "quantisation": "float8", "arguments": {"max_sequence_length": 32}},
    [*COMMON, number("guidance", 0.0)],
)
QWEN = entry(
    "qwen-image",
    "diffusers_image",
    "image",
    {
        "source": "qwen-image",
        "argument_names": {"guidance": "true_cfg_scale"},
        "arguments": {"max_sequence_length": 64},
    },
    [*COMMON, number("guidance", 4.0)],
)
CHECKED = entry(
    "checked", "diffusers_image", "image", {"source": "checked", "own_safety": "required"}, COMMON
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TritonServer]:
    folder = build(tmp_path_factory.mktemp("images"), "sdxl", "flux", "qwen-image", "checked")
    with serving(folder, SDXL, FLUX, QWEN, CHECKED) as server:
        yield server


@pytest.fixture
def generator(server: TritonServer) -> Iterator[Generator]:
    with Generator(server.grpc_url) as generator:
        yield generator


def picture(width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("model", ["sdxl", "flux", "qwen-image"])
def test_a_pipeline_draws_step_by_step_and_the_same_seed_draws_the_same_bytes(
    generator: Generator, model: str
) -> None:
    asked: dict[str, Any] = {"size": "64x32", "negative_prompt": "sand"}
    pieces = ask(generator, model, seed=2**62, **asked)
    media = media_of(pieces)
    with Image.open(io.BytesIO(media.data)) as drawn:
        assert (drawn.format, drawn.size, drawn.mode) == ("PNG", (64, 32), "RGB")
    assert (media.media_type, media.width, media.height) == ("image/png", 64, 32)
    assert [p for p in pieces if isinstance(p, Progress)] == [Progress(1, 2), Progress(2, 2)]
    assert media_of(ask(generator, model, seed=2**62, **asked)).data == media.data
    assert media_of(ask(generator, model, seed=8, **asked)).data != media.data


def test_requests_that_come_together_are_one_call_and_have_the_bytes_of_lone_ones(
    server: TritonServer, generator: Generator
) -> None:
    before = batches(server)
    together = ask_together(generator, "sdxl", [11, 12, 13], size="32x32")
    assert batches(server) - before < 3
    alone = [ask_together(generator, "sdxl", [seed], size="32x32")[0] for seed in (11, 12, 13)]
    assert [media_of(p).data for p in together] == [media_of(p).data for p in alone]


def test_requests_that_differ_come_out_right_though_they_came_together(
    generator: Generator,
) -> None:
    few = ask(generator, "sdxl", seed=3, steps=1, size="32x32")
    (other,) = ask_together(generator, "sdxl", [4], steps=3, size="64x32")
    assert (media_of(few).width, media_of(other).width) == (32, 64)


def test_an_adapter_changes_the_picture_and_is_off_again_afterwards(generator: Generator) -> None:
    plain = media_of(ask(generator, "sdxl", size="32x32")).data
    inked = media_of(ask(generator, "sdxl", size="32x32", adapter="ink")).data
    assert plain != inked
    assert media_of(ask(generator, "sdxl", size="32x32")).data == plain


def test_a_given_picture_and_a_mask_run_the_other_forms_of_the_same_weights(
    generator: Generator,
) -> None:
    given = {"image": picture(50, 70)}
    plain = media_of(ask(generator, "sdxl", size="32x32"))
    changed = media_of(ask(generator, "sdxl", size="32x32", inputs=given))
    filled = media_of(ask(generator, "sdxl", size="32x32", inputs=given | {"mask": picture(9, 9)}))
    assert (changed.width, filled.height) == (32, 32)
    assert len({plain.data, changed.data, filled.data}) == 3


@pytest.mark.parametrize(
    ("model", "inputs", "parameters", "words"),
    [
        ("sdxl", {}, {"steps": 1001}, "steps must be between"),
        ("sdxl", {}, {"size": "1x1"}, "size must be one of"),
        ("sdxl", {}, {"style": "ink"}, "unknown parameter style"),
        ("sdxl", {}, {"adapter": "oil"}, "adapter must be one of ink"),
        ("sdxl", {"image": b"GIF89a"}, {}, "no picture that can be read"),
        ("sdxl", {"mask": picture(8, 8)}, {}, "a mask needs the image"),
        ("flux", {"image": picture(8, 8)}, {}, "takes no image"),
        ("checked", {}, {"size": "32x32"}, "own safety checker refuses"),
    ],
)
def test_a_request_that_can_never_succeed_is_refused_with_the_reason(
    generator: Generator,
    model: str,
    inputs: dict[str, bytes],
    parameters: dict[str, Any],
    words: str,
) -> None:
    with pytest.raises(InvalidRequest, match=words):
        ask(generator, model, inputs=inputs, **parameters)


def test_a_cancelled_drawing_stops_between_two_steps(generator: Generator) -> None:
    seen: list[object] = []
    stream = generator.stream(
        model="qwen-image",
        prompt="x",
        parameters={"steps": 900, "size": "32x32"},
        seed=1,
        deadline_seconds=120,
        cancelled=lambda: len(seen) > 1,
    )
    with pytest.raises(Cancelled):
        seen.extend(stream)
    # The one instance answers the next request only when it has left the last one.
    assert ask(generator, "qwen-image", size="32x32", deadline_seconds=30)


def batches(server: TritonServer) -> int:
    """How often the model has been run, however many requests each time."""
    with urlopen(f"{server.http_url}/v2/models/sdxl/stats") as answer:  # noqa: S310  loopback
        return int(json.load(answer)["model_stats"][0]["execution_count"])
