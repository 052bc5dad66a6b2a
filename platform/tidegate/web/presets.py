"""Presets and styles on the studio's form."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.http import QueryDict
from django.utils.translation import get_language, gettext

from generation.app.models import Preset, PresetVersion
from generation.app.presets.selectors import (
    own_presets,
    public_presets,
    shown_versions,
    version_for,
    versions_visible_to,
)
from generation.app.presets.words import wording_of
from generation.app.services import JobRequest
from generation.core.catalogue import NEGATIVE_PROMPT, Model, Parameter
from generation.core.prompting import parse
from generation.core.prompting.template import Variable
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset
from tidegate.primitives.errors import NotFound
from tidegate.web.reading import read_values

MOST_LISTED = 30
# How long a text may be that somebody puts into a template by writing {name}.
_VARIABLE_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Filling:
    """A preset that the form is drawn for: its variables take the prompt's place."""

    version: PresetVersion
    variables: tuple[Parameter, ...]


def listed(viewer: Viewer) -> list[tuple[str, list[PresetVersion]]]:
    """Return what may be chosen, as (whose it is, presets): one's own first, everybody's last."""
    own = list(own_presets(viewer).filter(archived_at=None)[:MOST_LISTED])
    kept = {preset.pk for preset in own}
    others = list(public_presets().exclude(pk__in=kept)[:MOST_LISTED])
    shown = shown_versions(viewer, [*own, *others])
    groups = [
        (gettext("Your own"), [preset for preset in own if preset.scope == "user"]),
        (gettext("Your organisation's"), [one for one in own if one.scope == "organisation"]),
        (gettext("Everybody's"), others),
    ]
    return [
        (whose, [shown[preset.pk] for preset in presets if preset.pk in shown])
        for whose, presets in groups
        if presets
    ]


def filling(viewer: Viewer, preset: str, number: str = "") -> Filling | None:
    """Return the preset that an address or a form names, without a number its newest version.

    None where there is none for this viewer, or it is out of use.
    """
    try:
        version = version_for(viewer, UUID(preset), int(number) if number else None)
    except (ValueError, NotFound):
        return None
    if version.preset.archived_at is not None:
        return None
    return Filling(version, wording_of(version).variables)


def state_of(version: PresetVersion) -> str:
    """Return how a version stands, one of `words.PRESET_STATES`."""
    preset = version.preset
    if preset.taken_down_at is not None:
        return "taken_down"
    if preset.archived_at is not None:
        return "archived"
    if version.publication == PresetVersion.Publication.PRIVATE:
        is_shared = preset.scope == preset.Scope.ORGANISATION
        return "organisation" if is_shared else "private"
    return str(version.publication)


def public_numbers(viewer: Viewer, presets: Iterable[Preset]) -> dict[UUID, int]:
    """Return which version everybody sees of each preset, by the preset's id; the newest."""
    public = (
        versions_visible_to(viewer)
        .filter(
            preset__in=list(presets),
            publication=PresetVersion.Publication.PUBLIC,
            preset__archived_at=None,
            preset__taken_down_at=None,
        )
        .order_by("preset_id", "-number")
        .distinct("preset_id")
    )
    return dict(public.values_list("preset_id", "number"))


def translated(model: Model | None) -> Model | None:
    """Return a model in the reader's language."""
    return None if model is None else model.translated(get_language() or "en")


def used_for(viewer: Viewer, asset: Asset) -> PresetVersion | None:
    """Return what an asset's prompt was written with, while the viewer may see that."""
    if asset.preset_version_id is None:
        return None
    seen = versions_visible_to(viewer).select_related("author")
    return seen.filter(pk=asset.preset_version_id).first()


def filled(wanted: JobRequest, found: Filling, form: QueryDict) -> JobRequest:
    """Return a request with its preset and what the form says of the variables.

    Raises:
        InvalidInput: what should be a number is none.
    """
    return replace(
        wanted,
        prompt="",
        preset_id=found.version.preset_id,
        preset_number=found.version.number,
        variables=read_values(form, found.variables, fields="variable.", pointers="/variables/"),
    )


def start_of(found: Filling, models: list[Model]) -> dict[str, Any]:
    """Return what the form starts with; nothing when the model is not offered at the moment."""
    version = found.version
    name = version.model_name.partition("@")[0]
    model = next((model for model in models if model.name == name), None)
    if model is None:
        return {}
    values = {f"{name}.{key}": value for key, value in version.parameters.items()}
    return {
        "preset": found,
        "model": name,
        "modality": model.modality,
        "prompt": "",
        "values": values,
        "styles": {name: version.style},
    }


def settings_of(model: Model, style: str, values: Mapping[str, object]) -> dict[str, object]:
    """Return what a form sets by itself: a slider that nobody moved leaves it to the style."""
    chosen = next((one for one in model.styles if one.name == style), None)
    if chosen is None:
        return dict(values)
    defaults = {item.name: item.default for item in model.parameters}
    return {
        name: value
        for name, value in values.items()
        if name not in chosen.parameters or value != defaults[name]
    }


def variables_in(prompt: str) -> list[dict[str, object]]:
    """Return a variable for every {name} that somebody wrote into a template.

    Raises:
        TemplateRefused: the template cannot be read.
    """
    names = dict.fromkeys(hole.name for hole in parse(prompt).holes() if isinstance(hole, Variable))
    return [{"name": name, "type": "text", "maximum": _VARIABLE_CHARACTERS} for name in names]


def kept_parameters(model: Model, values: Mapping[str, object]) -> dict[str, object]:
    """Return the settings that a preset keeps: those that differ from the model's own."""
    defaults = {item.name: item.default for item in model.parameters}
    pictures = {item.name for item in model.image_parameters}
    return {
        name: value
        for name, value in values.items()
        if name not in pictures and name != NEGATIVE_PROMPT and value != defaults[name]
    }
