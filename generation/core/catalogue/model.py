"""What a catalogue entry is."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal

from generation.core.pricing import Price

ParameterType = Literal["integer", "number", "choice", "text", "image", "schema"]
Operation = Literal[
    "image-to-image", "inpaint", "variation", "upscale", "stylise", "background", "image-to-video"
]
Modality = Literal["text", "image", "speech", "music", "video"]
Scalar = int | float | str
Value = Scalar | dict[str, Any]
"""What a request gives for a parameter; only a schema is an object."""

PROMPT_PHASE = "prompt"
"""The safety phase of every model: its prompts are screened before anything runs."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One value that a parameter may take; `language` (ISO 639-1) may be empty."""

    value: int | str
    title: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One thing the caller may set.

    `minimum` and `maximum` bound a number, or the length of a text in characters. `default` is
    None where leaving the parameter out is itself a meaning (`is_optional`): the model decides.
    The value of an `image` is the id of an upload or of an asset; it has no default, and must be
    given unless it is optional. The value of a `schema` is a JSON Schema that the answer will fit.
    """

    name: str
    type: ParameterType
    description: str
    minimum: float | None
    maximum: float | None
    default: Scalar | None
    options: tuple[Choice, ...]
    is_optional: bool

    @property
    def choices(self) -> tuple[int | str, ...]:
        """The allowed values, or nothing where the range decides."""
        return tuple(option.value for option in self.options)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a model bears. `deadline_seconds` is for one output, `wait_seconds` for the whole job.

    `outputs` is how many of them one request may ask for.
    """

    prompt_characters: int
    deadline_seconds: int
    wait_seconds: int
    outputs: int


@dataclass(frozen=True, slots=True)
class Safety:
    """Which phases of the gate a model needs; where one has no handler, it cannot be enabled.

    A phase is named after what is judged: `prompt`, and of outputs `text`, `image`,
    `text-in-image`, `speech`, `music`, `video`.
    """

    output: tuple[str, ...]

    @property
    def phases(self) -> tuple[str, ...]:
        """All of them, the prompt's first."""
        return (PROMPT_PHASE, *self.output)


@dataclass(frozen=True, slots=True)
class Loading:
    """When a model server holds the model: from its start on, or from the first request on.

    On demand, it is unloaded after `idle_seconds` without a request (0: never), or earlier to
    make room. `memory_mb` is what it takes there, an estimate; 0 where nobody measured it.
    `warm_up` is a prompt that is asked once after loading; empty for none.
    """

    when: Literal["start", "demand"] = "start"
    idle_seconds: int = 0
    memory_mb: int = 0
    warm_up: str = ""


NEGATIVE_PROMPT = "negative_prompt"
"""The text parameter of models that can be told what a picture is not to be like."""


@dataclass(frozen=True, slots=True)
class Style:
    """A way of making things that a model offers by name.

    `prompt` is a template (see `generation.core.prompting`) around `{prompt}`. The words of
    `negative_prompt` come after the caller's own; `parameters` count where the caller says nothing.
    """

    name: str
    title: str
    prompt: str = "{prompt}"
    negative_prompt: str = ""
    parameters: Mapping[str, Scalar] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Translation:
    """An entry's words in another language.

    `parameters` maps names to descriptions, `styles` names to titles.
    """

    title: str
    description: str
    parameters: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    styles: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Model:
    """One version of a model that may be asked for. Its words are English; see `translated`.

    `version` is the beginning of the SHA-256 of `document`, the entry as it was written: another
    content is another version. `is_enabled` is how a new installation starts with it.
    `operations` say what it does with a given picture; a model that takes none has none. Where
    `needs_prompt` is false, the request may come without words. `backend` and its `options` say
    how its Triton folder is written (see `generation.core.backends`); None where one is shipped.
    `cost_credits` is what one output costs with the defaults, `price` what it is computed from.
    """

    name: str
    title: str
    modality: Modality
    triton_model: str
    licence: str
    languages: tuple[str, ...]
    description: str
    cost_credits: int
    price: Price
    limits: Limits
    parameters: tuple[Parameter, ...]
    translations: Mapping[str, Translation] = field(default_factory=lambda: MappingProxyType({}))
    licence_url: str = ""
    use_restrictions: tuple[str, ...] = ()
    safety: Safety = Safety(())
    loading: Loading = Loading()
    is_enabled: bool = True
    version: str = ""
    document: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    operations: tuple[Operation, ...] = ()
    needs_prompt: bool = True
    backend: str | None = None
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    styles: tuple[Style, ...] = ()

    @property
    def takes_negative_prompt(self) -> bool:
        """Whether it can be told what its output is not to be like."""
        return any(parameter.name == NEGATIVE_PROMPT for parameter in self.parameters)

    @property
    def image_parameters(self) -> tuple[Parameter, ...]:
        """The parameters whose value is a picture."""
        return tuple(parameter for parameter in self.parameters if parameter.type == "image")

    @property
    def schema_parameter(self) -> Parameter | None:
        """The parameter that an answer in JSON is asked for with."""
        return next((item for item in self.parameters if item.type == "schema"), None)

    def translated(self, language: str) -> "Model":
        """Return the entry in `language` (as `zh-hans`); English where it has no such words."""
        words = self.translations.get(language.lower())
        if words is None:
            return self
        return replace(
            self,
            title=words.title,
            description=words.description,
            parameters=tuple(
                replace(
                    parameter,
                    description=words.parameters.get(parameter.name, parameter.description),
                )
                for parameter in self.parameters
            ),
            styles=tuple(
                replace(style, title=words.styles.get(style.name, style.title))
                for style in self.styles
            ),
        )
