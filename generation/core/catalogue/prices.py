"""The price in a catalogue entry: how it is written, and whether it fits the rest of the entry."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from generation.core.catalogue.model import Model
from generation.core.pricing import PROMPT_CHARACTERS, Factor, Price, Term, cost

Credits = Annotated[float, Field(ge=0, le=100_000)]


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Factor(_Written):
    of: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
    unit: Annotated[float, Field(gt=0, le=1_000_000)]
    power: Literal[1, 2] = 1


class _Term(_Written):
    credits: Credits
    per: Annotated[list[_Factor], Field(min_length=1, max_length=4)]


class WrittenPrice(_Written):
    """`price` of an entry; see `generation.core.pricing`."""

    base: Credits
    terms: Annotated[list[_Term], Field(max_length=8)] = []

    def price(self) -> Price:
        """Return the price that is written here."""
        return Price(
            self.base,
            tuple(
                Term(
                    term.credits,
                    tuple(Factor(factor.of, factor.unit, factor.power) for factor in term.per),
                )
                for term in self.terms
            ),
        )


def wrong_with_price(model: Model) -> str:
    """Say what in a model's price does not fit the model; empty when all does."""
    numbers = {
        parameter.name for parameter in model.parameters if parameter.type in {"integer", "number"}
    }
    for term in model.price.terms:
        for factor in term.per:
            if factor.of not in {PROMPT_CHARACTERS, *numbers}:
                return f"the price counts {factor.of!r}, which is no number of the request"
    defaults = {parameter.name: parameter.default for parameter in model.parameters}
    usual = cost(model.price, parameters=defaults, prompt="a")
    if usual != model.cost_credits:
        return f"cost_credits says {model.cost_credits}, but with the defaults it costs {usual}"
    return ""
