"""What a model folder tells the back-end that runs it: options, parameters and limits.

Both ends use this module: the application writes the document, the model reads it beside Triton.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from generation.core.backends.options import Options, read_options
from generation.core.wire import GenerateRequest, InvalidRequest

SERVED_FILE = "served.json"
"""Its name in the model's version folder."""

Value = int | float | str


@dataclass(frozen=True, slots=True)
class Accepted:
    """One parameter of the entry: its range, or the values it may take."""

    name: str
    type: str
    minimum: float | None = None
    maximum: float | None = None
    default: Value | None = None
    choices: tuple[Value, ...] = ()

    def read(self, asked: GenerateRequest) -> Value | None:
        """The request's value, or the default; None where neither says anything.

        Raises:
            InvalidRequest: it is none of the choices, or outside the range.
        """
        value = asked.parameters.get(self.name, self.default)
        # A picture travels as a tensor of its own, a schema is read by who follows it.
        if value is None or self.type in {"image", "schema"}:
            return None
        if self.choices:
            for choice in self.choices:
                if type(choice) is type(value) and choice == value:
                    return choice
            known = ", ".join(str(choice) for choice in self.choices)
            raise InvalidRequest(f"{self.name} must be one of {known}")
        if self.type == "text":
            return asked.text(self.name, max_characters=int(self.maximum or 0)) or self.default
        low = float("-inf") if self.minimum is None else self.minimum
        high = float("inf") if self.maximum is None else self.maximum
        # The default stands in where the request says nothing; the entry has checked it.
        number = asked.number(
            self.name, minimum=low, maximum=high, default=float(self.default or 0)
        )
        if self.type != "integer":
            return number
        if number != int(number):
            raise InvalidRequest(f"{self.name} must be a whole number")
        return int(number)


@dataclass(frozen=True, slots=True)
class Served:
    """An entry as its back-end needs it."""

    entry: str
    backend: str
    modality: str
    prompt_characters: int
    parameters: tuple[Accepted, ...]
    options: Options

    def values(self, asked: GenerateRequest) -> dict[str, Value]:
        """Every parameter that has a value.

        Raises:
            InvalidRequest: the request has a parameter that the entry does not have, or a value
                outside the entry's range.
        """
        asked.require_only(*(parameter.name for parameter in self.parameters))
        read = {parameter.name: parameter.read(asked) for parameter in self.parameters}
        return {name: value for name, value in read.items() if value is not None}


def encode_served(served: Served) -> str:
    """The document, with every default filled in, so that a folder says what it does."""
    document: dict[str, Any] = {
        "entry": served.entry,
        "backend": served.backend,
        "modality": served.modality,
        "prompt_characters": served.prompt_characters,
        "parameters": [asdict(parameter) for parameter in served.parameters],
        "options": served.options.model_dump(mode="json"),
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def decode_served(text: str) -> Served:
    """Read the document.

    Raises:
        OptionsRefused: the options are not the back-end's: another release wrote the folder.
    """
    document: Mapping[str, Any] = json.loads(text)
    parameters = [
        Accepted(**{**item, "choices": tuple(item["choices"])}) for item in document["parameters"]
    ]
    return Served(
        entry=document["entry"],
        backend=document["backend"],
        modality=document["modality"],
        prompt_characters=document["prompt_characters"],
        parameters=tuple(parameters),
        options=read_options(document["backend"], document["options"]),
    )
