"""What a recipe is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from generation.core.recipes.templates import Reference, Template, references_in

ITEM, NUMBER = "item", "number"
"""What a repeated part may refer to besides: the item it is made for, and its number from 1."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part is made once per item of a list, for the first `most` items."""

    over: Reference
    most: int


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that is made, with one output.

    `parameters` hold templates in place of texts that refer to something. `schema` is the JSON
    Schema of a text part whose fields others refer to. Without an optional part the whole goes on.
    """

    name: str
    title: str
    model: str
    prompt: Template
    parameters: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    schema: Mapping[str, Any] | None = None
    repeat: Repeat | None = None
    is_optional: bool = False

    @property
    def references(self) -> Iterator[Reference]:
        """Every reference of the prompt, the parameters and the list that it is repeated over."""
        yield from self.prompt.references
        yield from references_in(self.parameters)
        if self.repeat is not None:
            yield self.repeat.over

    @property
    def most(self) -> int:
        """How often it is made at most."""
        return 1 if self.repeat is None else self.repeat.most


@dataclass(frozen=True, slots=True)
class Words:
    """A recipe's words in another language.

    `inputs` maps names to `title`, `description` and `choices` (value to title); `parts` maps
    names to titles.
    """

    title: str
    description: str
    inputs: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: MappingProxyType({}))
    parts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one request becomes several things that belong together.

    `inputs` is a JSON Schema (2020-12) of an object; forms are drawn from it. `heading` gives the
    whole its title, over inputs alone. `parts` are in an order in which each comes after what it
    refers to. `cover` names the part whose picture stands for the whole; empty for the first
    that has one. `version` is the beginning of the SHA-256 of `document`, the recipe as written.
    """

    name: str
    title: str
    description: str
    languages: tuple[str, ...]
    inputs: Mapping[str, Any]
    heading: Template
    parts: tuple[Part, ...]
    cover: str = ""
    version: str = ""
    document: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    translations: Mapping[str, Words] = field(default_factory=lambda: MappingProxyType({}))

    def part(self, name: str) -> Part:
        """Return a part by its name; KeyError where there is none."""
        for part in self.parts:
            if part.name == name:
                return part
        raise KeyError(name)

    def needs(self, part: Part) -> tuple[Part, ...]:
        """Return the parts that one refers to, in order."""
        named = {reference.name for reference in part.references}
        return tuple(other for other in self.parts if other.name in named)

    def translated(self, language: str) -> "Recipe":
        """Return the recipe in `language` (as `zh-hans`); English where it has no such words."""
        words = self.translations.get(language.lower())
        if words is None:
            return self
        properties = {
            name: _translated_input(shape, words.inputs.get(name, {}))
            for name, shape in self.inputs["properties"].items()
        }
        return replace(
            self,
            title=words.title,
            description=words.description,
            inputs={**self.inputs, "properties": properties},
            parts=tuple(
                replace(part, title=words.parts.get(part.name, part.title)) for part in self.parts
            ),
        )


def _translated_input(shape: Mapping[str, Any], words: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: words[name] for name in ("title", "description") if name in words}
    titles = words.get("choices", {})
    if "oneOf" in shape:
        told["oneOf"] = [
            {**choice, "title": titles.get(str(choice["const"]), choice["title"])}
            for choice in shape["oneOf"]
        ]
    return {**shape, **told}
