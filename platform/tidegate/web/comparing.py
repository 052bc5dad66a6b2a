"""Several pieces side by side, and in what they differ."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from generation.core.catalogue import Model
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset
from tidegate.assets.selectors import parameters_of

Value = object


@dataclass(frozen=True, slots=True)
class Side:
    """One of what is compared; `number` counts from one."""

    number: int
    asset: Asset


@dataclass(frozen=True, slots=True)
class Line:
    """One thing about every side, in their order; None where a side has no such thing.

    `title` is what it is called; empty for a parameter of the model, which is known by `name`.
    """

    name: str
    title: str | Promise
    values: tuple[Value, ...]

    @property
    def differs(self) -> bool:
        """Whether the sides are not all alike in it."""
        return any(value != self.values[0] for value in self.values)


def lines_of(viewer: Viewer, assets: Sequence[Asset], models: dict[str, Model]) -> list[Line]:
    """Return what can be said of every one: prompt, model, seed, then each parameter."""
    lines = [
        Line("prompt", _("Prompt"), tuple(asset.prompt for asset in assets)),
        Line("model", _("Model"), tuple(_model(asset, models) for asset in assets)),
        Line("seed", _("Seed"), tuple(_plain(asset.seed) for asset in assets)),
    ]
    made_with = [parameters_of(viewer, asset) for asset in assets]
    return lines + [
        Line(name, "", tuple(_plain(parameters.get(name)) for parameters in made_with))
        for name in _names(made_with)
    ]


def _model(asset: Asset, models: dict[str, Model]) -> str:
    known = models.get(asset.model_name)
    return known.title if known is not None else asset.model_name


def _names(parameters: Iterable[dict[str, object]]) -> list[str]:
    """Return every parameter that some side has, in the order in which they are met."""
    return list(dict.fromkeys(name for one in parameters for name in one))


def _plain(value: object) -> str | None:
    """Return a value without the grouping of a language: a seed is copied, not read aloud."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return None if value is None else str(value)
