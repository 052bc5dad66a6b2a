"""A generator that plays a script instead of running a model."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from generation.core.triton import Cancelled
from generation.core.wire import Done, Media, Piece, Progress, TextPiece

MODEL_VERSION = "0123456789abcdef"
PATIENCE_SECONDS = 30.0
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(64))


@dataclass
class FakeGenerator:
    """Yields its pieces and then `Done`; an exception among them is raised in its place.

    `before_each` runs before every piece: a test waits, cancels or breaks something there.
    With `waits_before`, that piece comes once the request was cancelled: it never should.
    """

    pieces: Sequence[Piece | Exception]
    before_each: Callable[[int], None] = lambda _: None
    waits_before: int | None = None
    asked: list[dict[str, object]] = field(default_factory=list)
    finish_reason: str = "stop"

    def stream(
        self,
        *,
        model: str,
        prompt: str,
        parameters: Mapping[str, object],
        seed: int,
        deadline_seconds: float,
        cancelled: Callable[[], bool],
        inputs: Mapping[str, bytes] = MappingProxyType({}),
    ) -> Iterator[Piece]:
        asked: dict[str, object] = {"model": model, "prompt": prompt, "seed": seed}
        asked["parameters"] = dict(parameters)
        if inputs:
            asked["inputs"] = dict(inputs)
        self.asked.append(asked)
        for index, piece in enumerate(self.pieces):
            self.before_each(index)
            if index == self.waits_before:
                _wait_for(cancelled)
            if cancelled():
                raise Cancelled("the request was cancelled")
            if isinstance(piece, Exception):
                raise piece
            yield piece
        yield Done(self.finish_reason, MODEL_VERSION)


def _wait_for(cancelled: Callable[[], bool]) -> None:
    """Give whoever cancels the time that a busy machine may need."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not cancelled() and time.monotonic() < until:
        time.sleep(0.01)


def writes(text: str, *, size: int = 7, finish_reason: str = "stop") -> FakeGenerator:
    """Return a generator that writes a text in pieces of `size` characters."""
    return FakeGenerator(
        [
            TextPiece(index, text[start : start + size])
            for index, start in enumerate(range(0, len(text), size))
        ],
        finish_reason=finish_reason,
    )


def draws(*, steps: int = 3) -> FakeGenerator:
    """Return a generator that reports steps and delivers a picture."""
    return FakeGenerator(
        [
            *(Progress(step, steps) for step in range(1, steps + 1)),
            Media("image/png", PNG, width=256, height=256),
        ]
    )


def breaks(error: Exception) -> FakeGenerator:
    """Return a generator that fails at once."""
    return FakeGenerator([error])
