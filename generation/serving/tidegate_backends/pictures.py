"""Pictures in and out: what a request gives is opened with care, what is made becomes a PNG."""

from __future__ import annotations

import io

from PIL import Image, UnidentifiedImageError

from generation.core.wire import InvalidRequest

_MAX_PIXELS = 4096 * 4096
_FORMATS = ("PNG", "JPEG", "WEBP")


def open_picture(data: bytes, *, name: str, size: tuple[int, int] | None, mode: str) -> Image.Image:
    """Decode a given picture and fit it to the size that is made.

    Raises:
        InvalidRequest: it is no such file, or larger than 4096 x 4096 pixels.
    """
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
            if picture.width * picture.height > _MAX_PIXELS:
                raise InvalidRequest(f"{name} has more than {_MAX_PIXELS} pixels")
            whole = picture.convert(mode)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError) as exc:
        raise InvalidRequest(f"{name} is no picture that can be read: {exc}") from exc
    if size is None or whole.size == size:
        return whole
    return whole.resize(size, Image.Resampling.LANCZOS)


def to_png(picture: Image.Image) -> bytes:
    """Encode a picture; the same pixels give the same bytes."""
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, format="PNG")
    return buffer.getvalue()
