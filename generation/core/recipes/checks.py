"""Whether a recipe holds together: by itself, and with the models that it names."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jsonschema import Draft202012Validator, SchemaError

from generation.core.catalogue import Model
from generation.core.recipes.model import ITEM, NUMBER, Part, Recipe
from generation.core.recipes.templates import NAME, Reference, Template

LONGEST_INPUT = 2_000


class RecipeRefused(ValueError):
    """A recipe cannot be read; the message says where and why."""


def in_order(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Return parts so that each comes after what it refers to, else as they were written.

    Raises:
        RecipeRefused: two parts share a name, or some refer to each other in a circle.
    """
    names = [part.name for part in parts]
    if len(set(names)) != len(names):
        raise RecipeRefused("two parts share a name")
    placed: list[Part] = []
    waiting = list(parts)
    while waiting:
        ready = {part.name for part in placed}
        following = next((part for part in waiting if _needs(part, names) <= ready), None)
        if following is None:
            circle = ", ".join(part.name for part in waiting)
            raise RecipeRefused(f"these parts refer to each other in a circle: {circle}")
        placed.append(following)
        waiting.remove(following)
    return tuple(placed)


def refuse_bad_recipe(recipe: Recipe) -> None:
    """Raise RecipeRefused when a recipe does not hold together by itself."""
    _refuse_bad_inputs(recipe.inputs)
    inputs = recipe.inputs["properties"]
    for reference in recipe.heading.references:
        if reference.name not in inputs:
            raise RecipeRefused(f"heading: {{{reference}}}: the heading is made of inputs alone")
    for part in recipe.parts:
        if part.name in inputs or part.name in {ITEM, NUMBER}:
            raise RecipeRefused(f"part {part.name}: this name is taken")
        if part.schema is not None:
            _refuse_bad_schema(f"part {part.name}: schema", part.schema)
        for reference in part.references:
            _refuse_bad_reference(recipe, part, reference)
        if part.repeat is not None:
            _refuse_bad_list(recipe, part, part.repeat.over)
    if all(part.is_optional for part in recipe.parts):
        raise RecipeRefused("every part is optional, so nothing would have to be made")
    if recipe.cover and recipe.cover not in {part.name for part in recipe.parts}:
        raise RecipeRefused(f"cover: there is no part {recipe.cover}")


def wrong_with_models(recipe: Recipe, models: Mapping[str, Model]) -> list[str]:
    """Say what the models that are there cannot do for a recipe; nothing when all is well."""
    return [
        f"part {part.name}: {problem}"
        for part in recipe.parts
        for problem in _wrong_with_model(recipe, part, models)
    ]


def _needs(part: Part, names: Sequence[str]) -> set[str]:
    return {reference.name for reference in part.references if reference.name in names}


def _refuse_bad_schema(where: str, schema: Mapping[str, Any]) -> None:
    try:
        Draft202012Validator.check_schema(dict(schema))
    except SchemaError as error:
        raise RecipeRefused(f"{where}: {error.message}") from error


def _refuse_bad_inputs(schema: Mapping[str, Any]) -> None:
    _refuse_bad_schema("inputs", schema)
    properties = schema.get("properties")
    if schema.get("type") != "object" or not isinstance(properties, Mapping) or not properties:
        raise RecipeRefused("inputs: an object with properties is asked for")
    if schema.get("additionalProperties") is not False:
        raise RecipeRefused("inputs: say `additionalProperties: false`")
    for name, shape in properties.items():
        if not NAME.match(name) or name in {ITEM, NUMBER}:
            raise RecipeRefused(f"inputs: {name} is no name for an input")
        for text in (shape, shape.get("items", {})):
            is_free = text.get("type") == "string" and not (
                {"oneOf", "enum", "const"} & text.keys() or text.get("format") == "uuid"
            )
            if is_free and not 1 <= text.get("maxLength", 0) <= LONGEST_INPUT:
                raise RecipeRefused(f"inputs: {name} needs a maxLength up to {LONGEST_INPUT}")
        if shape.get("type") == "array" and "maxItems" not in shape:
            raise RecipeRefused(f"inputs: {name} needs maxItems")
        if name not in schema.get("required", ()) and "default" not in shape:
            raise RecipeRefused(f"inputs: {name} is required, or it has a default")


def _refuse_bad_reference(recipe: Recipe, part: Part, reference: Reference) -> None:
    where = f"part {part.name}: {{{reference}}}"
    if reference.name in {ITEM, NUMBER}:
        if part.repeat is None:
            raise RecipeRefused(f"{where}: only a part with `repeat` has an item")
        return
    if reference.name in recipe.inputs["properties"]:
        _refuse_bad_path(where, reference, recipe.inputs["properties"][reference.name])
        return
    try:
        source = recipe.part(reference.name)
    except KeyError:
        raise RecipeRefused(f"{where}: there is no such input and no such part") from None
    if source.is_optional and not part.is_optional:
        raise RecipeRefused(f"{where}: a part that is needed cannot build on an optional one")
    if source.repeat is not None and (
        part.repeat is None or str(part.repeat.over) != str(source.repeat.over)
    ):
        raise RecipeRefused(f"{where}: only a part that is repeated over the same list fits")
    if len(reference.path) > 1:
        if source.schema is None:
            raise RecipeRefused(f"{where}: {source.name} has no schema, so it has no fields")
        _refuse_bad_path(where, reference, source.schema)


def _refuse_bad_list(recipe: Recipe, part: Part, over: Reference) -> None:
    where = f"part {part.name}: repeat"
    if over.name == part.name or over.name in {ITEM, NUMBER}:
        raise RecipeRefused(f"{where}: it cannot be repeated over itself")
    if over.name in recipe.inputs["properties"]:
        schema = recipe.inputs["properties"][over.name]
    else:
        source = recipe.part(over.name)
        if source.schema is None or source.repeat is not None:
            raise RecipeRefused(f"{where}: {{{over}}} is no list of an input or of a JSON part")
        schema = source.schema
    found = _refuse_bad_path(where, over, schema)
    if found is not None and found.get("type", "array") != "array":
        raise RecipeRefused(f"{where}: {{{over}}} is no list")


def _refuse_bad_path(
    where: str, reference: Reference, schema: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    """Return the schema at the end of a path; None where it is too free to tell."""
    for step in reference.path[1:]:
        if not {"properties", "items"} & schema.keys():
            return None
        if step.isdigit():
            following = schema.get("items")
        else:
            following = schema.get("properties", {}).get(step)
            if step not in schema.get("required", ()):
                raise RecipeRefused(f"{where}: {step} is not among the required fields")
        if not isinstance(following, Mapping):
            raise RecipeRefused(f"{where}: the schema has no {step}")
        schema = following
    return schema


def _wrong_with_model(recipe: Recipe, part: Part, models: Mapping[str, Model]) -> Iterator[str]:
    model = models.get(part.model)
    if model is None:
        yield f"there is no model {part.model}"
        return
    if part.schema is not None and model.modality != "text":
        yield f"{model.name} writes no text, so it has no schema"
    known = {parameter.name for parameter in model.parameters}
    for name in part.parameters:
        if name not in known:
            yield f"{model.name} has no parameter {name}"
    whole = {
        value.sole
        for value in part.parameters.values()
        if isinstance(value, Template) and value.sole is not None
    }
    for reference in part.references:
        if reference.name not in {other.name for other in recipe.parts}:
            continue
        source = models.get(recipe.part(reference.name).model)
        if source is not None and source.modality != "text" and reference not in whole:
            yield f"{{{reference}}} is no text: it can only be the whole value of a parameter"
