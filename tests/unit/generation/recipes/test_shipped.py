"""The recipes that ship: industry presets among them."""

import json

import pytest

from generation.core.catalogue import catalogue
from generation.core.recipes import Recipe, recipes, wrong_with_models
from generation.core.structured.answers import check_answer
from generation.core.structured.schemas import check_schema
from generation.core.structured.telling import PROMPTS

RECIPES = list(recipes().values())
PRESETS = {"advertisement", "lesson", "game-world", "song", "product-page", "news-brief"}


def test_every_industry_has_its_preset() -> None:
    assert set(recipes()) >= PRESETS


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_its_models_can_make_every_part(recipe: Recipe) -> None:
    assert wrong_with_models(recipe, catalogue()) == []


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_its_schemas_can_be_enforced_and_their_examples_fit(recipe: Recipe) -> None:
    for part in recipe.parts:
        if part.schema is None:
            continue
        schema = check_schema(json.loads(json.dumps(part.schema)))
        assert len(schema["examples"]) == len(schema[PROMPTS])
        for example in schema["examples"]:
            check_answer(schema, json.dumps(example))


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_it_has_words_in_chinese_for_everything_that_a_form_shows(recipe: Recipe) -> None:
    told = recipe.translations["zh-hans"]
    assert set(told.parts) == {part.name for part in recipe.parts}
    for name, shape in recipe.inputs["properties"].items():
        choices = {str(choice["const"]) for choice in shape.get("oneOf", ())}
        assert set(told.inputs[name].get("choices", {})) == choices
