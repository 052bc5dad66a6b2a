"""Whether a request fits its model. Pure: every function returns the clean value and the problems.

A problem's `pointer` is a JSON pointer into the request, its `code` is stable for clients.
"""

import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from generation.core.catalogue.model import Model, Parameter, ParameterType, Value
from generation.core.structured.schemas import SchemaRefused, check_schema, words_of

LARGEST_SEED = 2**53 - 1
"""The largest integer that every JSON reader, JavaScript's too, keeps exactly."""

_ALLOWED_CONTROLS = frozenset("\n\t")
# Cc: controls; Cs: lone surrogates, which no UTF-8 can carry.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs"})


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field of a request."""

    pointer: str
    code: str
    message: str


def check_prompt(model: Model, prompt: str) -> tuple[str, list[Problem]]:
    """Return the trimmed prompt with plain line ends; length counts characters, not bytes."""
    return _clean_text(
        prompt,
        pointer="/prompt",
        longest=model.limits.prompt_characters,
        may_be_empty=not model.needs_prompt,
    )


def check_seed(seed: object) -> list[Problem]:
    """Say whether a seed is a whole number from 0 to 2**53 - 1."""
    if not isinstance(seed, int) or isinstance(seed, bool):
        return [Problem("/seed", "not_an_integer", "the seed must be a whole number")]
    if not 0 <= seed <= LARGEST_SEED:
        return [Problem("/seed", "out_of_range", f"the seed must be from 0 to {LARGEST_SEED}")]
    return []


def check_parameters(
    model: Model, given: Mapping[str, object]
) -> tuple[dict[str, Value], list[Problem]]:
    """Return every parameter with its default filled in; what is left to the model is absent.

    An explicit null means "not given".
    """
    return check_values(model.parameters, given, pointer="/parameters", taker=model.name)


def check_values(
    parameters: Sequence[Parameter], given: Mapping[str, object], *, pointer: str, taker: str
) -> tuple[dict[str, Value], list[Problem]]:
    """Return the values of these parameters, given below `pointer`, as `check_parameters` does."""
    known = {parameter.name: parameter for parameter in parameters}
    problems = [
        Problem(
            f"{pointer}/{_escaped(name)}",
            "unknown_parameter",
            f"{taker} takes {', '.join(known) or 'no parameters'}",
        )
        for name in given
        if name not in known
    ]
    values: dict[str, Value] = {}
    for name, parameter in known.items():
        value = given.get(name)
        if value is None:
            value = parameter.default
        clean, found = None, list[Problem]()
        if value is not None:
            clean, found = _check_value(parameter, value, f"{pointer}/{name}")
        problems += found
        if clean is not None:
            values[name] = clean
        elif not found and parameter.default is None and not parameter.is_optional:
            problems.append(Problem(f"{pointer}/{name}", "required", _missing(parameter)))
    return values, problems


SCREENING: Final[Mapping[ParameterType, Literal["words", "names", "picture", "closed"]]] = {
    "text": "words",
    # Names and choices too: they are written into the answer.
    "schema": "names",
    # By the gate's look at pictures, when it is uploaded or was made; see `generation.app.inputs`.
    "image": "picture",
    # Nothing but what the entry itself allows.
    "choice": "closed",
    "integer": "closed",
    "number": "closed",
}
"""How the gate sees each kind of thing that a creator brings; a kind without a way is not taken."""


def screened_fields(model: Model, prompt: str, parameters: Mapping[str, Value]) -> dict[str, str]:
    """Return all words of the request that reach the model, by JSON pointer, none of them empty.

    Raises:
        KeyError: a parameter is of a kind that nobody has said how to screen.
    """
    fields = {"/prompt": prompt}
    for parameter in model.parameters:
        value, way = parameters.get(parameter.name), SCREENING[parameter.type]
        if value is not None and way == "words":
            fields[f"/parameters/{_escaped(parameter.name)}"] = str(value)
        elif value is not None and way == "names":
            fields[f"/parameters/{_escaped(parameter.name)}"] = "\n".join(words_of(value))
    return {pointer: text for pointer, text in fields.items() if text}


def screened_text(model: Model, prompt: str, parameters: Mapping[str, Value]) -> str:
    """Return all words of the request that reach the model: the prompt and every free text."""
    return "\n\n".join(screened_fields(model, prompt, parameters).values())


def _missing(parameter: Parameter) -> str:
    return "give a picture" if parameter.type == "image" else "this must be given"


def _check_value(
    parameter: Parameter, value: object, pointer: str
) -> tuple[Value | None, list[Problem]]:
    if parameter.type == "text":
        if not isinstance(value, str):
            return None, [Problem(pointer, "not_a_text", "this must be a text")]
        longest = int(parameter.maximum or 0)
        clean, problems = _clean_text(value, pointer=pointer, longest=longest, may_be_empty=True)
        return clean or None, problems
    if parameter.type == "image":
        return _check_id(value, pointer)
    if parameter.type == "choice":
        return _check_choice(parameter, value, pointer)
    if parameter.type == "schema":
        return _check_schema(value, pointer)
    return _check_number(parameter, value, pointer)


def _check_id(value: object, pointer: str) -> tuple[Value | None, list[Problem]]:
    try:
        return str(UUID(value if isinstance(value, str) else "")), []
    except ValueError:
        message = "this must be the id of an upload or of an asset"
        return None, [Problem(pointer, "invalid_uuid", message)]


def _check_schema(value: object, pointer: str) -> tuple[Value | None, list[Problem]]:
    try:
        return check_schema(value), []
    except SchemaRefused as error:
        return None, [Problem(pointer, error.code, str(error))]


def _check_number(
    parameter: Parameter, value: object, pointer: str
) -> tuple[Value | None, list[Problem]]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None, [Problem(pointer, "not_a_number", "this must be a number")]
    if parameter.type == "integer" and not isinstance(value, int):
        return None, [Problem(pointer, "not_an_integer", "this must be a whole number")]
    if parameter.options:
        return _check_choice(parameter, value, pointer)
    # Ranges first: an integer too large for a float would overflow in isfinite.
    if not _within(parameter, value) or not math.isfinite(value):
        bounds = f"from {_plain(parameter.minimum)} to {_plain(parameter.maximum)}"
        return None, [Problem(pointer, "out_of_range", f"this must be {bounds}")]
    return (float(value) if parameter.type == "number" else int(value)), []


def _check_choice(
    parameter: Parameter, value: object, pointer: str
) -> tuple[Value | None, list[Problem]]:
    for choice in parameter.choices:
        if type(choice) is type(value) and choice == value:
            return choice, []
    known = ", ".join(str(choice) for choice in parameter.choices)
    return None, [Problem(pointer, "unknown_choice", f"this must be one of {known}")]


def _within(parameter: Parameter, value: float) -> bool:
    above = parameter.minimum is None or value >= parameter.minimum
    return above and (parameter.maximum is None or value <= parameter.maximum)


def _clean_text(
    text: str, *, pointer: str, longest: int, may_be_empty: bool
) -> tuple[str, list[Problem]]:
    # Counted before anything else looks at it: a megabyte costs one comparison, not a scan.
    # Twice the limit leaves room for outer white space and for \r\n.
    if len(text) > 2 * longest + 64:
        return "", [_too_long(pointer, longest)]
    clean = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not clean and not may_be_empty:
        return "", [Problem(pointer, "empty", "say what you want")]
    if len(clean) > longest:
        return "", [_too_long(pointer, longest)]
    for character in clean:
        if (
            unicodedata.category(character) in _REFUSED_CATEGORIES
            and character not in _ALLOWED_CONTROLS
        ):
            name = f"U+{ord(character):04X}"
            return "", [Problem(pointer, "control_character", f"{name} is not allowed in a text")]
    return clean, []


def _too_long(pointer: str, longest: int) -> Problem:
    return Problem(pointer, "too_long", f"at most {longest} characters")


def _escaped(name: object) -> str:
    # A name is the caller's: a lone surrogate in it must not break the answer that quotes it.
    quoted = str(name)[:64].encode("utf-8", "replace").decode()
    return quoted.replace("~", "~0").replace("/", "~1")


def _plain(bound: float | None) -> str:
    return "any" if bound is None else f"{bound:g}"
