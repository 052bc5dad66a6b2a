"""Schemas that answers can be held to, how a model is told of one, and what fits."""

from typing import Any

import pytest

from generation.core.catalogue import catalogue, check_parameters, screened_text
from generation.core.structured.answers import DoesNotFit, check_answer
from generation.core.structured.schemas import SchemaRefused, check_schema
from generation.core.structured.telling import closed, told, turns
from generation.core.wire import GenerateRequest, InvalidRequest

Schema = dict[str, Any]
CARD: Schema = {
    "type": "object",
    "required": ["name", "tags"],
    "properties": {
        "name": {"type": "string", "pattern": "^[A-Z][a-z]{1,20}$", "description": "a first name"},
        "kind": {"enum": ["hero", "rival"], "title": "what they are"},
        "tags": {"type": "array", "maxItems": 2, "items": {"$ref": "#/$defs/tag"}},
    },
    "$defs": {"tag": {"type": "object", "properties": {"word": {"type": "string"}}}},
    "examples": [{"name": "Ada", "tags": []}],
}


def holding(shape: object, **more: Any) -> Schema:
    return {"type": "object", "properties": {"a": shape}, **more}


def test_a_schema_with_references_lists_and_choices_is_taken() -> None:
    assert check_schema(CARD) is CARD


@pytest.mark.parametrize(
    ("schema", "code", "says"),
    [
        ("{}", "not_a_schema", "as an object"),
        ({"type": "string"}, "schema_unsupported", "the answer must be an object"),
        (holding({"type": "strin"}), "not_a_schema", "strin"),
        (holding({}), "schema_unsupported", "/properties/a: say a type"),
        (holding({"type": "string", "not": {}}), "schema_unsupported", "cannot be enforced: not"),
        (holding({"type": "array"}), "schema_unsupported", "an array needs items"),
        (holding({"type": "string", "format": "idn-email"}), "schema_unsupported", "a format is"),
        (holding({"type": "string", "pattern": "(?=x)y"}), "not_a_schema", "regex"),
        (holding({"type": "string", "pattern": "(x)\\1"}), "not_a_schema", "regex"),
        (holding({"type": "string", "pattern": "((a{1,999}){1,999}){9}"}), "not_a_schema", "regex"),
        (holding({"type": "string", "maxLength": 9999}), "schema_too_large", "maxLength"),
        (holding({"type": "string", "description": "x" * 20_000}), "schema_too_large", "16384"),
        (holding({"enum": list(range(999))}), "schema_too_large", "enum has at most"),
        (holding({"$ref": "https://example.org/x"}), "schema_unsupported", "#/$defs/NAME"),
        (holding({"$ref": "#"}), "schema_unsupported", "#/$defs/NAME"),
        (
            holding({"$ref": "#/$defs/r"}, **{"$defs": {"r": holding({"$ref": "#/$defs/r"})}}),
            "schema_too_deep",
            "may not contain itself",
        ),
        (
            holding({"type": "integer"}, additionalProperties=True),
            "schema_unsupported",
            "can only be false",
        ),
    ],
)
def test_what_cannot_be_enforced_is_refused_with_its_place(
    schema: object, code: str, says: str
) -> None:
    with pytest.raises(SchemaRefused) as refused:
        check_schema(schema)
    assert refused.value.code == code
    assert says in str(refused.value)


def test_a_schema_that_doubles_at_every_level_is_too_large_and_is_told_soon() -> None:
    twice = {f"l{n}": holding({"$ref": f"#/$defs/l{n + 1}"}) for n in range(4)}
    for shape in twice.values():
        shape["properties"] |= dict.fromkeys("bcdefghij", shape["properties"]["a"])
    schema = holding({"$ref": "#/$defs/l0"}, **{"$defs": {**twice, "l4": {"type": "null"}}})
    with pytest.raises(SchemaRefused) as refused:
        check_schema(schema)
    assert refused.value.code in {"schema_too_large", "schema_too_deep"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"name": "Ada", "tags": ', "no JSON"),
        ('{"name": "Ada", "tags": [], "age": NaN}', "NaN"),
        ('{"name": "ada", "tags": []}', "/name"),
        ('{"name": "Ada", "tags": [{}, {}, {}]}', "/tags"),
        ('{"name": "Ada"}', "tags"),
        ("[" * 100_000, "no JSON"),
    ],
)
def test_an_answer_that_does_not_fit_is_named(text: str, says: str) -> None:
    with pytest.raises(DoesNotFit, match=says):
        check_answer(CARD, text)


def test_an_answer_that_fits_is_read() -> None:
    assert check_answer(CARD, '{"name": "Ada", "tags": [{"word": "x"}]}')["name"] == "Ada"


def test_a_pattern_that_would_hang_a_backtracking_engine_is_judged_at_once() -> None:
    with pytest.raises(DoesNotFit):
        check_answer(holding({"type": "string", "pattern": "^(a+)+$"}), f'{{"a": "{"a" * 5000}!"}}')


def test_a_model_is_told_every_field_and_the_example() -> None:
    assert told(CARD).splitlines() == [
        "Answer with one JSON object that has these fields:",
        "- name: a first name",
        "- tags: (a list of 2)",
        "  - word: string",
        "- kind: what they are (one of hero, rival)",
        'An answer to another question: {"name": "Ada", "tags": []}',
    ]


def test_examples_are_turns_of_a_conversation() -> None:
    more = CARD | {"examples": [{"name": "Ada"}, {"name": "Bo"}], "x-prompts": ["A hero, please."]}
    assert check_schema(more) is more
    assert turns(more) == [
        ("A hero, please.", '{"name": "Ada"}'),
        ("Give me an example.", '{"name": "Bo"}'),
    ]


def test_what_a_model_is_told_is_bounded() -> None:
    many = {f"field_{n}": {"type": "string", "description": "x" * 90} for n in range(60)}
    assert len(told({"type": "object", "properties": many})) <= 1500


def test_a_closed_schema_has_no_fields_of_the_models_own() -> None:
    shut = closed(CARD)
    assert shut["additionalProperties"] is False
    assert shut["$defs"]["tag"]["additionalProperties"] is False
    assert shut["examples"] == CARD["examples"]
    assert "additionalProperties" not in CARD


def test_fields_come_in_the_order_of_what_is_required_then_of_their_names() -> None:
    shuffled = {
        "type": "object",
        "properties": {name: {"type": "string"} for name in ("z", "b", "a", "y")},
        "required": ["y", "b"],
        "examples": [{"a": "1", "b": "2", "y": "3"}],
    }
    assert list(closed(shuffled)["properties"]) == ["y", "b", "a", "z"]
    assert turns(shuffled) == [("Give me an example.", '{"y": "3", "b": "2", "a": "1"}')]


def test_the_words_of_a_schema_are_screened_with_the_prompt() -> None:
    model = catalogue()["smollm2-135m"]
    schema = holding({"enum": ["a rude word"], "description": "says it"})
    values, problems = check_parameters(model, {"json_schema": schema})
    assert problems == []
    words = screened_text(model, "Go on.", values).splitlines()
    assert {"Go on.", "a", "a rude word", "says it"} <= set(words)


def test_a_schema_that_is_refused_points_at_the_parameter() -> None:
    model = catalogue()["smollm2-135m"]
    _, problems = check_parameters(model, {"json_schema": {"type": "array"}})
    assert [(item.pointer, item.code) for item in problems] == [
        ("/parameters/json_schema", "schema_unsupported")
    ]


def test_a_model_server_takes_a_schema_as_an_object_only() -> None:
    assert GenerateRequest("x", {"s": {"type": "object"}}).document("s") == {"type": "object"}
    assert GenerateRequest("x").document("s") is None
    with pytest.raises(InvalidRequest, match="s must be an object"):
        GenerateRequest("x", {"s": "{}"}).document("s")
