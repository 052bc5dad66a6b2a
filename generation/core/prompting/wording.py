"""The words of a preset: two templates, the variables in them, and the lists they draw from."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from generation.core.catalogue import Parameter, Problem, check_values
from generation.core.catalogue.model import Value
from generation.core.prompting.draws import draws
from generation.core.prompting.template import (
    Template,
    TemplateRefused,
    Variable,
    Wildcard,
    parse,
)
from generation.core.prompting.variables import read_lists, read_variables

LONGEST_PROMPT: Final = 20_000
"""What any model takes at most; no template may be able to come to more."""
# A sign, eleven digits before and twelve behind the point: more than any number has.
_LONGEST_NUMBER: Final = 25


@dataclass(frozen=True, slots=True)
class Filled:
    """A preset's words with every hole filled."""

    prompt: str
    negative_prompt: str


@dataclass(frozen=True, slots=True)
class Wording:
    """Templates whose every name is declared, and whose every declared name is used."""

    prompt: Template
    negative_prompt: Template
    variables: tuple[Parameter, ...]
    lists: Mapping[str, tuple[str, ...]]

    def fill(
        self, given: Mapping[str, object], *, seed: int
    ) -> tuple[Filled | None, list[Problem]]:
        """Fill the templates; the same values and the same seed give the same words.

        None with the problems, each pointing below `/variables`.
        """
        values, problems = check_values(
            self.variables, given, pointer="/variables", taker="the preset"
        )
        if problems:
            return None, problems
        # A text that may be left out and was, is nothing.
        written = {item.name: _written(values.get(item.name, "")) for item in self.variables}
        prompt = self.prompt.render(written, self.lists, draws(seed, "prompt"))
        negative = self.negative_prompt.render(written, self.lists, draws(seed, "negative_prompt"))
        return Filled(prompt, negative), []

    def words(self) -> Iterator[str]:
        """Yield all that people can read in it, for the gate.

        What stands outside of holes comes a second time without them: a word that a hole cuts in
        two is read as one. Names are read too, since templates show them, and as words of their
        own where underscores join them.
        """
        names = " ".join([*(item.name for item in self.variables), *self.lists])
        yield names
        if "_" in names:
            yield names.replace("_", " ")
        for template in (self.prompt, self.negative_prompt):
            yield " ".join(template.texts())
            yield "".join(piece for piece in template.pieces if isinstance(piece, str))
        for entries in self.lists.values():
            yield " ".join(entries)
        for item in self.variables:
            if item.description != item.name:
                yield item.description
            yield " ".join(option.title for option in item.options)
            if isinstance(item.default, str):
                yield item.default


def read_wording(
    *,
    prompt: str,
    negative_prompt: str,
    variables: Sequence[Mapping[str, Any]],
    lists: Mapping[str, Sequence[str]],
) -> tuple[Wording | None, list[Problem]]:
    """Return the words of a preset, or None and every problem with a pointer to it."""
    read, problems = read_variables(variables)
    known, found = read_lists(lists)
    problems += found
    templates: dict[str, Template] = {}
    for name, text in (("prompt", prompt), ("negative_prompt", negative_prompt)):
        try:
            templates[name] = parse(text)
        except TemplateRefused as error:
            problems.append(Problem(f"/{name}", "invalid_template", str(error)))
    if problems:
        return None, problems
    wording = Wording(templates["prompt"], templates["negative_prompt"], read, known)
    problems = [*_unknown(wording), *_unused(wording)]
    if not problems:
        problems = list(_too_long(wording))
    return (None if problems else wording), problems


def _unknown(wording: Wording) -> Iterator[Problem]:
    variables = {item.name for item in wording.variables}
    for pointer, template in _templates(wording):
        for hole in template.holes():
            if isinstance(hole, Variable) and hole.name not in variables:
                message = f"character {hole.position}: there is no variable {hole.name}; declare it"
                yield Problem(pointer, "unknown_variable", message)
            if isinstance(hole, Wildcard) and hole.name not in wording.lists:
                message = f"character {hole.position}: there is no list {hole.name}; give its words"
                yield Problem(pointer, "unknown_list", message)


def _unused(wording: Wording) -> Iterator[Problem]:
    holes = [hole for _, template in _templates(wording) for hole in template.holes()]
    variables = {hole.name for hole in holes if isinstance(hole, Variable)}
    for number, item in enumerate(wording.variables):
        if item.name not in variables:
            message = f"neither template says {{{item.name}}}"
            yield Problem(f"/variables/{number}/name", "unused", message)
    lists = {hole.name for hole in holes if isinstance(hole, Wildcard)}
    for name in wording.lists:
        if name not in lists:
            yield Problem(f"/lists/{name}", "unused", f"neither template says {{*{name}}}")


def _too_long(wording: Wording) -> Iterator[Problem]:
    lengths = {item.name: _longest(item) for item in wording.variables}
    for pointer, template in _templates(wording):
        most = template.longest(lengths, wording.lists)
        if most > LONGEST_PROMPT:
            message = f"this can come to {most} characters; at most {LONGEST_PROMPT}"
            yield Problem(pointer, "too_long", message)


def _templates(wording: Wording) -> Iterable[tuple[str, Template]]:
    return (("/prompt", wording.prompt), ("/negative_prompt", wording.negative_prompt))


def _longest(item: Parameter) -> int:
    if item.options:
        return max(len(str(value)) for value in item.choices)
    return int(item.maximum or 0) if item.type == "text" else _LONGEST_NUMBER


def _written(value: Value) -> str:
    """Return a value as people write it: 3 and 2.5, never 3.0 or 1e+16."""
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    return str(value)
