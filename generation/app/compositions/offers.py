"""Which recipes may be asked for, and the recipe that a composition began with."""

import json
from functools import lru_cache

from generation.app.models import Composition
from generation.app.registry.selectors import offered_models
from generation.core.recipes import Recipe, read_recipe, recipes
from tidegate.primitives.errors import FieldError, InvalidInput, NotFound


def offered_recipes() -> dict[str, Recipe]:
    """Return the recipes whose needed parts all have a model that is offered, by name."""
    models = offered_models()
    return {
        name: recipe
        for name, recipe in recipes().items()
        if all(part.model in models for part in recipe.parts if not part.is_optional)
    }


def recipe_named(name: str) -> Recipe:
    """Return one offered recipe, or raise NotFound."""
    recipe = offered_recipes().get(name)
    if recipe is None:
        raise NotFound("There is no such recipe.", code="recipe_not_found")
    return recipe


def recipe_asked_for(name: str) -> Recipe:
    """Return the recipe that a request names.

    Raises:
        InvalidInput: at `/recipe`: there is none, or a model that it needs is not offered.
    """
    offered = offered_recipes()
    if name not in offered:
        known = ", ".join(offered) or "none at the moment"
        raise InvalidInput(
            "There is no such recipe.",
            errors=[FieldError("/recipe", "unknown_recipe", f"one of {known}")],
        )
    return offered[name]


def recipe_of(composition: Composition) -> Recipe:
    """Return the recipe as it was when the composition began."""
    shipped = recipes().get(composition.recipe_name)
    if shipped is not None and shipped.version == composition.recipe_version:
        return shipped
    return _read(json.dumps(composition.recipe, sort_keys=True))


@lru_cache(maxsize=64)
def _read(document: str) -> Recipe:
    return read_recipe(json.loads(document))
