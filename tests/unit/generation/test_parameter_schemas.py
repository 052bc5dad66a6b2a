"""The JSON Schema of a model's parameters, and that it says what the check says."""

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from generation.core.catalogue import Model, catalogue, check_parameters, parameters_schema

MODELS = list(catalogue().values())
NUMBERS = st.one_of(
    st.integers(-(10**6), 10**6),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.booleans(),
    st.text(max_size=4),
)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_every_entry_has_a_valid_schema_in_both_languages(model: Model) -> None:
    for language in ("en", "zh-hans"):
        Draft202012Validator.check_schema(parameters_schema(model.translated(language)))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_what_the_check_fills_in_fits_the_schema(model: Model) -> None:
    schema = parameters_schema(model)
    values, _ = check_parameters(model, {})
    schema.pop("required", None)
    Draft202012Validator(schema).validate(values)


@given(data=st.data())
def test_schema_and_check_agree_on_numbers_and_choices(data: st.DataObject) -> None:
    model = data.draw(st.sampled_from(MODELS))
    known = [item for item in model.parameters if item.type in {"integer", "number", "choice"}]
    assume(known)
    parameter = data.draw(st.sampled_from(known))
    values: Any = NUMBERS
    if parameter.choices:
        values = st.one_of(values, st.sampled_from(parameter.choices))
    value = data.draw(values)
    # 20.0 is a whole number to the schema and none to the check.
    assume(not (isinstance(value, float) and value.is_integer() and parameter.type == "integer"))
    assume(not (isinstance(value, float) and value in parameter.choices))
    schema = parameters_schema(model)["properties"][parameter.name]
    _, problems = check_parameters(model, {parameter.name: value})
    about_it = [item for item in problems if item.pointer == f"/parameters/{parameter.name}"]
    assert Draft202012Validator(schema).is_valid(value) == (not about_it)


def test_a_choice_shows_its_titles_and_languages() -> None:
    voice = parameters_schema(catalogue()["kokoro-82m"])["properties"]["voice"]
    first = voice["oneOf"][0]
    assert first["const"] == "af_heart"
    assert first["x-language"] == "en"
    assert "default" not in voice


def test_nothing_but_the_parameters_fits() -> None:
    schema = parameters_schema(catalogue()["smollm2-135m"])
    assert not Draft202012Validator(schema).is_valid({"surprise": 1})
