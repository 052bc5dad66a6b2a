"""Reading recipes from YAML."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from generation.core.recipes import model as shapes
from generation.core.recipes.checks import RecipeRefused, in_order, refuse_bad_recipe
from generation.core.recipes.templates import TemplateRefused, parse_template, parsed

OWN_RECIPES = Path(__file__).parent / "entries"
MOST_PARTS = 16
MOST_REPEATS = 12
_VERSION_DIGITS = 12

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Line = Annotated[str, Field(min_length=1, max_length=500)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Repeat(_Entry):
    over: Annotated[str, Field(min_length=1, max_length=200)]
    most: Annotated[int, Field(ge=1, le=MOST_REPEATS)]


class _Part(_Entry):
    name: Name
    title: Line
    model: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
    prompt: Annotated[str, Field(max_length=20_000)] = ""
    parameters: dict[str, Any] = {}
    # `schema` itself is a method of pydantic's.
    json_schema: Annotated[dict[str, Any] | None, Field(alias="schema")] = None
    repeat: _Repeat | None = None
    optional: bool = False


class _InputWords(_Entry):
    title: Line | None = None
    description: Line | None = None
    choices: dict[str, Line] = {}


class _Translation(_Entry):
    title: Line
    description: Line
    inputs: dict[str, _InputWords] = {}
    parts: dict[str, Line] = {}


class _Recipe(_Entry):
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    title: Line
    description: Line
    languages: Annotated[list[str], Field(min_length=1)]
    inputs: dict[str, Any]
    heading: Annotated[str, Field(min_length=1, max_length=500)]
    cover: str = ""
    parts: Annotated[list[_Part], Field(min_length=1, max_length=MOST_PARTS)]
    translations: dict[str, _Translation] = {}


@cache
def recipes() -> Mapping[str, shapes.Recipe]:
    """Return every shipped recipe by name, in the order of files.

    Raises:
        RecipeRefused: a file is malformed; nothing is offered from half a set.
    """
    found: dict[str, shapes.Recipe] = {}
    for path in sorted(OWN_RECIPES.glob("*.yaml")):
        try:
            recipe = read_recipe_text(path.read_text(encoding="utf-8"))
        except (UnicodeDecodeError, RecipeRefused) as error:
            raise RecipeRefused(f"{path.name}: {error}") from error
        found[recipe.name] = recipe
    return MappingProxyType(found)


def read_recipe_text(text: str) -> shapes.Recipe:
    """Return the recipe that is written in YAML. Raises RecipeRefused."""
    try:
        written = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RecipeRefused(str(error)) from error
    return read_recipe(written)


def read_recipe(written: object) -> shapes.Recipe:
    """Return the recipe that a decoded document describes.

    Raises:
        RecipeRefused: it is malformed, or refers to what it does not have; the message says where.
    """
    try:
        entry = _Recipe.model_validate(written)
    except ValidationError as error:
        raise RecipeRefused(str(error)) from error
    # Only what was written: a field that we add to the format changes no version.
    document = entry.model_dump(mode="json", exclude_unset=True, by_alias=True)
    try:
        heading = parse_template(entry.heading)
    except TemplateRefused as error:
        raise RecipeRefused(f"heading: {error}") from error
    recipe = shapes.Recipe(
        name=entry.name,
        title=entry.title,
        description=entry.description,
        languages=tuple(entry.languages),
        inputs=MappingProxyType(entry.inputs),
        heading=heading,
        parts=in_order([_part(item) for item in entry.parts]),
        cover=entry.cover,
        version=_version_of(document),
        document=MappingProxyType(document),
        translations=MappingProxyType(
            {
                language: shapes.Words(
                    title=words.title,
                    description=words.description,
                    inputs={
                        name: item.model_dump(exclude_none=True)
                        for name, item in words.inputs.items()
                    },
                    parts=words.parts,
                )
                for language, words in entry.translations.items()
            }
        ),
    )
    refuse_bad_recipe(recipe)
    return recipe


def _part(item: _Part) -> shapes.Part:
    try:
        repeat = None
        if item.repeat is not None:
            over = parse_template("{" + item.repeat.over + "}").references[0]
            repeat = shapes.Repeat(over, item.repeat.most)
        return shapes.Part(
            name=item.name,
            title=item.title,
            model=item.model,
            prompt=parse_template(item.prompt),
            parameters=parsed(item.parameters),
            schema=item.json_schema,
            repeat=repeat,
            is_optional=item.optional,
        )
    except TemplateRefused as error:
        raise RecipeRefused(f"part {item.name}: {error}") from error


def _version_of(document: Mapping[str, Any]) -> str:
    written = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(written.encode()).hexdigest()[:_VERSION_DIGITS]
