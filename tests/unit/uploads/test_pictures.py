"""Pictures from strangers: recognised by their bytes, bounded, made anew."""

import struct
import zlib
from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageDraw, PngImagePlugin

from tidegate.primitives.errors import InvalidInput, TidegateError, TooLarge
from tidegate.uploads import pictures
from tidegate.uploads.pictures import KEPT_SIDE, read_picture, sniff

ORIENTATION, PLACE = 0x0112, 0x8825


def code_of(error: TidegateError) -> str:
    return error.errors[0].code if isinstance(error, InvalidInput) else error.code


def drawn(size: tuple[int, int] = (64, 48), mode: str = "RGB") -> Image.Image:
    """Red above, blue below."""
    picture = Image.new("RGB", size, "red")
    ImageDraw.Draw(picture).rectangle((0, size[1] // 2, *size), fill="blue")
    return picture.convert(mode)


def file_of(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def pixels_of(data: bytes) -> Image.Image:
    with Image.open(BytesIO(data)) as picture:
        picture.load()
        return picture


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few kilobytes that says that it is huge, and unpacks to it."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1 << 20), 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_of_any_taken_format_becomes_a_plain_png(kind: str) -> None:
    data = file_of(drawn(), kind)
    picture = read_picture(data)
    assert picture.source_type == f"image/{kind.lower()}"
    assert (picture.width, picture.height) == (64, 48)
    made = pixels_of(picture.data)
    assert (made.format, made.mode, made.size) == ("PNG", "RGB", (64, 48))
    assert read_picture(data) == picture


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        b"GIF8",
        b"RIFF\0\0\0\0WAVE",
        b"PK\x03\x04 image.png",
        b"BM" + bytes(60),
        b"II*\0" + bytes(60),
    ],
)
def test_what_only_calls_itself_a_picture_is_refused(data: bytes) -> None:
    assert sniff(data) is None
    with pytest.raises(InvalidInput) as refused:
        read_picture(data)
    assert code_of(refused.value) == "not_a_picture"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize("damage", ["cut short", "only its first bytes", "shuffled"])
def test_a_damaged_picture_is_refused(kind: str, damage: str) -> None:
    whole = file_of(drawn((200, 200)), kind)
    match damage:
        case "cut short":
            data = whole[: len(whole) // 2]
        case "only its first bytes":
            data = whole[:16]
        case _:
            data = whole[:20] + whole[20:][::-1]
    with pytest.raises(TidegateError) as refused:
        read_picture(data)
    assert code_of(refused.value) in {
        "picture_unreadable",
        "too_many_pixels",
        "picture_too_small",
    }


@pytest.mark.parametrize("side", [10_000, 60_000, 2**31 - 1])
def test_a_decompression_bomb_is_refused_by_what_it_says_of_itself(side: int) -> None:
    with pytest.raises(TidegateError) as refused:
        read_picture(bomb(side, side))
    assert code_of(refused.value) in {"too_many_pixels", "picture_unreadable"}


def test_too_many_bytes_are_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "LARGEST_BYTES", 100)
    with pytest.raises(TooLarge) as refused:
        read_picture(file_of(drawn()))
    assert refused.value.code == "upload_too_large"


def test_a_picture_with_nothing_to_work_on_is_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        read_picture(file_of(drawn((15, 400))))
    assert code_of(refused.value) == "picture_too_small"


def test_nothing_but_pixels_is_kept() -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "where I live")
    exif = Image.Exif()
    exif[ORIENTATION] = 1
    exif[PLACE] = {1: "N", 2: (52.0, 30.0, 0.0)}
    data = (
        file_of(drawn(), pnginfo=notes, exif=exif, icc_profile=b"profile" * 40, dpi=(300, 300))
        + b"<script>alert(1)</script>"
    )
    made = read_picture(data).data
    for secret in (b"where I live", b"profile", b"script", b"eXIf", b"iCCP", b"pHYs", b"tEXt"):
        assert secret not in made
    names = {made[at : at + 4] for at in _chunk_names(made)}
    assert names == {b"IHDR", b"IDAT", b"IEND"}


def _chunk_names(png: bytes) -> list[int]:
    places, at = [], 8
    while at < len(png):
        places.append(at + 4)
        at += 12 + int.from_bytes(png[at : at + 4])
    return places


@pytest.mark.parametrize(
    ("orientation", "size", "top_left", "bottom_right"),
    [
        (1, (64, 48), "red", "blue"),
        (3, (64, 48), "blue", "red"),
        (6, (48, 64), "blue", "red"),
        (8, (48, 64), "red", "blue"),
    ],
)
def test_the_cameras_orientation_is_applied(
    orientation: int, size: tuple[int, int], top_left: str, bottom_right: str
) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    made = pixels_of(read_picture(file_of(drawn(), exif=exif)).data)
    colours = {"red": (255, 0, 0), "blue": (0, 0, 255)}
    assert made.size == size
    assert made.getpixel((0, 0)) == colours[top_left]
    assert made.getpixel((made.width - 1, made.height - 1)) == colours[bottom_right]


def test_what_is_transparent_becomes_white_so_that_nothing_hides_behind_it() -> None:
    hidden = drawn(mode="RGBA")
    hidden.putalpha(0)
    made = pixels_of(read_picture(file_of(hidden)).data)
    assert made.getcolors() == [(64 * 48, (255, 255, 255))]


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "I;16"])
def test_every_kind_of_pixel_becomes_rgb(mode: str) -> None:
    if mode == "I;16":
        data = file_of(Image.new("I;16", (32, 32), 0x8000))
    else:
        data = file_of(drawn(mode=mode))
    made = pixels_of(read_picture(data).data)
    assert made.mode == "RGB"
    if mode == "I;16":
        assert made.getpixel((5, 5)) == (128, 128, 128)


def test_a_cmyk_jpeg_is_read() -> None:
    assert pixels_of(read_picture(file_of(drawn(mode="CMYK"), "JPEG")).data).mode == "RGB"


def test_of_an_animation_the_first_frame_is_taken() -> None:
    second = Image.new("RGB", (64, 48), "green")
    data = file_of(drawn(), "GIF", save_all=True, append_images=[second])
    assert pixels_of(read_picture(data).data).getpixel((1, 1)) == (255, 0, 0)


def test_a_large_picture_is_reduced_and_keeps_its_shape() -> None:
    picture = read_picture(file_of(drawn((5000, 2500)), "JPEG"))
    assert (picture.width, picture.height) == (KEPT_SIDE, KEPT_SIDE // 2)


@pytest.mark.parametrize(
    ("kind", "frames", "is_animated"),
    [
        ("GIF", 1, False),
        ("GIF", 3, True),
        ("PNG", 1, False),
        ("PNG", 3, True),
        ("WEBP", 1, False),
        ("WEBP", 3, True),
        ("JPEG", 1, False),
        # A photograph with a second picture inside (depth, brightness) shows one.
        ("MPO", 2, False),
    ],
)
def test_it_is_said_of_an_animation_that_it_shows_more(
    kind: str, frames: int, is_animated: object
) -> None:
    further = [drawn().rotate(90 * turn) for turn in range(1, frames)]
    options = {"save_all": True, "append_images": further} if further else {}
    picture = read_picture(file_of(drawn(), kind, **options))
    assert picture.is_animated is is_animated
    assert picture.source_pixels == 64 * 48
