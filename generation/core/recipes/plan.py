"""What comes next in a composition, from what is there: pure, so it may be asked at any time.

A part waits until everything that it refers to has passed the gate, then it is asked for. Of a
repeated part each item goes its own way.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from jsonschema import Draft202012Validator

from generation.core.catalogue import LARGEST_SEED
from generation.core.recipes.model import ITEM, NUMBER, Part, Recipe
from generation.core.recipes.templates import NothingThere, Reference, filled

State = Literal["waiting", "working", "passed", "failed", "left_out"]
SCHEMA_PARAMETER = "json_schema"
"""The parameter of text models that a part's schema is given as."""

UNUSABLE = "part_unusable"
NOTHING_TO_REPEAT = "nothing_to_repeat"
NEEDED_PART_MISSING = "needed_part_missing"


@dataclass(frozen=True, slots=True)
class Fact:
    """How far one part is, or one item of a repeated part.

    `value` is what others may use of a part that passed: the words of a text, what a JSON text
    says, else the asset's id.
    """

    name: str
    index: int
    state: State
    value: Any = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A part that can be asked for now."""

    name: str
    index: int
    model: str
    prompt: str
    parameters: Mapping[str, Any]
    seed: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """A part of which nothing can come."""

    name: str
    index: int
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Step:
    """What can be done now.

    `items` says of repeated parts whose list is known how many items they have; `left_out` names
    optional parts that cannot be made. `failed` is why the whole cannot be, with an empty code
    where that stands with the part; `is_complete`: every part passed or was left out.
    """

    asked: tuple[Asked, ...] = ()
    items: Mapping[str, int] = field(default_factory=dict)
    left_out: tuple[Trouble, ...] = ()
    failed: Trouble | None = None
    is_complete: bool = False


class Unusable(ValueError):
    """A text part does not hold what the recipe expects of it."""


def value_of_text(part: Part, text: str) -> Any:
    """Return what others may use of a text: its words, or what it says where it is JSON.

    Raises:
        Unusable: it is no JSON, or not of the part's schema.
    """
    if part.schema is None:
        return text.strip()
    try:
        value = json.loads(text)
    except ValueError as error:
        raise Unusable(f"{part.name} is no JSON: {error}") from error
    problem = next(Draft202012Validator(dict(part.schema)).iter_errors(value), None)
    if problem is not None:
        raise Unusable(f"{part.name} does not fit its schema: {problem.message[:200]}")
    return value


def seed_for(seed: int, name: str, index: int) -> int:
    """Return a part's seed, from 0 to 2**53 - 1: the same request makes the same parts."""
    digest = hashlib.sha256(f"{seed}/{name}/{index}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % (LARGEST_SEED + 1)


def next_step(
    recipe: Recipe, inputs: Mapping[str, Any], facts: Sequence[Fact], *, seed: int
) -> Step:
    """Return what can be done now. A part without a fact waits."""
    view = _View(recipe, inputs, {(fact.name, fact.index): fact for fact in facts})
    for fact in facts:
        if fact.state == "failed" and not recipe.part(fact.name).is_optional:
            return Step(failed=Trouble(fact.name, fact.index, "", ""))
    asked: list[Asked] = []
    items: dict[str, int] = {}
    left_out: list[Trouble] = []
    is_complete = True
    for part in recipe.parts:
        count = view.count(part)
        if isinstance(count, int) and part.repeat is not None:
            items[part.name] = count
        outcomes: list[Asked | Trouble | None]
        if isinstance(count, int):
            outcomes = [_outcome(view, part, index, seed) for index in range(count)]
        else:
            outcomes = [count]
        for index, outcome in enumerate(outcomes):
            if isinstance(outcome, Trouble) and view.fact(part.name, index).state == "waiting":
                if not part.is_optional:
                    return Step(failed=outcome)
                left_out.append(outcome)
                view.facts[part.name, index] = Fact(part.name, index, "left_out")
            elif isinstance(outcome, Asked):
                asked.append(outcome)
            is_complete &= view.fact(part.name, index).state not in ("waiting", "working")
    return Step(tuple(asked), items, tuple(left_out), None, is_complete)


@dataclass(frozen=True, slots=True)
class _View:
    """What is known, by part and item; `facts` grows while parts are found to be left out."""

    recipe: Recipe
    inputs: Mapping[str, Any]
    facts: dict[tuple[str, int], Fact]

    def fact(self, name: str, index: int) -> Fact:
        return self.facts.get((name, index)) or Fact(name, index, "waiting")

    def source(self, name: str, index: int) -> Fact | None:
        """How far what a reference begins at is; None for an input, which is always there."""
        if name in self.inputs or name in {ITEM, NUMBER}:
            return None
        return self.fact(name, 0 if self.recipe.part(name).repeat is None else index)

    def items(self, part: Part) -> Sequence[Any]:
        """What a repeated part is made for, once that is known. Raises NothingThere."""
        if part.repeat is None:
            return (None,)
        over = part.repeat.over
        source = self.source(over.name, 0)
        found = over.follow(self.inputs[over.name] if source is None else source.value)
        if not isinstance(found, list):
            raise NothingThere(f"{over} is no list")
        return found[: part.repeat.most]

    def count(self, part: Part) -> int | Trouble | None:
        """How often a part is made; None while that is not known."""
        if part.repeat is None:
            return 1
        source = self.source(part.repeat.over.name, 0)
        if source is not None and source.state in ("failed", "left_out"):
            return Trouble(part.name, 0, NEEDED_PART_MISSING, f"{source.name} was left out")
        if source is not None and source.state != "passed":
            return None
        try:
            found = self.items(part)
        except NothingThere as error:
            return Trouble(part.name, 0, UNUSABLE, str(error))
        if not found:
            return Trouble(part.name, 0, NOTHING_TO_REPEAT, f"{part.repeat.over} is empty")
        return len(found)

    def value(self, part: Part, index: int, reference: Reference) -> Any:
        """What a reference of a part's item gives. Raises NothingThere."""
        if reference.name == NUMBER:
            return index + 1
        if reference.name == ITEM:
            return reference.follow(self.items(part)[index])
        source = self.source(reference.name, index)
        return reference.follow(self.inputs[reference.name] if source is None else source.value)


def _outcome(view: _View, part: Part, index: int, seed: int) -> Asked | Trouble | None:
    """What can be done about a part that waits; None when it waits on, or does not wait."""
    if view.fact(part.name, index).state != "waiting":
        return None
    for reference in part.references:
        source = view.source(reference.name, index)
        if source is not None and source.state in ("failed", "left_out"):
            return Trouble(part.name, index, NEEDED_PART_MISSING, f"{source.name} was left out")
        if source is not None and source.state != "passed":
            return None

    def value_of(reference: Reference) -> Any:
        return view.value(part, index, reference)

    try:
        prompt = part.prompt.render(value_of)
        parameters = filled(part.parameters, value_of)
    except NothingThere as error:
        return Trouble(part.name, index, UNUSABLE, str(error))
    if part.schema is not None:
        parameters = {**parameters, SCHEMA_PARAMETER: dict(part.schema)}
    return Asked(part.name, index, part.model, prompt, parameters, seed_for(seed, part.name, index))
