"""Reading the studio's form: texts into what services take."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.http import QueryDict

from generation.app.registry.selectors import offered_models
from generation.core.catalogue import Model, Parameter
from tidegate.primitives.errors import InvalidInput

_DIGITS = 9


def chosen_model(name: str) -> Model:
    """Return the model of a form, or raise InvalidInput."""
    model = offered_models().get(name)
    if model is None:
        raise InvalidInput("Choose a model.", code="unknown_model", pointer="/model")
    return model


def style_of(form: QueryDict, model: Model) -> str:
    """Return the style that is chosen for a model; empty for none."""
    return str(form.get(f"style:{model.name}", ""))


def given_values(form: QueryDict, model: Model) -> dict[str, object]:
    """Return what a form sets of a model's parameters, each as its type.

    Raises:
        InvalidInput: what should be a number is none.
    """
    return read_values(form, model.parameters, fields=f"{model.name}.", pointers="/parameters/")


def read_values(
    form: Mapping[str, str], parameters: Iterable[Parameter], *, fields: str, pointers: str
) -> dict[str, object]:
    """Return what a form says of parameters; both prefixes are followed by a parameter's name.

    Raises InvalidInput as `given_values`.
    """
    found = {}
    for parameter in parameters:
        text = form.get(f"{fields}{parameter.name}")
        value = _read(parameter, text, f"{pointers}{parameter.name}")
        if value is not None:
            found[parameter.name] = value
    return found


def _read(parameter: Parameter, text: str | None, pointer: str) -> object | None:
    """Read a form field as its parameter's type, an empty one as None.

    The service checks the range. Raises InvalidInput as `given_values`.
    """
    if text is None or not text.strip():
        return None
    try:
        match parameter.type:
            case "integer":
                return int(text)
            case "number":
                return float(text)
            case "choice" if parameter.choices and isinstance(parameter.choices[0], int):
                return int(text)
            case _:
                return text
    except ValueError as error:
        raise InvalidInput(
            f"{parameter.name} must be a number.", code="invalid_number", pointer=pointer
        ) from error


def read_number(text: str, pointer: str) -> int:
    """Return the version of a preset that a page or form names, or raise InvalidInput."""
    if not (text.isascii() and text.isdigit() and 1 <= len(text) <= _DIGITS):
        raise InvalidInput(
            "This is no version of the preset.", code="invalid_version", pointer=pointer
        )
    return int(text)


def read_uuid(text: str, pointer: str) -> UUID:
    """Return the id that a list of the form gave, or raise InvalidInput."""
    try:
        return UUID(text)
    except ValueError as error:
        raise InvalidInput(
            "Choose one of the list.", code="invalid_uuid", pointer=pointer
        ) from error
