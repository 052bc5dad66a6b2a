"""A model's parameters as JSON Schema 2020-12: what forms are drawn from and clients check with.

The schema and `check_parameters` say the same of numbers and choices. Two things only the check
says, because the schema language cannot: 20.0 is no whole number, and a text's length counts
after its outer white space is gone.
"""

from collections.abc import Callable, Mapping
from typing import Any

from generation.core.catalogue.model import Model, Parameter

DIALECT = "https://json-schema.org/draft/2020-12/schema"
KIND = "x-kind"
"""Our own keyword: the parameter's type in the catalogue, which decides how a form shows it."""


def parameters_schema(model: Model) -> dict[str, Any]:
    """Return the schema of the `parameters` of a request, its words in the model's language.

    Translate the model first (`Model.translated`) for another one.
    """
    required = [
        item.name for item in model.parameters if item.default is None and not item.is_optional
    ]
    return {
        "$schema": DIALECT,
        "$id": f"urn:tidegate:models:{model.name}:{model.version}:parameters",
        "title": model.title,
        "type": "object",
        "properties": {item.name: _property(item) for item in model.parameters},
        **({"required": required} if required else {}),
        "additionalProperties": False,
    }


def _property(parameter: Parameter) -> dict[str, Any]:
    written = {
        **_SHAPES[parameter.type](parameter),
        "description": parameter.description,
        KIND: parameter.type,
    }
    if parameter.options:
        # A choice decides alone; a range beside it would only repeat it.
        for bound in ("minimum", "maximum"):
            written.pop(bound, None)
        written["oneOf"] = [
            {
                "const": option.value,
                "title": option.title,
                **({"x-language": option.language} if option.language else {}),
            }
            for option in parameter.options
        ]
    if parameter.default is not None:
        written["default"] = parameter.default
    return written


def _number(parameter: Parameter) -> dict[str, Any]:
    bounds = {"minimum": parameter.minimum, "maximum": parameter.maximum}
    whole = parameter.type == "integer"
    return {
        "type": parameter.type,
        **{
            name: int(bound) if whole else bound
            for name, bound in bounds.items()
            if bound is not None
        },
    }


def _choice(parameter: Parameter) -> dict[str, Any]:
    # Its values may be texts or whole numbers; `oneOf` names each of them.
    kinds = {"integer" if isinstance(value, int) else "string" for value in parameter.choices}
    return {"type": kinds.pop()} if len(kinds) == 1 else {}


def _text(parameter: Parameter) -> dict[str, Any]:
    return {"type": "string", "maxLength": int(parameter.maximum or 0)}


def _image(parameter: Parameter) -> dict[str, Any]:
    return {"type": "string", "format": "uuid"}


def _schema(parameter: Parameter) -> dict[str, Any]:
    return {"type": "object"}


_SHAPES: Mapping[str, Callable[[Parameter], dict[str, Any]]] = {
    "integer": _number,
    "number": _number,
    "choice": _choice,
    "text": _text,
    "image": _image,
    "schema": _schema,
}
