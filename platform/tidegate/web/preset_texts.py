"""What a form says of the next version of a preset, as texts.

A flat mapping from field names to texts, whether a version or somebody's browser said them. What
the form does not show, and what nobody touched, stays as the version has it.
"""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.http import QueryDict
from django.utils.translation import gettext

from generation.app.models import PresetVersion
from generation.app.presets.words import PresetWords
from generation.app.registry.selectors import described
from generation.core.catalogue import NEGATIVE_PROMPT, Model, Parameter, parse_asked
from generation.core.prompting import TemplateRefused
from tidegate.primitives.errors import FieldError, InvalidInput
from tidegate.web.presets import variables_in
from tidegate.web.reading import read_values
from tidegate.web.templatetags.web import plain

Texts = Mapping[str, str]

PARTS: Final = {
    "variable": (
        *("name", "type", "title", "default", "optional", "choices", "minimum", "maximum"),
    ),
    "list": ("name", "entries"),
}
"""What the rows of a kind consist of."""
_LONGEST_NUMBER: Final = 30
_OWN: Final = ("name", "description", "prompt", "negative_prompt", "style")
_ROW: Final = re.compile(r"(?P<kind>variable|list)\.(?P<number>0|[1-9][0-9]{0,2})\.name")


def model_named(version: PresetVersion) -> Model | None:
    """Return the model of a version; None for one that nobody knows any more."""
    return described(parse_asked(version.model_name).name)


def settings_shown(model: Model | None) -> list[Parameter]:
    """Return the settings that the form shows; the others stay as the version has them."""
    if model is None:
        return []
    pictures = {item.name for item in model.image_parameters}
    return [
        item
        for item in model.parameters
        if item.name not in pictures and item.name != NEGATIVE_PROMPT and item.type != "schema"
    ]


def texts_of(version: PresetVersion) -> dict[str, str]:
    """Return what a form says that is filled with a version."""
    found = {name: str(getattr(version, name)) for name in _OWN}
    found |= {f"parameters.{name}": plain(value) for name, value in version.parameters.items()}
    for number, item in enumerate(version.variables):
        found |= _prefixed(f"variable.{number}.", _variable_texts(item))
    for number, (name, entries) in enumerate(version.lists.items()):
        found |= _prefixed(f"list.{number}.", {"name": name, "entries": "\n".join(entries)})
    return found


def sent_texts(form: QueryDict) -> dict[str, str]:
    """Return what a sent form says, without the rows that were left empty or taken out.

    Rows are numbered anew, so that an error's pointer and a row's number are the same.
    """
    sent = {name: str(text).replace("\r\n", "\n") for name, text in form.items()}
    found = {name: sent.get(name, "") for name in _OWN}
    found |= {name: text for name, text in sent.items() if name.startswith("parameters.")}
    for kind, parts in PARTS.items():
        kept = [
            row
            for row in rows_of(sent, kind)
            if not row.pop("remove", "") and any(row[part] for part in parts if part != "type")
        ]
        for number, row in enumerate(kept):
            found |= _prefixed(f"{kind}.{number}.", row)
    return found


def words_of(texts: Texts, base: PresetVersion) -> PresetWords:
    """Return the words of the next version; `base` is the one that the form was filled with.

    Raises:
        InvalidInput: with a pointer for what should be a number and is none.
    """
    problems: list[FieldError] = []
    earlier = {str(item.get("name")): item for item in base.variables}
    variables = []
    for number, row in enumerate(rows_of(texts, "variable")):
        before = earlier.get(row["name"])
        item, wrong = _variable(row, before, f"/variables/{number}")
        variables.append(item)
        problems += wrong
    variables += _undeclared(texts, {item["name"] for item in variables})
    lists, wrong = _lists(texts, base.lists)
    problems += wrong
    try:
        parameters = _parameters(texts, base)
    except InvalidInput as error:
        problems += error.errors
        parameters = {}
    if problems:
        raise InvalidInput("The preset does not hold.", errors=problems)
    return PresetWords(
        name=texts["name"],
        description=texts["description"],
        model_name=base.model_name,
        prompt=texts["prompt"],
        negative_prompt=texts["negative_prompt"],
        style=texts["style"],
        parameters=parameters,
        variables=variables,
        lists=lists,
    )


def rows_of(texts: Texts, kind: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a kind (`variable` or `list`) in their order, each part by its name."""
    numbers = sorted(
        int(found["number"])
        for found in map(_ROW.fullmatch, texts)
        if found is not None and found["kind"] == kind
    )
    for number in numbers:
        row = {part: texts.get(f"{kind}.{number}.{part}", "") for part in PARTS[kind]}
        if remove := texts.get(f"{kind}.{number}.remove"):
            row["remove"] = remove
        yield row


def _variable_texts(item: Mapping[str, Any]) -> dict[str, str]:
    kind = str(item.get("type", "text"))
    is_optional = kind == "text" and item.get("default") == ""
    return {
        "name": str(item.get("name", "")),
        "type": kind,
        "title": str(item.get("title", "")),
        "default": plain(item.get("default")),
        "optional": "on" if is_optional else "",
        "choices": "\n".join(map(plain, item.get("choices") or ())),
        "minimum": plain(item.get("minimum")),
        "maximum": plain(item.get("maximum")),
    }


def _variable(
    row: Texts, before: Mapping[str, Any] | None, pointer: str
) -> tuple[dict[str, Any], list[FieldError]]:
    """Return a variable as the API takes one; whoever did not touch it sends it as it was."""
    if before is not None and _variable_texts(before) == row:
        return dict(before), []
    problems: list[FieldError] = []
    item: dict[str, Any] = {"name": row["name"].strip(), "type": row["type"] or "text"}
    if row["title"].strip():
        item["title"] = row["title"].strip()
    choices = [line.strip() for line in row["choices"].split("\n") if line.strip()]
    if choices:
        # A whole number that was a choice before is one still, not the text of its digits.
        known = {str(value): value for value in (before or {}).get("choices") or ()}
        item["choices"] = [known.get(line, line) for line in choices]
    numbers = ["minimum", "maximum"]
    if row["type"] in {"integer", "number"}:
        numbers.append("default")
    elif row["default"]:
        offered = {str(value): value for value in item.get("choices", ())}
        item["default"] = offered.get(row["default"], row["default"])
    elif row["optional"] and item["type"] == "text":
        item["default"] = ""
    for part in numbers:
        if row[part].strip():
            try:
                item[part] = _number(row[part])
            except ValueError:
                message = gettext("This must be a number.")
                problems.append(FieldError(f"{pointer}/{part}", "invalid_number", message))
    return item, problems


def _undeclared(texts: Texts, declared: set[str]) -> list[dict[str, Any]]:
    """Return a variable for every {name} that nobody declared, as when a preset is kept."""
    found: dict[str, dict[str, Any]] = {}
    for template in (texts["prompt"], texts["negative_prompt"]):
        try:
            found |= {str(item["name"]): item for item in variables_in(template)}
        except TemplateRefused:
            return []  # the service says so at its field
    return [item for name, item in found.items() if name not in declared]


def _lists(
    texts: Texts, before: Mapping[str, list[str]]
) -> tuple[dict[str, list[str]], list[FieldError]]:
    found: dict[str, list[str]] = {}
    problems = []
    for row in rows_of(texts, "list"):
        name, entries = row["name"].strip(), row["entries"]
        if name in found:
            message = gettext("Another one has this name.")
            problems.append(FieldError(f"/lists/{name}/name", "duplicate", message))
        if name in before and entries == "\n".join(before[name]):
            found[name] = list(before[name])
        else:
            lines = entries.rstrip("\n")
            found[name] = [line.strip() for line in lines.split("\n")] if lines else []
    return found, problems


def _parameters(texts: Texts, base: PresetVersion) -> dict[str, Any]:
    """Return what the form sets, beside what it does not show."""
    shown = settings_shown(model_named(base))
    names = {item.name for item in shown}
    kept = {name: value for name, value in base.parameters.items() if name not in names}
    return kept | read_values(texts, shown, fields="parameters.", pointers="/parameters/")


def _number(text: str) -> int | float:
    if len(text) > _LONGEST_NUMBER:
        raise ValueError(text)
    try:
        return int(text)
    except ValueError:
        number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _prefixed(prefix: str, row: Texts) -> dict[str, str]:
    return {f"{prefix}{part}": text for part, text in row.items()}
