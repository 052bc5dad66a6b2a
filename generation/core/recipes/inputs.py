"""Whether the inputs of a request fit a recipe. Pure: clean values and problems come back."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from generation.core.catalogue import Problem
from generation.core.recipes.model import Recipe

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_CODES = {
    "required": "required",
    "additionalProperties": "unknown_parameter",
    "oneOf": "unknown_choice",
    "enum": "unknown_choice",
    "const": "unknown_choice",
    "maxLength": "too_long",
    "minLength": "too_short",
    "minimum": "out_of_range",
    "maximum": "out_of_range",
    "maxItems": "out_of_range",
    "minItems": "out_of_range",
    "format": "invalid_uuid",
}


def inputs_schema(recipe: Recipe) -> dict[str, Any]:
    """Return the schema of the `inputs` of a request, its words in the recipe's language."""
    return {
        "$schema": DIALECT,
        "$id": f"urn:tidegate:recipes:{recipe.name}:{recipe.version}:inputs",
        "title": recipe.title,
        **recipe.inputs,
    }


def check_inputs(recipe: Recipe, given: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Return every input with its default filled in, texts trimmed, and what is wrong with them.

    An explicit null means "not given"; an input whose default is null stays null then.
    """
    shapes = recipe.inputs["properties"]
    values = {name: _clean(value) for name, value in given.items() if value is not None}
    for name, shape in shapes.items():
        if name not in values and shape.get("default") is not None:
            values[name] = shape["default"]
    checker = Draft202012Validator(
        dict(recipe.inputs), format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    problems = [item for error in checker.iter_errors(values) for item in _problems(error)]
    for name, value in values.items():
        if "\0" in str(value) or any("\ud800" <= letter <= "\udfff" for letter in str(value)):
            problems.append(
                Problem(f"/inputs/{name}", "control_character", "no control characters")
            )
        elif value == "" and name in recipe.inputs.get("required", ()):
            problems.append(Problem(f"/inputs/{name}", "empty", "say what you want"))
    return {name: values.get(name) for name in shapes}, problems


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\r\n", "\n").replace("\r", "\n").strip()
    if isinstance(value, Sequence):
        return [_clean(item) for item in value]
    return value


def _problems(error: ValidationError) -> Iterator[Problem]:
    place = "".join(f"/{_escaped(step)}" for step in error.absolute_path)
    code = _CODES.get(str(error.validator), "invalid")
    # Any: the library types what a schema may be, and ours are objects.
    shape: Any = error.schema
    instance: Any = error.instance
    if error.validator == "required":
        for name in shape["required"]:
            if name not in instance:
                yield Problem(f"/inputs{place}/{name}", code, "this is needed")
    elif error.validator == "additionalProperties":
        known = ", ".join(shape.get("properties", {}))
        for name in instance:
            if name not in shape.get("properties", {}):
                yield Problem(f"/inputs{place}/{_escaped(name)}", code, f"there are {known}")
    else:
        yield Problem(f"/inputs{place}", code, error.message[:300])


def _escaped(step: object) -> str:
    quoted = str(step)[:64].encode("utf-8", "replace").decode()
    return quoted.replace("~", "~0").replace("/", "~1")
