"""Reading a picture from a stranger: recognised by its bytes, bounded, and made anew.

Only the decoded pixels survive. Everything else that a file may carry (EXIF with a place, an ICC
profile, comments, further frames, bytes behind the end) is left behind with the original.
"""

import hashlib
import struct
from dataclasses import dataclass
from io import BytesIO
from typing import Final

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from tidegate.primitives.errors import FieldError, InvalidInput, TooLarge

LARGEST_BYTES: Final = 12 * 1024 * 1024
LARGEST_PIXELS: Final = 40_000_000
SMALLEST_SIDE: Final = 16
KEPT_SIDE: Final = 2048
MEDIA_TYPE: Final = "image/png"

_ORIENTATION: Final = 0x0112
_UNREADABLE: Final = (
    UnidentifiedImageError,
    OSError,
    ValueError,
    SyntaxError,  # what Pillow raises for a broken PNG chunk
    EOFError,
    IndexError,
    struct.error,
)
_BOMBS: Final = (Image.DecompressionBombError, Image.DecompressionBombWarning)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is kept: a PNG of opaque RGB pixels, at most 2048 on a side.

    `source_sha256` (hexadecimal), `source_type` and `source_pixels` (their number) are those of the
    file as it was sent; `is_animated` says that it shows more than this picture.
    """

    data: bytes
    width: int
    height: int
    source_sha256: str
    source_type: str
    source_pixels: int
    is_animated: bool


def sniff(data: bytes) -> str | None:
    """Return the Pillow name of a format that is taken, by its first bytes, or None."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[:6] in {b"GIF87a", b"GIF89a"}:
        return "GIF"
    return None


def read_picture(data: bytes, *, pointer: str = "/file") -> Picture:
    """Decode a file and encode its pixels anew; the same file gives the same bytes.

    Of an animation the first frame is taken. What is transparent becomes white: a detector that
    looks at colours alone must not see another picture than people do. `pointer` says in errors
    where in the request the picture stands.

    Raises:
        TooLarge: more bytes or pixels than are taken; decided before anything is unpacked.
        InvalidInput: no PNG, JPEG, WebP or GIF, a damaged one, or one too small to work on.
    """
    if len(data) > LARGEST_BYTES:
        raise TooLarge(f"A picture may have {LARGEST_BYTES >> 20} MiB.", code="upload_too_large")
    kind = sniff(data)
    if kind is None:
        raise _refused(FieldError(pointer, "not_a_picture", "This is no PNG, JPEG, WebP or GIF."))
    try:
        with Image.open(BytesIO(data), formats=[kind]) as opened:
            _require_bearable(opened, pointer)
            pixel_count = opened.width * opened.height
            # A photograph with a second picture inside (depth, brightness) shows one.
            is_animated = kind != "JPEG" and bool(getattr(opened, "is_animated", False))
            # A JPEG is decoded at the fraction of its size that is enough.
            opened.draft("RGB", (KEPT_SIDE, KEPT_SIDE))
            opened.load()
            pixels = _opaque(_upright(opened))
    except _BOMBS as error:
        raise _too_many_pixels() from error
    except _UNREADABLE as error:
        raise _refused(
            FieldError(pointer, "picture_unreadable", "The picture is damaged or incomplete.")
        ) from error
    pixels.thumbnail((KEPT_SIDE, KEPT_SIDE), Image.Resampling.LANCZOS)
    return Picture(
        data=_encoded(pixels),
        width=pixels.width,
        height=pixels.height,
        source_sha256=hashlib.sha256(data).hexdigest(),
        source_type=f"image/{kind.lower()}",
        source_pixels=pixel_count,
        is_animated=is_animated,
    )


def _require_bearable(opened: Image.Image, pointer: str) -> None:
    if opened.width * opened.height > LARGEST_PIXELS:
        raise _too_many_pixels()
    if min(opened.size) < SMALLEST_SIDE:
        raise _refused(
            FieldError(pointer, "picture_too_small", f"Both sides need {SMALLEST_SIDE} pixels.")
        )


def _refused(why: FieldError) -> InvalidInput:
    return InvalidInput("The picture cannot be taken.", errors=[why])


def _too_many_pixels() -> TooLarge:
    return TooLarge(
        f"A picture may have {LARGEST_PIXELS // 1_000_000} million pixels.",
        code="too_many_pixels",
    )


def _upright(picture: Image.Image) -> Image.Image:
    """Turn the pixels as the camera's note says; the note itself is not kept."""
    if picture.getexif().get(_ORIENTATION, 1) == 1:
        return picture
    return ImageOps.exif_transpose(picture)


def _opaque(picture: Image.Image) -> Image.Image:
    """Return RGB pixels on white, in an image that carries nothing else."""
    if picture.mode.startswith("I"):
        # Sixteen bits of grey: Pillow's own conversion would cut them off at 255.
        grey = np.asarray(picture).astype(np.int64) >> 8
        picture = Image.fromarray(grey.clip(0, 255).astype(np.uint8))
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        ground = Image.new("RGBA", layer.size, "white")
        picture = Image.alpha_composite(ground, layer)
    rgb = picture.convert("RGB")
    return Image.frombytes("RGB", rgb.size, rgb.tobytes())


def _encoded(pixels: Image.Image) -> bytes:
    buffer = BytesIO()
    pixels.save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()
