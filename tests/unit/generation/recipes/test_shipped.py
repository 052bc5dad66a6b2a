"""The recipes that ship: industry presets among them."""

import json
from pathlib import Path

import pytest
import yaml

from generation.core.catalogue import catalogue
from generation.core.recipes import Recipe, check_inputs, recipes, wrong_with_models
from generation.core.structured.answers import check_answer
from generation.core.structured.schemas import check_schema
from generation.core.structured.telling import PROMPTS

EXAMPLES = Path(__file__).parents[4] / "docs" / "recipes"
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


def test_the_requests_of_the_examples_are_what_their_recipes_take() -> None:
    requests = yaml.safe_load((EXAMPLES / "requests.yaml").read_text("utf-8"))
    assert {request["recipe"] for request in requests} == PRESETS
    for request in requests:
        _, problems = check_inputs(recipes()[request["recipe"]], request["inputs"])
        assert problems == []


@pytest.mark.parametrize("name", sorted(file.name for file in EXAMPLES.iterdir() if file.is_dir()))
def test_every_part_of_an_example_is_there_and_its_answers_fit(name: str) -> None:
    files = {file.name.split(".")[0]: file for file in sorted((EXAMPLES / name).iterdir())}
    for part in recipes()[name].parts:
        made = [file for stem, file in files.items() if stem.rsplit("-", 1)[0] == part.name]
        assert made, part.name
        for file in made:
            if part.schema is not None:
                check_answer(part.schema, file.read_text("utf-8"))
