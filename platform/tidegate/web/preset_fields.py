"""The form in which the next version of a preset is written: its fields, and what is wrong."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from django.utils.translation import gettext

from generation.app.presets.words import LONGEST_DESCRIPTION, LONGEST_NAME
from generation.core.catalogue import NEGATIVE_PROMPT, Model, Parameter
from generation.core.prompting import TYPES
from generation.core.prompting.template import LONGEST_TEMPLATE
from generation.core.prompting.variables import LONGEST_TITLE
from tidegate.primitives.errors import FieldError
from tidegate.web import words
from tidegate.web.preset_texts import PARTS, Texts, rows_of, settings_shown
from tidegate.web.templatetags.web import plain

_LONGEST_ROW_NAME: Final = 32


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the form. `kind` is text, number, area, choice or flag."""

    name: str
    pointer: str
    label: str
    value: str = ""
    kind: str = "text"
    options: tuple[tuple[str, str], ...] = ()
    help: str = ""
    longest: int | None = None
    lines: int = 3


@dataclass(frozen=True, slots=True)
class Row:
    """A variable or a list. The one that may be added has no `title`, and nothing to remove."""

    title: str
    fields: tuple[Field, ...]
    remove: str = ""
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """Everything that is drawn; `errors` by field, `said` is what is wrong with none of them."""

    texts: tuple[Field, ...]
    settings: tuple[Field, ...]
    variables: tuple[Row, ...]
    lists: tuple[Row, ...]
    errors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    said: tuple[str, ...] = ()

    @property
    def are_settings_open(self) -> bool:
        """Whether something is wrong among the settings."""
        return any(one.pointer in self.errors for one in self.settings)

    @property
    def first_error(self) -> str:
        """Where the focus belongs after a refusal."""
        return next((one.pointer for one in _fields(self) if one.pointer in self.errors), "")


def form_of(texts: Texts, model: Model | None, errors: Iterable[FieldError] = ()) -> Form:
    """Return the form to draw, with every error at the field that it is about."""
    shown = settings_shown(model)
    form = Form(
        texts=tuple(_own_fields(texts, model)),
        settings=tuple(_setting(item, texts.get(f"parameters.{item.name}", "")) for item in shown),
        variables=(*_variablerows_of(texts), _row_to_add("variable", texts)),
        lists=(*_listrows_of(texts), _row_to_add("list", texts)),
    )
    placed, said = _placed(errors, [one.pointer for one in _fields(form)])
    return replace(
        form,
        variables=tuple(_opened(row, placed) for row in form.variables),
        lists=tuple(_opened(row, placed) for row in form.lists),
        errors=placed,
        said=said,
    )


def _own_fields(texts: Texts, model: Model | None) -> Iterator[Field]:
    yield Field("name", "/name", gettext("Name"), texts["name"], longest=LONGEST_NAME)
    yield Field(
        "description",
        "/description",
        gettext("Description"),
        texts["description"],
        "area",
        longest=LONGEST_DESCRIPTION,
        lines=2,
    )
    yield Field(
        "prompt",
        "/prompt",
        gettext("Prompt"),
        texts["prompt"],
        "area",
        help=gettext(
            "{subject} asks for a word each time, {red|blue} draws one, {*animals} draws from a "
            "list. A backslash stands before a brace that is meant."
        ),
        longest=LONGEST_TEMPLATE,
        lines=6,
    )
    if model is None or model.takes_negative_prompt or texts["negative_prompt"]:
        label = words.word(words.PARAMETERS, NEGATIVE_PROMPT)
        yield Field(
            "negative_prompt",
            "/negative_prompt",
            label,
            texts["negative_prompt"],
            "area",
            longest=LONGEST_TEMPLATE,
        )
    if model is not None and (model.styles or texts["style"]):
        styles = ((style.name, style.title) for style in model.styles)
        options = _with(texts["style"], [("", gettext("none")), *styles])
        yield Field("style", "/style", gettext("Style"), texts["style"], "choice", options)


def _setting(item: Parameter, value: str) -> Field:
    name, pointer = f"parameters.{item.name}", f"/parameters/{item.name}"
    label = words.word(words.PARAMETERS, item.name)
    if item.options:
        options = ((plain(one.value), one.title) for one in item.options)
        nothing = ("", gettext("as the model or the style has it"))
        offered = _with(value, [nothing, *options])
        return Field(name, pointer, label, value, "choice", offered, help=item.description)
    kind = "text" if item.type == "text" else "number"
    longest = int(item.maximum) if kind == "text" and item.maximum else None
    return Field(name, pointer, label, value, kind, help=item.description, longest=longest)


def _variablerows_of(texts: Texts) -> Iterator[Row]:
    for number, row in enumerate(rows_of(texts, "variable")):
        prefix = f"variable.{number}."
        title = "{" + row["name"] + "}"
        yield Row(title, _variable_fields(prefix, number, row), f"{prefix}remove")


def _listrows_of(texts: Texts) -> Iterator[Row]:
    for number, row in enumerate(rows_of(texts, "list")):
        prefix = f"list.{number}."
        yield Row("{*" + row["name"] + "}", _list_fields(prefix, row), f"{prefix}remove")


def _row_to_add(kind: str, texts: Texts) -> Row:
    number = sum(1 for _ in rows_of(texts, kind))
    empty = dict.fromkeys(PARTS[kind], "")
    prefix = f"{kind}.{number}."
    if kind == "list":
        return Row("", _list_fields(prefix, empty))
    return Row("", _variable_fields(prefix, number, empty | {"type": "text"}))


def _variable_fields(prefix: str, number: int, row: Texts) -> tuple[Field, ...]:
    at = f"/variables/{number}/"
    types = _with(row["type"], [(name, words.word(words.VARIABLE_TYPES, name)) for name in TYPES])

    def one(part: str, label: str, kind: str = "text", **more: Any) -> Field:
        return Field(f"{prefix}{part}", f"{at}{part}", label, row[part], kind, **more)

    return (
        one("name", gettext("Name"), longest=_LONGEST_ROW_NAME),
        one("type", gettext("Kind"), "choice", options=types),
        one(
            "title",
            gettext("Question"),
            help=gettext("What people are asked; else its name."),
            longest=LONGEST_TITLE,
        ),
        one(
            "default",
            gettext("Starts with"),
            help=gettext("Without this it has to be filled in each time."),
        ),
        one("optional", gettext("may be left empty (words only)"), "flag"),
        one(
            "choices",
            gettext("Choices"),
            "area",
            help=gettext("One per line, for “one of several”."),
        ),
        one("minimum", gettext("At least"), "number"),
        one(
            "maximum",
            gettext("At most"),
            "number",
            help=gettext("Of a number, or of the length of words in characters."),
        ),
    )


def _list_fields(prefix: str, row: Texts) -> tuple[Field, ...]:
    return (
        Field(
            f"{prefix}name",
            f"/lists/{row['name']}/name",
            gettext("Name"),
            row["name"],
            longest=_LONGEST_ROW_NAME,
        ),
        Field(
            f"{prefix}entries",
            f"/lists/{row['name']}",
            gettext("Entries"),
            row["entries"],
            "area",
            help=gettext("One per line; an empty line between others stands for nothing."),
            lines=5,
        ),
    )


def _fields(form: Form) -> Iterator[Field]:
    yield from form.texts
    yield from form.settings
    for row in (*form.variables, *form.lists):
        yield from row.fields


def _placed(
    errors: Iterable[FieldError], pointers: list[str]
) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Return what is said at each field, and what has none; a part of a field is said at it."""
    placed: dict[str, tuple[str, ...]] = {}
    said: list[str] = []
    for error in errors:
        fitting = [one for one in pointers if f"{error.pointer}/".startswith(f"{one}/")]
        if fitting:
            place = max(fitting, key=len)
            placed[place] = (*placed.get(place, ()), _sentence(error))
        else:
            said.append(_sentence(error))
    return placed, tuple(dict.fromkeys(said))


def _opened(row: Row, errors: Mapping[str, tuple[str, ...]]) -> Row:
    return replace(row, is_open=any(one.pointer in errors for one in row.fields))


def _with(value: str, options: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return the options, with a value that is offered no more: nobody loses it unawares."""
    offered = tuple(options)
    known = not value or any(value == one for one, _ in offered)
    return offered if known else (*offered, (value, value))


def _sentence(error: FieldError) -> str:
    """Return what is wrong in the reader's language, with the detail that the service gives."""
    if error.code in words.PRESET_ERRORS:
        return words.word(words.PRESET_ERRORS, error.code)
    if error.code in words.PRESET_DETAILS:
        what = words.word(words.PRESET_DETAILS, error.code)
        return gettext("%(what)s: %(detail)s") % {"what": what, "detail": error.message}
    return error.message
