"""Models that work on a given picture, asked as the worker asks them, through a real Triton."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

from generation.core.triton import Generator, InvalidRequest
from generation.core.wire import Done, Media, Piece, Progress
from tidegate.stack import ports
from tidegate.stack.serving_env import CHECKOUT
from tidegate.stack.triton import TritonPorts, TritonServer

pytestmark = pytest.mark.triton

MODELS = ("tidegate_image", "image_upscale", "image_stylise", "image_background")
GREEN, CREAM = (30, 160, 60), (250, 240, 210)


def started(folder: Path) -> TritonServer:
    chosen = ports.choose(("grpc", "http", "metrics"), home=folder, earlier={}, fixed={})
    return TritonServer(
        ports=TritonPorts(chosen["grpc"], chosen["http"], chosen["metrics"]),
        var_dir=folder,
        models_dir=Path(os.environ.get("TIDEGATE_MODELS_DIR", CHECKOUT / "var" / "models")),
        models=MODELS,
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TritonServer]:
    with started(tmp_path_factory.mktemp("triton")) as server:
        yield server


@pytest.fixture
def generator(server: TritonServer) -> Iterator[Generator]:
    with Generator(server.grpc_url) as generator:
        yield generator


def leaf(size: tuple[int, int] = (128, 128), ground: tuple[int, ...] = CREAM) -> Image.Image:
    """A green disc with a smooth edge on a flat ground."""
    large = Image.new("RGB", (size[0] * 4, size[1] * 4), ground)
    edge = (size[0], size[1], size[0] * 3, size[1] * 3)
    ImageDraw.Draw(large).ellipse(edge, fill=GREEN)
    return large.resize(size, Image.Resampling.BOX)


def png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def opened(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        return picture


def work(
    generator: Generator,
    model: str,
    inputs: dict[str, bytes],
    *,
    prompt: str = "",
    seed: int = 1,
    **parameters: object,
) -> list[Piece]:
    return list(
        generator.stream(
            model=model,
            prompt=prompt,
            parameters=parameters,
            seed=seed,
            deadline_seconds=120,
            cancelled=lambda: False,
            inputs=inputs,
        )
    )


def made(pieces: list[Piece]) -> Image.Image:
    *_, media, done = pieces
    assert isinstance(media, Media)
    assert isinstance(done, Done)
    assert done.model_version
    picture = opened(media.data)
    assert (media.media_type, media.width, media.height) == ("image/png", *picture.size)
    return picture


def distance(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of two pictures, 0..255."""
    difference = ImageChops.difference(one.convert("RGB"), other.convert("RGB").resize(one.size))
    return sum(ImageStat.Stat(difference).mean) / 3


def test_the_less_strength_the_more_of_the_picture_stays(generator: Generator) -> None:
    given = leaf(ground=(255, 255, 255))
    gentle, bold = (
        work(
            generator,
            "tidegate_image",
            {"image": png(given)},
            prompt="red heart",
            strength=strength,
            steps=10,
        )
        for strength in (0.2, 1.0)
    )
    assert [piece for piece in gentle if isinstance(piece, Progress)] == [
        Progress(1, 2),
        Progress(2, 2),
    ]
    assert made(gentle).size == (256, 256)
    assert distance(made(gentle), given) < distance(made(bold), given)


def test_variations_of_one_picture_differ_by_seed_and_need_no_words(generator: Generator) -> None:
    given = {"image": png(leaf(ground=(255, 255, 255)))}
    one, again, other = (
        made(work(generator, "tidegate_image", given, seed=seed, strength=0.45, steps=8))
        for seed in (7, 7, 8)
    )
    assert one.tobytes() == again.tobytes()
    assert one.tobytes() != other.tobytes()


@pytest.mark.parametrize("size", [(128, 128), (300, 190)])
def test_outside_of_the_mask_no_pixel_changes(generator: Generator, size: tuple[int, int]) -> None:
    given = leaf(size)
    mask = Image.new("L", size, 0)
    ImageDraw.Draw(mask).rectangle((size[0] // 2, 0, *size), fill=255)
    drawn = made(
        work(
            generator,
            "tidegate_image",
            {"image": png(given), "mask": png(mask)},
            prompt="blue heart",
            strength=1.0,
            steps=8,
            guidance=4.0,
        )
    )
    left, right = (0, 0, size[0] // 2, size[1]), (size[0] // 2, 0, *size)
    assert drawn.size == size
    assert drawn.crop(left).tobytes() == given.crop(left).tobytes()
    assert drawn.crop(right).tobytes() != given.crop(right).tobytes()


@pytest.mark.parametrize("factor", [2, 4])
def test_an_enlarged_picture_is_nearer_to_the_large_one_than_lanczos_and_has_no_halo(
    generator: Generator, factor: int
) -> None:
    small, large = leaf(), leaf((128 * factor, 128 * factor))
    picture = made(work(generator, "image_upscale", {"image": png(small)}, factor=factor))
    assert picture.size == large.size
    plain = small.resize(large.size, Image.Resampling.LANCZOS)
    assert distance(picture, large) < distance(plain, large)
    for band, source in zip(picture.split(), small.split(), strict=True):
        shades, allowed = set(band.tobytes()), set(source.tobytes())
        assert min(allowed) - 1 <= min(shades)
        assert max(shades) <= max(allowed) + 1


def test_a_style_repaints_a_picture_and_styles_mix(generator: Generator) -> None:
    given = {"image": png(leaf((200, 150)))}
    one, other, mixed = (
        made(work(generator, "image_stylise", given, **wanted))
        for wanted in (
            {"style": 3, "mix": 0},
            {"style": 12, "mix": 0},
            {"style": 3, "second_style": 12, "mix": 0.5},
        )
    )
    assert one.size == (200, 150)
    assert len({picture.tobytes() for picture in (one, other, mixed)}) == 3
    untouched = made(work(generator, "image_stylise", given, style=3, strength=0))
    assert untouched.tobytes() == leaf((200, 150)).tobytes()
    coloured = made(work(generator, "image_stylise", given, style=3, colours="original"))
    assert distance(coloured, leaf((200, 150))) < distance(one, leaf((200, 150)))


def test_a_ground_is_replaced_without_a_fringe(generator: Generator) -> None:
    given = {"image": png(leaf())}
    blue = made(work(generator, "image_background", given, colour="#2040c0"))
    assert distance(blue, leaf(ground=(0x20, 0x40, 0xC0))) < 1.0
    assert blue.getpixel((0, 0)) == (0x20, 0x40, 0xC0)
    assert blue.getpixel((64, 64)) == GREEN


def test_a_ground_is_removed_and_nothing_hides_where_it_was(generator: Generator) -> None:
    cut = made(work(generator, "image_background", {"image": png(leaf())}, colour="transparent"))
    assert cut.mode == "RGBA"
    assert cut.getpixel((0, 0)) == (255, 255, 255, 0)
    assert cut.getpixel((64, 64)) == (*GREEN, 255)
    on_red = Image.alpha_composite(Image.new("RGBA", cut.size, (200, 0, 0, 255)), cut)
    assert distance(on_red, leaf(ground=(200, 0, 0))) < 1.0


@pytest.mark.parametrize(
    ("model", "parameters"),
    [
        ("tidegate_image", {"strength": 0.5, "steps": 6}),
        ("image_upscale", {"factor": 2}),
        ("image_stylise", {"style": 19}),
        ("image_background", {"colour": "#ffffff"}),
    ],
)
def test_the_same_request_gives_the_same_bytes_after_a_restart(
    generator: Generator, restarted: Generator, model: str, parameters: dict[str, Any]
) -> None:
    given = {"image": png(leaf())}
    answers = [
        work(asked, model, given, prompt="leaf", seed=2**53, **parameters)
        for asked in (generator, generator, restarted)
    ]
    first = made(answers[0])
    assert all(made(pieces).tobytes() == first.tobytes() for pieces in answers)
    files = {piece.data for pieces in answers for piece in pieces if isinstance(piece, Media)}
    assert len(files) == 1


@pytest.fixture(scope="module")
def restarted(
    server: TritonServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Generator]:
    """The same models in another server."""
    with started(tmp_path_factory.mktemp("again")) as other, Generator(other.grpc_url) as asked:
        yield asked


NOISE = Image.effect_noise((64, 64), 90).convert("RGB")
PICTURE = png(Image.new("RGB", (64, 64), "white"))


@pytest.mark.parametrize(
    ("model", "inputs", "parameters", "complaint"),
    [
        ("image_upscale", {}, {}, "image is missing"),
        ("image_upscale", {"image": b"no picture"}, {}, "image is no picture"),
        ("image_upscale", {"image": PICTURE}, {"factor": 3}, "factor must be 2 or 4"),
        ("image_upscale", {"image": PICTURE}, {"steps": 3}, "unknown parameter steps"),
        ("image_upscale", {"image": png(leaf((1500, 20)))}, {"factor": 4}, "more than 4096"),
        ("image_stylise", {"image": PICTURE}, {"style": 26}, "style must be between 0 and 25"),
        ("image_stylise", {"image": PICTURE}, {"colours": "mine"}, "colours must be one of"),
        ("image_background", {"image": PICTURE}, {"colour": "mauve"}, "transparent or #rrggbb"),
        ("image_background", {"image": png(NOISE)}, {}, "less than a quarter of the border"),
        ("tidegate_image", {"mask": PICTURE}, {}, "a mask is of no use"),
        (
            "tidegate_image",
            {"image": PICTURE, "mask": png(Image.new("L", (64, 64), 0))},
            {},
            "the mask is white nowhere",
        ),
        ("tidegate_image", {"image": PICTURE}, {"strength": 0}, "strength must be between"),
    ],
)
def test_what_cannot_be_worked_on_is_refused_by_name(
    generator: Generator,
    model: str,
    inputs: dict[str, bytes],
    parameters: dict[str, Any],
    complaint: str,
) -> None:
    with pytest.raises(InvalidRequest, match=complaint):
        work(generator, model, inputs, prompt="x", **parameters)
