"""Whether a finished text is the JSON that was asked for."""

import json
from collections.abc import Mapping
from typing import Any

from generation.core.structured.schemas import validator_of


class DoesNotFit(ValueError):
    """The text is no JSON, or not what its schema says; the message names the place."""


def check_answer(schema: Mapping[str, Any], text: str) -> Any:
    """Return what the text says.

    Raises:
        DoesNotFit: it is no JSON, or does not fit the schema.
    """
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise DoesNotFit(f"this is no JSON: {error}") from error
    for wrong in validator_of(schema).iter_errors(value):
        place = "/".join(str(step) for step in wrong.instance_path)
        raise DoesNotFit(f"/{place}: {wrong.message[:200]}")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
