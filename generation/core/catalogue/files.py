"""Reading catalogue entries from YAML."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from generation.core.catalogue import model as shapes
from generation.core.catalogue.prices import WrittenPrice, wrong_with_price
from generation.core.pricing import Price

OWN_ENTRIES = Path(__file__).parent / "entries"

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Line = Annotated[str, Field(min_length=1, max_length=500)]
Phase = Annotated[str, Field(pattern=r"^[a-z][a-z-]{0,31}$")]

_VERSION_DIGITS = 12
_PHASES: Mapping[str, tuple[str, ...]] = {"image": ("image", "text-in-image")}
"""What is judged of an output where the entry does not say; else its modality alone."""


class CatalogueRefused(ValueError):
    """An entry cannot be read; the message names the file and the field."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Choice(_Entry):
    value: int | str
    title: Line
    language: str = ""


class _Parameter(_Entry):
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
    type: shapes.ParameterType
    description: Line
    minimum: float | None = None
    maximum: float | None = None
    default: int | float | str | None = None
    choices: list[int | str | _Choice] = []
    optional: bool = False

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.type in {"image", "schema"}:
            if self.default is not None:
                raise ValueError(f"a parameter of type {self.type} has no default")
            return self
        if self.optional == (self.default is not None):
            raise ValueError("give either a default or `optional: true`")
        if self.type == "choice" and not self.choices:
            raise ValueError("a choice needs choices")
        if self.type == "number" and not self.choices and None in (self.minimum, self.maximum):
            raise ValueError("a number needs a minimum and a maximum")
        if self.type == "text" and self.maximum is None:
            raise ValueError("a text needs a maximum length")
        return self


class _Limits(_Entry):
    prompt_characters: Annotated[int, Field(ge=1, le=20_000)]
    deadline_seconds: Annotated[int, Field(ge=1, le=3600)]
    wait_seconds: Annotated[int, Field(ge=1, le=7 * 86_400)]
    outputs: Annotated[int, Field(ge=1, le=16)] = 1


class _Translation(_Entry):
    title: Line
    description: Line
    parameters: dict[str, Line] = {}
    styles: dict[str, Line] = {}


class _Style(_Entry):
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
    title: Annotated[str, Field(min_length=1, max_length=80)]
    prompt: Line = "{prompt}"
    negative_prompt: Annotated[str, Field(max_length=500)] = ""
    parameters: dict[str, int | float | str] = {}


class _Safety(_Entry):
    prompt: Literal["required"] = "required"
    output: list[Phase] = []


class _Loading(_Entry):
    when: Literal["start", "demand"] = "start"
    idle_seconds: Annotated[int, Field(ge=0, le=86_400)] = 0
    memory_mb: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    warm_up: Annotated[str, Field(max_length=500)] = ""


class _Model(_Entry):
    name: Name
    title: Line
    modality: shapes.Modality
    triton_model: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,128}$")]
    licence: Line
    licence_url: Annotated[str, Field(pattern=r"^(https://\S{1,400})?$")] = ""
    use_restrictions: list[Line] = []
    languages: list[str]
    description: Line
    cost_credits: Annotated[int, Field(ge=1, le=100_000)]
    # Without one, every request costs `cost_credits`.
    price: WrittenPrice | None = None
    limits: _Limits
    parameters: list[_Parameter] = []
    safety: _Safety = _Safety()
    loading: _Loading = _Loading()
    enabled: bool = True
    operations: list[shapes.Operation] = []
    needs_prompt: bool = True
    backend: Annotated[str, Field(pattern=r"^[a-z_]{1,64}$")] | None = None
    options: dict[str, Any] = {}
    styles: list[_Style] = []
    translations: dict[str, _Translation] = {}

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [parameter.name for parameter in self.parameters]
        if len(set(names)) != len(names):
            raise ValueError("two parameters share a name")
        styles = [style.name for style in self.styles]
        if len(set(styles)) != len(styles):
            raise ValueError("two styles share a name")
        takes_image = any(parameter.type == "image" for parameter in self.parameters)
        if takes_image != bool(self.operations):
            raise ValueError("a model takes an image exactly when it names its operations")
        return self


class _Folders:
    further: tuple[Path, ...] = ()


def use_folders(folders: Sequence[Path]) -> None:
    """Read these folders after our own entries; called once, when the process starts."""
    _Folders.further = tuple(folders)
    _load.cache_clear()


def catalogue() -> Mapping[str, shapes.Model]:
    """Return every model by name, in the order of files.

    Raises:
        CatalogueRefused: an entry is malformed; nothing is served from half a catalogue.
    """
    return _load((OWN_ENTRIES, *_Folders.further))


@cache
def _load(folders: tuple[Path, ...]) -> Mapping[str, shapes.Model]:
    models: dict[str, shapes.Model] = {}
    for folder in folders:
        if not folder.is_dir():
            raise CatalogueRefused(f"{folder} is not a folder")
        for path in sorted(folder.glob("*.yaml")):
            entry = _read(path)
            models[entry.name] = entry
    return MappingProxyType(models)


def read_entry(written: object) -> shapes.Model:
    """Return the model that a decoded entry describes.

    Raises:
        CatalogueRefused: it is malformed; the message names the fields.
    """
    try:
        entry = _Model.model_validate(written)
    except ValidationError as error:
        raise CatalogueRefused(str(error)) from error
    # Only what was written: a field that we add to the format changes no version.
    document = entry.model_dump(mode="json", exclude_unset=True)
    model = shapes.Model(
        name=entry.name,
        title=entry.title,
        modality=entry.modality,
        triton_model=entry.triton_model,
        licence=entry.licence,
        licence_url=entry.licence_url,
        use_restrictions=tuple(entry.use_restrictions),
        languages=tuple(entry.languages),
        description=entry.description,
        cost_credits=entry.cost_credits,
        price=entry.price.price() if entry.price else Price(entry.cost_credits),
        limits=shapes.Limits(**entry.limits.model_dump()),
        parameters=tuple(_parameter(item) for item in entry.parameters),
        safety=shapes.Safety(
            tuple(entry.safety.output) or _PHASES.get(entry.modality, (entry.modality,))
        ),
        loading=shapes.Loading(**entry.loading.model_dump()),
        is_enabled=entry.enabled,
        version=_version_of(document),
        document=MappingProxyType(document),
        translations=MappingProxyType(
            {
                language: shapes.Translation(
                    title=words.title,
                    description=words.description,
                    parameters=MappingProxyType(words.parameters),
                    styles=MappingProxyType(words.styles),
                )
                for language, words in entry.translations.items()
            }
        ),
        operations=tuple(entry.operations),
        needs_prompt=entry.needs_prompt,
        backend=entry.backend,
        options=MappingProxyType(entry.options),
        styles=tuple(
            shapes.Style(
                style.name,
                style.title,
                style.prompt,
                style.negative_prompt,
                MappingProxyType(style.parameters),
            )
            for style in entry.styles
        ),
    )
    _refuse_bad_defaults(model)
    if wrong := wrong_with_price(model):
        raise CatalogueRefused(wrong)
    _refuse_bad_options(model)
    _refuse_bad_styles(model)
    return model


def read_text(text: str) -> shapes.Model:
    """Return the model that an entry in YAML describes. Raises as `read_entry`."""
    try:
        written = yaml.load(text, Loader=yaml.CSafeLoader)  # nine times as fast, at every start
    except yaml.YAMLError as error:
        raise CatalogueRefused(str(error)) from error
    return read_entry(written)


def _read(path: Path) -> shapes.Model:
    try:
        return read_text(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, CatalogueRefused) as error:
        raise CatalogueRefused(f"{path.name}: {error}") from error


def _version_of(document: Mapping[str, Any]) -> str:
    written = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(written.encode()).hexdigest()[:_VERSION_DIGITS]


def _parameter(item: _Parameter) -> shapes.Parameter:
    return shapes.Parameter(
        name=item.name,
        type=item.type,
        description=item.description,
        minimum=item.minimum,
        maximum=item.maximum,
        default=item.default,
        options=tuple(
            shapes.Choice(choice.value, choice.title, choice.language)
            if isinstance(choice, _Choice)
            else shapes.Choice(choice, str(choice))
            for choice in item.choices
        ),
        is_optional=item.optional,
    )


def _refuse_bad_defaults(model: shapes.Model) -> None:
    from generation.core.catalogue.checks import check_parameters

    _, found = check_parameters(model, {})
    # A picture has no default: that it is missing is no fault of the entry.
    problems = [problem for problem in found if problem.code != "required"]
    if problems:
        raise CatalogueRefused(f"{problems[0].pointer}: {problems[0].message}")


def _refuse_bad_styles(model: shapes.Model) -> None:
    from generation.core.prompting.styles import wrong_with_style

    for style in model.styles:
        if wrong := wrong_with_style(model, style):
            raise CatalogueRefused(f"style {style.name}: {wrong}")


def _refuse_bad_options(model: shapes.Model) -> None:
    from generation.core.backends.folders import render_model_folder
    from generation.core.backends.options import OptionsRefused

    if model.backend is None:
        if model.options:
            raise CatalogueRefused("options belong to a backend, and none is named")
        return
    try:
        render_model_folder(model)
    except OptionsRefused as error:
        raise CatalogueRefused(str(error)) from error
