"""A schema in words that a small model follows: what to write, field by field, and an example.

The grammar keeps the form whatever the model wants, so the words need only say what belongs where.
A description is worth more than a name, and one example more than any rule.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

PROMPTS = "x-prompts"
"""Our own keyword: what was asked for each of the schema's `examples`, in their order."""

_LONGEST = 1_500
_DEEPEST = 3
_MOST_TURNS = 3
_PROMPT = "Give me an example."


def closed(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema with every object limited to its properties, and these in order.

    Left open, a model would add fields of its own; what it is asked for is what it may write. It
    writes fields in the order of `required`, then the others: a database keeps a list's order and
    an object's not, and each field builds on those before it.
    """
    inner = {name: _closed(word, name) for name, word in schema.items()}
    if schema.get("type") == "object" or "properties" in schema:
        if isinstance(inner.get("properties"), Mapping):
            inner["properties"] = _in_order(inner["properties"], schema)
        inner.setdefault("additionalProperties", False)
    return inner


def turns(schema: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the schema's first examples as what was asked and answered before, at most three.

    A small model follows a conversation that went well better than any instruction, and copies
    less of it than of an example in an instruction.
    """
    examples, prompts = schema.get("examples"), schema.get(PROMPTS)
    if not isinstance(examples, list):
        return []
    asked = list(prompts) if isinstance(prompts, list) else []
    return [
        (str(asked[number]) if number < len(asked) else _PROMPT, _written(schema, example))
        for number, example in enumerate(examples[:_MOST_TURNS])
    ]


def told(schema: Mapping[str, Any]) -> str:
    """Return what a model is told of the schema, for its system prompt; at most 1,500 characters.

    Whole lines only, so a large schema loses its last fields. The first of its `examples`, if any,
    is shown whole or not at all.
    """
    lines = ["Answer with one JSON object that has these fields:"]
    room = _LONGEST - len(lines[0])
    for line in _fields(schema, schema, 0):
        room -= len(line) + 1
        if room < 0:
            break
        lines.append(line)
    examples = schema.get("examples")
    if isinstance(examples, list) and examples:
        shown = f"An answer to another question: {_written(schema, examples[0])}"
        if len(shown) < room:
            lines.append(shown)
    return "\n".join(lines)


def _fields(root: Mapping[str, Any], schema: Mapping[str, Any], depth: int) -> Iterator[str]:
    level = _followed(root, schema)
    for name, shape in _in_order(level.get("properties", {}), level).items():
        inner = _followed(root, shape)
        items = _followed(root, inner.get("items") or {})
        yield f"{'  ' * depth}- {name}: {_described(inner, items)}"
        if depth < _DEEPEST:
            yield from _fields(root, inner, depth + 1)
            yield from _fields(root, items, depth + 1)


def _described(shape: Mapping[str, Any], items: Mapping[str, Any]) -> str:
    said = shape.get("description") or shape.get("title") or items.get("description") or ""
    if "enum" in shape:
        choices = ", ".join(str(choice) for choice in shape["enum"][:12])
        return f"{said} (one of {choices})".strip()
    if "const" in shape:
        return json.dumps(shape["const"], ensure_ascii=False)
    if shape.get("type") == "array":
        most = shape.get("maxItems")
        return f"{said} (a list{f' of {most}' if most else ''})".strip()
    return str(said) or str(shape.get("type", "a value"))


def _followed(root: Mapping[str, Any], shape: object) -> Mapping[str, Any]:
    """A schema, or what its reference leads to; `check_schema` has seen that this ends."""
    while isinstance(shape, Mapping) and isinstance(reference := shape.get("$ref"), str):
        _, group, name = reference.split("/", 2)
        shape = root[group][name]
    return shape if isinstance(shape, Mapping) else {}


def _written(schema: Mapping[str, Any], example: object) -> str:
    return json.dumps(_arranged(schema, schema, example), ensure_ascii=False)


def _arranged(root: Mapping[str, Any], shape: object, value: Any) -> Any:
    """An example with its fields in the order in which an answer has them."""
    schema = _followed(root, shape)
    if isinstance(value, Mapping):
        known = schema.get("properties", {})
        return _in_order(
            {name: _arranged(root, known.get(name), inner) for name, inner in value.items()}, schema
        )
    if isinstance(value, list):
        return [_arranged(root, schema.get("items"), inner) for inner in value]
    return value


def _in_order(fields: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    required = schema.get("required")
    first = [name for name in required if name in fields] if isinstance(required, list) else []
    return {name: fields[name] for name in (*first, *sorted(set(fields) - set(first)))}


def _closed(word: Any, name: str) -> Any:
    """A keyword's value with the schemas inside it closed; what is no schema stays as it is."""
    if name in {"properties", "$defs", "definitions"} and isinstance(word, Mapping):
        return {key: _closed_if_schema(value) for key, value in word.items()}
    if name in {"anyOf", "prefixItems"} and isinstance(word, list):
        return [_closed_if_schema(value) for value in word]
    return _closed_if_schema(word) if name == "items" else word


def _closed_if_schema(value: Any) -> Any:
    return closed(value) if isinstance(value, Mapping) else value
