"""The wire between the gate and its detectors: what a detector model answers for one item.

Both ends use this module: the models inside Triton encode, the client decodes. An item that a
detector cannot read is an error of that item alone; its neighbours in the batch are judged.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from moderation.core.failures import UNREADABLE
from moderation.core.signals import Signal

_SCORE_DIGITS = 5


class Unreadable(ValueError):
    """An item that a detector cannot judge: not text, no picture, too long ..."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a detector found in one item; probabilities are 0..1."""

    scores: Mapping[str, float | None] = field(default_factory=dict)
    text: str | None = None
    language: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


def answer(
    contents: Sequence[bytes],
    *,
    judge: Callable[[bytes], Finding],
    version: str,
    on_failure: Callable[[str], None],
) -> list[bytes]:
    """Judge each item by itself and return the encoded answers, in order.

    Whatever goes wrong with an item becomes that item's error: the reader of the answer treats it
    as unavailable, which holds the item back and nothing else. Failures that are not the item's
    own fault are also told to `on_failure`.
    """
    answers = []
    for content in contents:
        try:
            answers.append(encode(judge(content), version=version))
        except Unreadable as error:
            answers.append(encode_error(f"{UNREADABLE}: {error}"))
        except Exception as error:  # noqa: BLE001  an item must not take its batch with it
            on_failure(repr(error))
            answers.append(encode_error(f"{type(error).__name__}: {error}"))
    return answers


def text_of(content: bytes, *, largest: int) -> str:
    """Return an item's text.

    Raises:
        Unreadable: when it is not UTF-8, or longer than `largest` characters.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable("the text is not UTF-8") from error
    if len(text) > largest:
        raise Unreadable(f"the text has {len(text)} characters, more than {largest}")
    return text


def encode(finding: Finding, *, version: str) -> bytes:
    """Return the RESULT of an item that was judged."""
    return _dump(
        {
            "scores": {
                hazard: None if score is None else round(float(score), _SCORE_DIGITS)
                for hazard, score in finding.scores.items()
            },
            "text": finding.text,
            "language": finding.language,
            "detail": dict(finding.detail),
            "version": version,
        }
    )


def encode_error(error: str) -> bytes:
    """Return the RESULT of an item that could not be judged."""
    return _dump({"error": error})


def decode(detector: str, result: bytes) -> Signal:
    """Read a RESULT; a malformed one is a signal with an error, never an exception."""
    try:
        document = json.loads(result)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        return Signal.unavailable(detector, f"malformed answer: {error}")
    if not isinstance(document, Mapping):
        return Signal.unavailable(detector, "malformed answer: not an object")
    if document.get("error") is not None:
        return Signal.unavailable(detector, str(document["error"]))
    scores = document.get("scores")
    if not isinstance(scores, Mapping) or not isinstance(document.get("version"), str):
        return Signal.unavailable(detector, "malformed answer: no scores or no version")
    text, language, detail = (document.get(name) for name in ("text", "language", "detail"))
    return Signal(
        detector=detector,
        version=document["version"],
        scores={str(hazard): _number(score) for hazard, score in scores.items()},
        text=text if isinstance(text, str) else None,
        language=language if isinstance(language, str) else None,
        detail=detail if isinstance(detail, Mapping) else {},
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _dump(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
