"""Reading request bodies: JSON, in UTF-8, of bounded size and depth."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import IO, Any, ClassVar

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from tidegate.primitives.errors import InvalidInput, TooLarge

# An escape that may be half of a pair: only then is the text searched for a lone one.
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_SURROGATE = re.compile("[\ud800-\udfff]")


class StrictJson(BaseParser):
    """JSON as RFC 8259 has it: no NaN, no Infinity, and no text that UTF-8 cannot carry.

    DRF hands a parser the bare stream, past Django's own limit on bodies, so the limit is kept
    here. `largest_bytes` is another one, for bodies that carry pictures.
    """

    media_type = "application/json"
    largest_bytes: ClassVar[int | None] = None

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the document.

        Raises:
            TooLarge: more than `largest_bytes`, or else than DATA_UPLOAD_MAX_MEMORY_SIZE.
            ParseError: no JSON, not UTF-8, or nested too deeply.
            InvalidInput: `invalid_unicode`, pointing at the half of a surrogate pair.
        """
        largest = self.largest_bytes or settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(largest + 1)
        if len(body) > largest:
            raise TooLarge(f"The body is larger than is taken here ({largest >> 20} MB).")
        try:
            text = body.decode()
        except UnicodeDecodeError as error:
            raise ParseError("The body is not UTF-8.", code="not_utf8") from error
        try:
            document = json.loads(text, parse_constant=_refuse)
        except RecursionError as error:
            raise ParseError("The body is nested too deeply.", code="too_deep") from error
        except ValueError as error:
            raise ParseError(f"The body is not JSON: {error}.") from error
        if _SURROGATE_ESCAPE.search(text):
            _refuse_lone_surrogates(document)
        return document


def escaped(name: object) -> str:
    """Return a name as one segment of a JSON pointer (RFC 6901), fit for an answer."""
    quoted = str(name)[:64].encode("utf-8", "replace").decode()
    return quoted.replace("~", "~0").replace("/", "~1")


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _refuse_lone_surrogates(document: Any) -> None:
    for pointer, text in _texts(document):
        if _SURROGATE.search(text):
            raise InvalidInput(
                "This text holds half of a surrogate pair, which is no character.",
                code="invalid_unicode",
                pointer=pointer,
            )


def _texts(document: Any) -> Iterator[tuple[str, str]]:
    """Yield every text with its pointer, without recursion: depth is the caller's choice."""
    waiting: list[tuple[str, Any]] = [("", document)]
    while waiting:
        pointer, value = waiting.pop()
        if isinstance(value, str):
            yield pointer, value
        elif isinstance(value, list):
            waiting += [(f"{pointer}/{index}", item) for index, item in enumerate(value)]
        elif isinstance(value, dict):
            for name, item in value.items():
                yield f"{pointer}/{escaped(name)}", name
                waiting.append((f"{pointer}/{escaped(name)}", item))
