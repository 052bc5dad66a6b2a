"""What a request asks for, checked: shape and length, the way of the camera, the words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from generation.core.film import camera
from generation.core.wire import GenerateRequest, InvalidRequest

MAX_PROMPT_CHARACTERS: Final = 1_000
LONGEST_NARRATION: Final = 240
SHORTEST, LONGEST = 3.0, 8.0
SIZES: Final = (384, 512, 640)
PICTURE: Final = "picture"
"""The shape of the given picture, as far as players show it well."""
SHAPES: Final = {"square": (1, 1), "landscape": (16, 9), "portrait": (9, 16)}
CAPTIONS: Final = ("drawn", "beside", "none")
_DRAWING = ("towards", "steps", "guidance")
_COMMON = ("motion", "shape", "size", "seconds", "narration", "voice", "captions")


@dataclass(frozen=True, slots=True)
class Order:
    """A film as it is wanted.

    `size` is its longer side in pixels. `captions` of a narration are drawn into the pictures and
    kept beside them, only kept beside them, or neither.
    """

    prompt: str
    towards: str | None
    steps: int
    guidance: float
    motion: str
    shape: str
    size: int
    seconds: float
    narration: str | None
    voice: str | None
    captions: str
    seed: int

    def frame_size(self, picture: tuple[int, int] | None = None) -> tuple[int, int]:
        """Return width and height, both even; `picture` is the size of a given picture."""
        wide, high = SHAPES.get(self.shape, picture or (1, 1))
        # No narrower than a telephone's screen, no wider than a television's.
        ratio = min(16 / 9, max(9 / 16, wide / high))
        if ratio >= 1:
            return self.size, _even(self.size / ratio)
        return _even(self.size * ratio), self.size


def order_of(asked: GenerateRequest, *, has_picture: bool) -> Order:
    """Read a request.

    Raises:
        InvalidRequest: a parameter is unknown or out of its range.
    """
    asked.require_only(*_COMMON, *(() if has_picture else _DRAWING))
    size = asked.integer("size", minimum=SIZES[0], maximum=SIZES[-1], default=512)
    if size not in SIZES:
        raise InvalidRequest(f"size must be one of {', '.join(map(str, SIZES))}")
    try:
        motion = camera.chosen(
            asked.text("motion", max_characters=20) or camera.AUTOMATIC, asked.seed
        )
    except ValueError as error:
        raise InvalidRequest(str(error)) from error
    shapes = (PICTURE, *SHAPES) if has_picture else tuple(SHAPES)
    return Order(
        prompt=asked.prompt,
        towards=asked.text("towards", max_characters=MAX_PROMPT_CHARACTERS),
        steps=asked.integer("steps", minimum=5, maximum=50, default=20),
        guidance=asked.number("guidance", minimum=1, maximum=8, default=3.0),
        motion=motion,
        shape=_one_of(asked, "shape", shapes),
        size=size,
        seconds=asked.number("seconds", minimum=SHORTEST, maximum=LONGEST, default=4.0),
        narration=asked.text("narration", max_characters=LONGEST_NARRATION),
        voice=asked.text("voice", max_characters=40),
        captions=_one_of(asked, "captions", CAPTIONS),
        seed=asked.seed,
    )


def _one_of(asked: GenerateRequest, name: str, known: tuple[str, ...]) -> str:
    value = asked.text(name, max_characters=20) or known[0]
    if value not in known:
        raise InvalidRequest(f"{name} must be one of {', '.join(known)}")
    return value


def _even(length: float) -> int:
    return 2 * round(length / 2)
