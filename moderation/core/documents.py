"""Reading a document of a shape, and saying in plain words what is wrong with it and where."""

from collections.abc import Mapping
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from moderation.core import marked_yaml
from moderation.core.marked_yaml import InvalidDocument, Marked, Mistake
from moderation.core.policy_file import InvalidPolicy

File = TypeVar("File", bound=BaseModel)


def shaped(shape: type[File], source: str) -> tuple[File, Marked]:
    """Read the text of a document of a shape.

    Raises:
        InvalidPolicy: naming every place that is wrong.
    """
    try:
        marked = marked_yaml.read(source)
        return shape.model_validate(marked.value), marked
    except ValidationError as error:
        raise InvalidPolicy(_mistake(marked, found) for found in error.errors()) from error
    except InvalidDocument as error:
        raise InvalidPolicy(error.mistakes) from error


def _mistake(marked: Marked, found: ErrorDetails) -> Mistake:
    path = [step for step in found["loc"] if step != "[key]"]
    kind = found["type"]
    is_key = kind == "extra_forbidden" or "[key]" in found["loc"]
    what, advice = found["msg"], ""
    if kind in _WORDS:
        what, advice = _WORDS[kind]
    elif kind in {"enum", "literal_error"}:
        what, advice = _choice(found)
    if kind == "missing":
        what = f"{path[-1]}: {what}"
    return marked.mistake(path, what, advice, is_key=is_key)


def _choice(found: ErrorDetails) -> tuple[str, str]:
    given = found["input"]
    return f"{given!r} is none of the choices", f"Write one of: {found['ctx']['expected']}."


_MAPPING: Final = ("here stand keys with values", "Write `key: value` lines.")
_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "extra_forbidden": (
        "there is no such key here",
        "Mind the spelling and how far it is indented.",
    ),
    "missing": ("this key is missing", "Add it."),
    "model_type": _MAPPING,
    "dict_type": _MAPPING,
    "list_type": ("here stands a list", "Write [one, other], or lines with a dash."),
}
