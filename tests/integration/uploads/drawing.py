"""Pictures to bring along."""

from io import BytesIO

from PIL import Image, ImageDraw


def picture(colour: str = "red", size: tuple[int, int] = (64, 48), kind: str = "JPEG") -> bytes:
    """A filled circle on white, as a file."""
    drawn = Image.new("RGB", size, "white")
    ImageDraw.Draw(drawn).ellipse((4, 4, size[0] - 4, size[1] - 4), fill=colour)
    buffer = BytesIO()
    drawn.save(buffer, kind)
    return buffer.getvalue()
