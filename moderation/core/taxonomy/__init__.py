"""The taxonomy: what each hazard is and how grave, and what others call it.

The data lie beside this module and are published as rows (`moderation.app.services.taxonomies`).
Rows are never changed: what is corrected here needs a new version of the hazards or of the scheme.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from moderation.core.hazards import GRAVEST, Hazard

OPENAI: Final = "openai"
_FOLDER: Final = Path(__file__).parent
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Language = Literal["en", "zh"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HazardEntry(_Strict):
    """A hazard: severity 0-4, titles and definitions by language, and what it refines."""

    name: Hazard
    severity: Annotated[int, Field(ge=0, le=GRAVEST)]
    refines: Hazard | None = None
    title: dict[Language, str]
    definition: dict[Language, str]


class Code(_Strict):
    """A code of a scheme and the hazards that it names; without any, `note` says why."""

    code: str
    label: str
    hazards: tuple[Hazard, ...] = ()
    note: str = ""


class Scheme(_Strict):
    """What others call harm. `unmapped` are hazards without a code, with the reason."""

    name: str
    version: str
    title: str
    source: str
    codes: tuple[Code, ...]
    unmapped: dict[Hazard, str]


class _Hazards(_Strict):
    version: str
    hazards: tuple[HazardEntry, ...]


class _Schemes(_Strict):
    schemes: tuple[Scheme, ...]


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """All hazards, gravest first, and all schemes by name."""

    version: str
    hazards: tuple[HazardEntry, ...]
    schemes: Mapping[str, Scheme]

    def codes_of(self, hazard: Hazard, scheme: str) -> tuple[str, ...]:
        """Return the codes of a hazard, or of what it refines where it has none of its own."""
        found = tuple(code.code for code in self.schemes[scheme].codes if hazard in code.hazards)
        refined = next(entry.refines for entry in self.hazards if entry.name == hazard)
        if found or refined is None:
            return found
        return self.codes_of(refined, scheme)


@cache
def taxonomy() -> Taxonomy:
    """Return the taxonomy of this release."""
    hazards = _Hazards.model_validate(_read("hazards.yaml"))
    schemes = _Schemes.model_validate(_read("schemes.yaml")).schemes
    return Taxonomy(hazards.version, hazards.hazards, {scheme.name: scheme for scheme in schemes})


def _read(name: str) -> object:
    return yaml.load((_FOLDER / name).read_text("utf-8"), _Loader)  # noqa: S506 - a safe loader
