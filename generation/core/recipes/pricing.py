"""What a composition costs at most, before anything of it is there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from generation.core.catalogue import Model, check_parameters
from generation.core.pricing import cost
from generation.core.recipes.model import NUMBER, Part, Recipe
from generation.core.recipes.templates import NothingThere, Reference, filled, references_in


@dataclass(frozen=True, slots=True)
class PartPrice:
    """What a part costs at most, in credits: `each` time, for at most `times` items.

    `is_exact` where it does not depend on what an earlier part will say.
    """

    name: str
    each: int
    times: int
    is_exact: bool

    @property
    def at_most(self) -> int:
        """All items together."""
        return self.each * self.times


def prices_of(
    recipe: Recipe, inputs: Mapping[str, Any], models: Mapping[str, Model]
) -> tuple[PartPrice, ...]:
    """Return the price of each part, unknown words counted as long as they may be."""
    return tuple(_price(recipe, inputs, part, models[part.model]) for part in recipe.parts)


def _price(recipe: Recipe, inputs: Mapping[str, Any], part: Part, model: Model) -> PartPrice:
    dearest, cheapest = (_cost(inputs, part, model, is_longest) for is_longest in (True, False))
    times = part.most
    if part.repeat is not None and part.repeat.over.name in inputs:
        over = inputs[part.repeat.over.name]
        times = min(times, len(over)) if isinstance(over, list) else times
    is_counted = part.repeat is None or part.repeat.over.name in inputs
    return PartPrice(part.name, dearest, times, is_exact=is_counted and dearest == cheapest)


def _cost(inputs: Mapping[str, Any], part: Part, model: Model, is_longest: bool) -> int:  # noqa: FBT001  # its only caller passes both
    longest = model.limits.prompt_characters

    def words(reference: Reference) -> Any:
        if reference.name in inputs:
            try:
                return reference.follow(inputs[reference.name])
            except NothingThere:
                return ""
        if reference.name == NUMBER:
            return part.most
        return "x" * (int(reference.spec) if reference.spec.isdigit() else longest) * is_longest

    # What an earlier part decides counts with the model's default: it is no text to be long.
    known = {
        name: filled(value, words)
        for name, value in part.parameters.items()
        if all(item.name in {*inputs, NUMBER} for item in references_in(value))
    }
    values, _ = check_parameters(model, known)
    return cost(model.price, parameters=values, prompt=part.prompt.render(words)[:longest])
