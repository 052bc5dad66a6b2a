"""Which JSON Schemas a text model may be held to.

The part of draft 2020-12 that a grammar can enforce word by word, within bounds that keep the
grammar small. The model's server compiles it again with limits of its own; here the asker is told
before anything is paid for.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs

from generation.core.structured.telling import PROMPTS

LONGEST = 16_384
"""Characters of the schema, written without spaces."""
DEEPEST = 8
MOST_NODES = 300
"""Places after every reference is followed: what is referred to twice counts twice."""
MOST_CHOICES = 200
MOST_REPEATS = 2_000

_NOTES = frozenset(
    {
        *("$schema", "$id", "$comment", "deprecated"),
        *("title", "description", "default", "examples", PROMPTS),
    }
)
_WORDS = frozenset(
    {
        *("type", "enum", "const", "anyOf", "$ref", "$defs", "definitions"),
        *("properties", "required", "additionalProperties"),
        *("items", "prefixItems", "minItems", "maxItems"),
        *("minLength", "maxLength", "pattern", "format"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    }
)
_FORMATS = frozenset({"date", "time", "date-time", "duration", "email", "uuid", "ipv4", "ipv6"})
_COUNTS = ("minItems", "maxItems", "minLength", "maxLength")
_LOCAL = ("#/$defs/", "#/definitions/")


class SchemaRefused(ValueError):
    """No answer can be held to this schema. `code` is stable, the message names the place."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def check_schema(schema: object) -> dict[str, Any]:
    """Return the schema if answers can be held to it.

    Raises:
        SchemaRefused: it is no schema, too large, nested too deep (as one that contains itself
            is), or uses what cannot be enforced.
    """
    if not isinstance(schema, dict):
        raise SchemaRefused("not_a_schema", "give a JSON Schema as an object")
    try:
        written = json.dumps(schema, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise SchemaRefused("not_a_schema", "this is no JSON") from error
    if len(written) > LONGEST:
        raise SchemaRefused("schema_too_large", f"at most {LONGEST} characters")
    if schema.get("type") != "object":
        raise SchemaRefused("schema_unsupported", "the answer must be an object: `type: object`")
    _Walk(schema).look(schema, "", 0)
    _compile(schema)
    return schema


def words_of(schema: object) -> Iterator[str]:
    """Yield every text in a schema: all of them reach the model, and choices reach its answer."""
    if isinstance(schema, str):
        yield schema
    elif isinstance(schema, Mapping):
        for name, value in schema.items():
            if name not in _WORDS | _NOTES:
                yield str(name)
            yield from words_of(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from words_of(value)


def validator_of(schema: Mapping[str, Any]) -> jsonschema_rs.Draft202012Validator:
    """Return what judges an answer: patterns run in linear time, and nothing is fetched.

    Raises:
        SchemaRefused: it is no valid schema, or a pattern needs more than linear time.
    """
    try:
        return jsonschema_rs.Draft202012Validator(
            dict(schema),
            validate_formats=True,
            pattern_options=jsonschema_rs.RegexOptions(size_limit=4 << 20, dfa_size_limit=4 << 20),
            offline=True,
        )
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        raise SchemaRefused("not_a_schema", str(error).split("\n", 1)[0][:300]) from error


_compile = validator_of


class _Walk:
    """One look at every place of a schema, references followed."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._seen = 0

    def look(self, schema: object, place: str, depth: int) -> None:
        where = place or "/"
        if not isinstance(schema, Mapping):
            raise SchemaRefused("schema_unsupported", f"{where}: give a schema as an object")
        self._seen += 1
        if depth > DEEPEST:
            raise SchemaRefused(
                "schema_too_deep",
                f"{where}: at most {DEEPEST} levels, references followed; "
                "a schema may not contain itself",
            )
        if self._seen > MOST_NODES:
            raise SchemaRefused("schema_too_large", f"at most {MOST_NODES} places")
        if "$ref" in schema:
            target = self._target(schema["$ref"], where)
            if others := sorted(set(schema) - _NOTES - {"$ref", "$defs", "definitions"}):
                raise SchemaRefused(
                    "schema_unsupported", f"{where}: {', '.join(others)} beside $ref"
                )
            self.look(target, place, depth + 1)
            return
        self._keywords(schema, where)
        self._bounds(schema, where)
        for name, inner in self._inner(schema):
            self.look(inner, f"{place}/{name}", depth + 1)

    def _keywords(self, schema: Mapping[str, Any], where: str) -> None:
        if unknown := sorted(set(schema) - _WORDS - _NOTES):
            names = ", ".join(name[:40] for name in unknown[:5])
            raise SchemaRefused(
                "schema_unsupported",
                f"{where}: cannot be enforced: {names}; these can: {', '.join(sorted(_WORDS))}",
            )
        kinds = {"type", "enum", "const", "anyOf"} & set(schema)
        if not kinds:
            raise SchemaRefused("schema_unsupported", f"{where}: say a type, enum, const or anyOf")
        kind = schema.get("type")
        if kind is not None and not isinstance(kind, str):
            raise SchemaRefused("schema_unsupported", f"{where}: one type; several by anyOf")
        if kind == "array" and "items" not in schema and "prefixItems" not in schema:
            raise SchemaRefused("schema_unsupported", f"{where}: an array needs items")
        if schema.get("additionalProperties", False) is not False:
            raise SchemaRefused(
                "schema_unsupported", f"{where}: additionalProperties can only be false"
            )
        form = schema.get("format")
        if form is not None and form not in _FORMATS:
            raise SchemaRefused(
                "schema_unsupported", f"{where}: a format is one of {', '.join(sorted(_FORMATS))}"
            )

    @staticmethod
    def _bounds(schema: Mapping[str, Any], where: str) -> None:
        for name in _COUNTS:
            count = schema.get(name, 0)
            if isinstance(count, int) and count > MOST_REPEATS:
                raise SchemaRefused(
                    "schema_too_large", f"{where}: {name} is at most {MOST_REPEATS}"
                )
        for name in ("enum", "anyOf"):
            choices = schema.get(name, ())
            if isinstance(choices, list) and len(choices) > MOST_CHOICES:
                raise SchemaRefused(
                    "schema_too_large", f"{where}: {name} has at most {MOST_CHOICES} choices"
                )

    @staticmethod
    def _inner(schema: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
        properties = schema.get("properties", {})
        if isinstance(properties, Mapping):
            for name, inner in properties.items():
                yield f"properties/{name}", inner
        items = schema.get("items")
        if items is not None and items is not False:
            yield "items", items
        for word in ("prefixItems", "anyOf"):
            listed = schema.get(word, ())
            if isinstance(listed, list):
                for number, inner in enumerate(listed):
                    yield f"{word}/{number}", inner

    def _target(self, reference: object, where: str) -> object:
        if isinstance(reference, str):
            for start in _LOCAL:
                group = self._root.get(start[2:-1], {})
                name = reference.removeprefix(start)
                if name != reference and isinstance(group, Mapping) and name in group:
                    return group[name]
        raise SchemaRefused(
            "schema_unsupported", f"{where}: $ref leads to an entry of $defs: #/$defs/NAME"
        )
