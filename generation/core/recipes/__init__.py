"""Recipes: how one request becomes several things that belong together.

Recipes are data: one YAML file each in `entries/`. What can be made next is decided by
`next_step`, from what is there; nothing here writes or waits.
"""

from generation.core.recipes.checks import RecipeRefused, wrong_with_models
from generation.core.recipes.files import read_recipe, read_recipe_text, recipes
from generation.core.recipes.inputs import check_inputs, inputs_schema
from generation.core.recipes.model import Part, Recipe, Repeat
from generation.core.recipes.plan import (
    Asked,
    Fact,
    Step,
    Trouble,
    Unusable,
    next_step,
    value_of_text,
)
from generation.core.recipes.pricing import PartPrice, prices_of

__all__ = [
    "Asked",
    "Fact",
    "Part",
    "PartPrice",
    "Recipe",
    "RecipeRefused",
    "Repeat",
    "Step",
    "Trouble",
    "Unusable",
    "check_inputs",
    "inputs_schema",
    "next_step",
    "prices_of",
    "read_recipe",
    "read_recipe_text",
    "recipes",
    "value_of_text",
    "wrong_with_models",
]
