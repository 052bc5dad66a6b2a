"""What a version of a preset says, and whether it can be said to its model."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from generation.app.models import PresetVersion
from generation.app.registry.selectors import resolve
from generation.core.catalogue import Model, Problem, check_values
from generation.core.prompting import Wording, read_wording, styled
from tidegate.primitives.errors import FieldError, InvalidInput

LONGEST_NAME: Final = 80
LONGEST_DESCRIPTION: Final = 500


@dataclass(frozen=True, slots=True)
class PresetWords:
    """The contents of a version, as people write them; see `generation.core.prompting`."""

    name: str
    model_name: str
    prompt: str
    description: str = ""
    negative_prompt: str = ""
    style: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    variables: Sequence[Mapping[str, Any]] = ()
    lists: Mapping[str, Sequence[str]] = field(default_factory=dict)


def checked_words(words: PresetWords) -> PresetWords:
    """Return the words as they are stored: only those parameters that are set.

    Raises:
        InvalidInput: with a pointer for everything that is wrong.
    """
    model = resolve(words.model_name, organisation_id=None, seed=None)
    name, description = " ".join(words.name.split()), words.description.strip()
    problems = [
        Problem(pointer, "null_characters_not_allowed", "U+0000 is not allowed")
        for pointer, text in _texts(_written(words), "")
        if "\0" in text
    ]
    if not 1 <= len(name) <= LONGEST_NAME:
        problems.append(Problem("/name", "out_of_range", f"1 to {LONGEST_NAME} characters"))
    if len(description) > LONGEST_DESCRIPTION:
        message = f"at most {LONGEST_DESCRIPTION} characters"
        problems.append(Problem("/description", "too_long", message))
    if model.needs_prompt and not words.prompt.strip():
        problems.append(Problem("/prompt", "empty", "say what you want"))
    if words.negative_prompt and not model.takes_negative_prompt:
        message = f"{model.name} takes no negative prompt"
        problems.append(Problem("/negative_prompt", "not_taken", message))
    _, wrong = read_wording(
        prompt=words.prompt,
        negative_prompt=words.negative_prompt,
        variables=words.variables,
        lists=words.lists,
    )
    problems += wrong
    if words.style:
        problems += styled(model, words.style, "", {})[2]
    values, wrong = _settings(model, words.parameters)
    problems += wrong
    if problems:
        raise InvalidInput(
            "The preset does not hold.",
            errors=[FieldError(item.pointer, item.code, item.message) for item in problems],
        )
    return replace(words, name=name, description=description, parameters=values)


def wording_of(version: PresetVersion) -> Wording:
    """Return the words of a stored version.

    Raises:
        ValueError: they were written by another release and cannot be read by this one.
    """
    wording, problems = read_wording(
        prompt=version.prompt,
        negative_prompt=version.negative_prompt,
        variables=version.variables,
        lists=version.lists,
    )
    if wording is None:
        raise ValueError(f"preset version {version.pk}: {problems[0]}")
    return wording


def public_words(version: PresetVersion) -> str:
    """Return everything that others would read of a version once it is public."""
    told = [version.name, version.description, *wording_of(version).words()]
    told += [value for value in version.parameters.values() if isinstance(value, str)]
    return "\n\n".join(text for text in told if text.strip())


def _written(words: PresetWords) -> dict[str, object]:
    return {
        "name": words.name,
        "description": words.description,
        "model": words.model_name,
        "prompt": words.prompt,
        "negative_prompt": words.negative_prompt,
        "style": words.style,
        "parameters": words.parameters,
        "variables": words.variables,
        "lists": words.lists,
    }


def _texts(value: object, pointer: str) -> Iterator[tuple[str, str]]:
    """Yield every text in a value with a pointer to it."""
    if isinstance(value, str):
        yield pointer, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _texts(inner, f"{pointer}/{name}")
    elif isinstance(value, Sequence):
        for number, inner in enumerate(value):
            yield from _texts(inner, f"{pointer}/{number}")


def _settings(model: Model, parameters: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Check what is set and nothing else: a later version of the model has its own defaults."""
    given = {name: value for name, value in parameters.items() if value is not None}
    pictures = {item.name for item in model.image_parameters}
    problems = [
        Problem(f"/parameters/{name}", "not_taken", "a preset keeps no pictures")
        for name in sorted(pictures & given.keys())
    ]
    known = [item for item in model.parameters if item.name not in pictures]
    set_ones = [item for item in known if item.name in given]
    others = {name: value for name, value in given.items() if name not in pictures}
    values, wrong = check_values(set_ones, others, pointer="/parameters", taker=model.name)
    return dict(values), problems + wrong
