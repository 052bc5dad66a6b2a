"""Byte ranges and validators of HTTP (RFC 9110, sections 13 and 14). Pure."""

import re
from dataclasses import dataclass

_SINGLE = re.compile(r"bytes=(\d*)-(\d*)")


class Unsatisfiable(ValueError):
    """The range starts behind the end: 416."""


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes `start` to `end`, both included."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """How many bytes."""
        return self.end - self.start + 1


def span_of(header: str, size: int) -> Span | None:
    """Read a Range header against `size` bytes; None means: serve the whole.

    Several ranges and unknown units are served whole, which the RFC allows.

    Raises:
        Unsatisfiable: no byte of the content is meant.
    """
    match = _SINGLE.fullmatch(header.replace(" ", ""))
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if first == "":
        count = int(last)
        if count == 0 or size == 0:
            raise Unsatisfiable(header)
        return Span(max(0, size - count), size - 1)
    start = int(first)
    end = min(int(last), size - 1) if last else size - 1
    if last and int(last) < start:
        return None
    if start >= size:
        raise Unsatisfiable(header)
    return Span(start, end)


def names(header: str, etag: str) -> bool:
    """Whether an If-None-Match header names this entity tag (weak comparison) or any."""
    tags = {tag.strip().removeprefix("W/") for tag in header.split(",")}
    return "*" in tags or etag in tags
