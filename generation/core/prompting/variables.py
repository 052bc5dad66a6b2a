"""What a preset's variables and lists may be. A variable is a parameter like a model's."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, cast

from generation.core.catalogue import Choice, Parameter, Problem, check_values

TYPES: Final = ("text", "choice", "integer", "number")
MOST_VARIABLES: Final = 16
MOST_CHOICES: Final = 50
MOST_LISTS: Final = 8
MOST_ENTRIES: Final = 200
LONGEST_ENTRY: Final = 200
# All lists together: the gate reads every word of what becomes public, within its deadline.
MOST_LISTED: Final = 10_000
LONGEST_TEXT: Final = 1_000
LONGEST_TITLE: Final = 80
USUAL_TEXT: Final = 200
LARGEST_NUMBER: Final = 1e9
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")


def read_variables(
    written: Sequence[Mapping[str, Any]],
) -> tuple[tuple[Parameter, ...], list[Problem]]:
    """Return the variables of a preset, and what is wrong with them.

    Each has a `name` and a `type` of TYPES; it may have a `title`, a `default` (without one it
    must be given), `choices`, and a `minimum` and `maximum`: of a number, or of a text's length in
    characters.
    """
    if len(written) > MOST_VARIABLES:
        return (), [Problem("/variables", "too_many", f"at most {MOST_VARIABLES} variables")]
    found: list[Parameter] = []
    problems: list[Problem] = []
    for number, item in enumerate(written):
        pointer = f"/variables/{number}"
        name = str(item.get("name", ""))
        if _NAME.fullmatch(name) is None:
            problems.append(Problem(f"{pointer}/name", "invalid_name", _NAME_SAYS))
        elif any(name == other.name for other in found):
            problems.append(Problem(f"{pointer}/name", "duplicate", "another one has this name"))
        else:
            variable, wrong = _read(name, item, pointer)
            found.append(variable)
            problems += wrong
    return tuple(found), problems


def read_lists(
    written: Mapping[str, Sequence[str]],
) -> tuple[dict[str, tuple[str, ...]], list[Problem]]:
    """Return the lists of a preset by name, and what is wrong with them."""
    problems: list[Problem] = []
    if len(written) > MOST_LISTS:
        problems.append(Problem("/lists", "too_many", f"at most {MOST_LISTS} lists"))
    for name, entries in written.items():
        if _NAME.fullmatch(name) is None:
            problems.append(Problem("/lists", "invalid_name", f"{name[:40]!r}: {_NAME_SAYS}"))
        elif not 1 <= len(entries) <= MOST_ENTRIES:
            message = f"a list has 1 to {MOST_ENTRIES} entries"
            problems.append(Problem(f"/lists/{name}", "out_of_range", message))
        else:
            problems += [
                Problem(f"/lists/{name}/{number}", "too_long", f"at most {LONGEST_ENTRY}")
                for number, entry in enumerate(entries)
                if len(entry) > LONGEST_ENTRY
            ]
    if sum(len(entry) for entries in written.values() for entry in entries) > MOST_LISTED:
        message = f"all lists together have at most {MOST_LISTED} characters"
        problems.append(Problem("/lists", "too_long", message))
    return {name: tuple(entries) for name, entries in written.items()}, problems


_NAME_SAYS: Final = "a name begins with a-z and has a-z, 0-9 and _, at most 32 of them"


def _read(name: str, item: Mapping[str, Any], pointer: str) -> tuple[Parameter, list[Problem]]:
    kind = str(item.get("type", "text"))
    default = item.get("default")
    choices = list(item.get("choices") or ())
    variable = Parameter(
        name=name,
        type=cast("Literal['text', 'choice', 'integer', 'number']", kind),
        description=str(item.get("title") or name),
        minimum=item.get("minimum"),
        maximum=item.get("maximum") or (USUAL_TEXT if kind == "text" else None),
        # An empty text as the default says that there need be none.
        default=None if default == "" else default,
        options=tuple(Choice(value, str(value)) for value in choices),
        is_optional=kind == "text" and default == "",
    )
    problems = [*_wrong_kind(variable, pointer), *_wrong_bounds(variable, pointer)]
    if not problems and variable.default is not None:
        _, wrong = check_values([variable], {}, pointer="", taker="")
        problems += [Problem(f"{pointer}/default", one.code, one.message) for one in wrong]
    return variable, problems


def _wrong_kind(variable: Parameter, pointer: str) -> list[Problem]:
    if variable.type not in TYPES:
        return [Problem(f"{pointer}/type", "unknown_choice", f"one of {', '.join(TYPES)}")]
    if len(variable.description) > LONGEST_TITLE:
        message = f"at most {LONGEST_TITLE} characters"
        return [Problem(f"{pointer}/title", "too_long", message)]
    at = f"{pointer}/choices"
    if variable.type != "choice":
        unwanted = [Problem(at, "not_taken", "only a variable of type choice has choices")]
        return unwanted if variable.options else []
    if not 1 <= len(variable.options) <= MOST_CHOICES:
        return [Problem(at, "out_of_range", f"a choice has 1 to {MOST_CHOICES} choices")]
    problems = []
    for number, value in enumerate(variable.choices):
        if isinstance(value, bool) or not isinstance(value, int | str):
            wrong = Problem(f"{at}/{number}", "not_a_text", "a text or a whole number")
            problems.append(wrong)
        elif len(str(value)) > LONGEST_ENTRY:
            problems.append(Problem(f"{at}/{number}", "too_long", f"at most {LONGEST_ENTRY}"))
    return problems


def _wrong_bounds(variable: Parameter, pointer: str) -> list[Problem]:
    bounds = {"minimum": variable.minimum, "maximum": variable.maximum}
    problems = []
    for name, bound in bounds.items():
        if bound is None:
            continue
        if isinstance(bound, bool) or not isinstance(bound, int | float):
            problems.append(Problem(f"{pointer}/{name}", "not_a_number", "this must be a number"))
        elif not math.isfinite(bound) or abs(bound) > LARGEST_NUMBER:
            message = f"at most {LARGEST_NUMBER:.0f}, up or down"
            problems.append(Problem(f"{pointer}/{name}", "out_of_range", message))
    if problems:
        return problems
    if variable.type == "text" and not 1 <= int(variable.maximum or 0) <= LONGEST_TEXT:
        return [Problem(f"{pointer}/maximum", "out_of_range", f"1 to {LONGEST_TEXT} characters")]
    if variable.type in {"integer", "number"} and None in bounds.values():
        message = "a number needs a minimum and a maximum"
        return [Problem(f"{pointer}/minimum", "required", message)]
    low, high = variable.minimum, variable.maximum
    if low is not None and high is not None and low > high:
        return [Problem(f"{pointer}/maximum", "out_of_range", "this is below the minimum")]
    return []
