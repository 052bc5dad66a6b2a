"""Reading request bodies and writing answers with serializers that are made once.

Making a serializer copies all of its fields, which takes longer than using them.
"""

import threading
from collections.abc import Mapping
from functools import cache
from typing import Any

from rest_framework.serializers import Serializer


def checked(form: type[Serializer[Any]], data: object) -> dict[str, Any]:
    """Return the clean values of a body, or raise ValidationError with a pointer per field.

    One instance of a form serves every request: it keeps nothing between calls.
    """
    values: dict[str, Any] = _prepared(form).run_validation(data)
    return values


def represented(
    shape: type[Serializer[Any]], instance: object, context: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a shape shows of an object, its context being these values.

    Each thread has its own instance of a shape, because the context is kept in it for a moment.
    """
    if shape not in _made.shapes:
        values: dict[str, Any] = {}
        _made.shapes[shape] = shape(context=values), values
    serializer, values = _made.shapes[shape]
    values |= context
    try:
        shown: dict[str, Any] = serializer.to_representation(instance)
    finally:
        values.clear()
    return shown


class _Made(threading.local):
    """The shapes of one thread, each with the dictionary that is its context."""

    def __init__(self) -> None:
        self.shapes: dict[type[Serializer[Any]], tuple[Serializer[Any], dict[str, Any]]] = {}


_made = _Made()


@cache
def _prepared(form: type[Serializer[Any]]) -> Serializer[Any]:
    return form()
