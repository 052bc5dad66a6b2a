"""A recipe's inputs as a form: its fields are drawn from the schema, and read back by it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from generation.core.recipes import Recipe
from tidegate.primitives.errors import InvalidInput

LONG = 160
"""A text that may be longer than this gets several lines."""


@dataclass(frozen=True, slots=True)
class Field:
    """One input: `kind` is text, long, lines, number, flag, choice or picture.

    `value` is what it starts with, as a form writes it.
    """

    name: str
    pointer: str
    title: str
    description: str
    kind: str
    value: str
    is_required: bool
    choices: tuple[tuple[str, str], ...] = ()
    longest: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    placeholder: str = ""


def fields_of(recipe: Recipe, start: Mapping[str, Any]) -> list[Field]:
    """Return the fields of a recipe, starting with given values or its defaults."""
    return [
        _field(recipe, name, shape, start.get(name, shape.get("default")))
        for name, shape in recipe.inputs["properties"].items()
    ]


def read_inputs(recipe: Recipe, form: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a sent form says, as the schema's types; an empty field says nothing.

    Raises:
        InvalidInput: a field that takes a number has none.
    """
    values: dict[str, Any] = {}
    for name, shape in recipe.inputs["properties"].items():
        text = str(form.get(input_name(recipe, name), "")).strip()
        if text:
            values[name] = _read(name, shape, text)
        elif _kind(shape) == "flag":
            values[name] = False
    return values


def input_name(recipe: Recipe, name: str) -> str:
    """Return the name of an input's form field."""
    return f"recipe:{recipe.name}.{name}"


def takes_picture(recipe: Recipe, name: str) -> bool:
    """Whether a recipe has an input of this name whose value is a picture."""
    shape = recipe.inputs["properties"].get(name)
    return shape is not None and _kind(shape) == "picture"


def _field(recipe: Recipe, name: str, shape: Mapping[str, Any], value: Any) -> Field:
    written = "\n".join(map(str, value)) if isinstance(value, list) else value
    return Field(
        name=input_name(recipe, name),
        pointer=f"/inputs/{name}",
        title=str(shape.get("title", name.replace("_", " ").capitalize())),
        description=str(shape.get("description", "")),
        kind=_kind(shape),
        value="" if written is None else str(written),
        is_required=name in recipe.inputs.get("required", ()),
        choices=_choices(shape),
        longest=shape.get("maxLength"),
        minimum=shape.get("minimum"),
        maximum=shape.get("maximum"),
        placeholder=str(next(iter(shape.get("examples", ())), "")),
    )


def _choices(shape: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    named = tuple((str(one["const"]), str(one["title"])) for one in shape.get("oneOf", ()))
    return named or tuple((str(value), str(value)) for value in shape.get("enum", ()))


def _kind(shape: Mapping[str, Any]) -> str:
    kinds = shape.get("type")
    kind = next((one for one in kinds if one != "null"), "") if isinstance(kinds, list) else kinds
    if "oneOf" in shape or "enum" in shape:
        return "choice"
    if shape.get("x-kind") == "image":
        return "picture"
    if kind == "string":
        return "long" if shape.get("maxLength", 0) > LONG else "text"
    named = {"integer": "number", "number": "number", "boolean": "flag", "array": "lines"}
    return named.get(str(kind), "text")


def _read(name: str, shape: Mapping[str, Any], text: str) -> Any:
    kind = _kind(shape)
    if kind == "lines":
        return [line.strip() for line in text.splitlines() if line.strip()]
    if kind == "flag":
        return text == "on"
    values = [one["const"] for one in shape.get("oneOf", ())] or list(shape.get("enum", ()))
    if kind == "choice":
        return next((value for value in values if str(value) == text), text)
    if kind != "number":
        return text
    try:
        return int(text) if shape.get("type") == "integer" else float(text)
    except ValueError as error:
        raise InvalidInput(
            "This must be a number.", code="invalid_number", pointer=f"/inputs/{name}"
        ) from error
