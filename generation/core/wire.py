"""What a generator and its caller say to each other through Triton.

A request is one JSON document; a response is one JSON document about the event and the event's
bytes. Both ends use this module, so it is standard library only: the models import it beside
Triton, the worker imports it in the application.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

INVALID_PREFIX = "invalid request: "
MAX_SEED = 2**63 - 1
ORIGINAL = "original"
RENDITIONS = frozenset({ORIGINAL, "preview", "poster", "score", "midi", "notation", "captions"})
"""The forms in which one output may come; `tidegate.assets` keeps one of each for an asset."""
INPUT_TENSORS = {"image": "IMAGE", "mask": "MASK"}
"""The tensor that carries an input's bytes, by its name; each is an optional input of a model."""


class InvalidRequest(ValueError):
    """The request can never succeed as it is: the same request fails again."""


class UnreadableEvent(ValueError):
    """A generator said something that is not part of the contract."""


@dataclass(frozen=True, slots=True)
class TextPiece:
    """A piece of the text, whole code points; `index` counts from 0."""

    index: int
    text: str


@dataclass(frozen=True, slots=True)
class Progress:
    """`step` of `steps` are done."""

    step: int
    steps: int


@dataclass(frozen=True, slots=True)
class Media:
    """A finished file: pixels for pictures, milliseconds for sound.

    `rendition` says which form of its output this is. An `original` begins an output; every other
    form follows the original that it belongs to.
    """

    media_type: str
    data: bytes
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    rendition: str = ORIGINAL


@dataclass(frozen=True, slots=True)
class Done:
    """The last event: `stop` when the model ended by itself, `length` when it was cut off."""

    finish_reason: str
    model_version: str


Piece = TextPiece | Progress | Media | Done


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """A prompt, its parameters by name, and the seed that fixes every random choice."""

    prompt: str
    parameters: Mapping[str, object] = field(default_factory=dict)
    seed: int = 0

    def number(self, name: str, *, minimum: float, maximum: float, default: float) -> float:
        """A parameter as a finite number within its range.

        Raises:
            InvalidRequest: it is something else.
        """
        value = self.parameters.get(name, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise InvalidRequest(f"{name} must be a number")
        if not math.isfinite(value) or not minimum <= value <= maximum:
            raise InvalidRequest(f"{name} must be between {minimum:g} and {maximum:g}")
        return float(value)

    def integer(self, name: str, *, minimum: int, maximum: int, default: int) -> int:
        """A parameter as a whole number within its range.

        Raises:
            InvalidRequest: it is something else.
        """
        value = self.number(name, minimum=minimum, maximum=maximum, default=default)
        if value != int(value):
            raise InvalidRequest(f"{name} must be a whole number")
        return int(value)

    def text(self, name: str, *, max_characters: int) -> str | None:
        """A parameter as text, or None when it was not given or is empty.

        Raises:
            InvalidRequest: it is something else, or too long.
        """
        value = self.parameters.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise InvalidRequest(f"{name} must be text")
        if len(value) > max_characters:
            raise InvalidRequest(f"{name} is longer than {max_characters} characters")
        return value

    def document(self, name: str) -> dict[str, Any] | None:
        """A parameter as a JSON object, or None when it was not given.

        Raises:
            InvalidRequest: it is something else.
        """
        value = self.parameters.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise InvalidRequest(f"{name} must be an object")
        return value

    def require_only(self, *names: str) -> None:
        """Refuse a parameter that the model does not have.

        Raises:
            InvalidRequest: there is one.
        """
        unknown = sorted(set(self.parameters) - set(names))
        if unknown:
            raise InvalidRequest(
                f"unknown parameter {', '.join(unknown)}; this model has {', '.join(names)}"
            )


def encode_request(request: GenerateRequest) -> bytes:
    """The JSON document of a request."""
    document = {
        "prompt": request.prompt,
        "parameters": dict(request.parameters),
        "seed": request.seed,
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def decode_request(
    data: bytes, *, max_prompt_characters: int, needs_prompt: bool = True
) -> GenerateRequest:
    """Read a request and check what every model needs of it.

    A model that works on a given picture alone says that it needs no prompt.

    Raises:
        InvalidRequest: it is not such a document, or the prompt is empty or too long.
    """
    try:
        document = json.loads(data)
    except ValueError as exc:
        raise InvalidRequest("the request is not JSON") from exc
    if not isinstance(document, dict):
        raise InvalidRequest("the request is not an object")
    prompt = document.get("prompt")
    parameters = document.get("parameters", {})
    seed = document.get("seed", 0)
    if not isinstance(prompt, str) or (needs_prompt and not prompt.strip()):
        raise InvalidRequest("prompt must be text that says something")
    if len(prompt) > max_prompt_characters:
        raise InvalidRequest(f"prompt is longer than {max_prompt_characters} characters")
    if not isinstance(parameters, dict):
        raise InvalidRequest("parameters must be an object")
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= MAX_SEED:
        raise InvalidRequest(f"seed must be a whole number between 0 and {MAX_SEED}")
    return GenerateRequest(prompt, parameters, seed)


def encode_event(piece: Piece) -> tuple[bytes, bytes]:
    """The JSON document and the bytes of an event."""
    payload = b""
    document: dict[str, object]
    if isinstance(piece, TextPiece):
        document = {"kind": "text", "index": piece.index}
        payload = piece.text.encode()
    elif isinstance(piece, Progress):
        document = {"kind": "progress", "step": piece.step, "steps": piece.steps}
    elif isinstance(piece, Media):
        document = {
            "kind": "media",
            "media_type": piece.media_type,
            "rendition": piece.rendition,
        }
        sizes = {"width": piece.width, "height": piece.height, "duration_ms": piece.duration_ms}
        document |= {name: size for name, size in sizes.items() if size is not None}
        payload = piece.data
    else:
        document = {
            "kind": "done",
            "finish_reason": piece.finish_reason,
            "model_version": piece.model_version,
        }
    return json.dumps(document, separators=(",", ":")).encode(), payload


def decode_event(document: bytes, payload: bytes) -> Piece:
    """Read an event.

    Raises:
        UnreadableEvent: it is not one of the contract's.
    """
    try:
        event: dict[str, Any] = json.loads(document)
        kind = event["kind"]
        if kind == "text":
            return TextPiece(int(event["index"]), payload.decode())
        if kind == "progress":
            return Progress(int(event["step"]), int(event["steps"]))
        if kind == "media":
            sizes = {name: event.get(name) for name in ("width", "height", "duration_ms")}
            rendition = event.get("rendition", ORIGINAL)
            if rendition not in RENDITIONS:
                raise UnreadableEvent(f"the generator sent an unknown rendition: {rendition!r}")
            return Media(str(event["media_type"]), payload, **sizes, rendition=rendition)
        if kind == "done":
            return Done(str(event["finish_reason"]), str(event["model_version"]))
    except (ValueError, KeyError, TypeError) as exc:
        raise UnreadableEvent(f"the generator's event cannot be read: {exc}") from exc
    raise UnreadableEvent(f"the generator sent an unknown kind of event: {kind!r}")
