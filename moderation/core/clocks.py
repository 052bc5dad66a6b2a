"""Clocks: how long people have for a case, by what it is about, and on which ground.

They are data (`policies/clocks.yaml`, or a file of the deployment): a law's time changes without a
release, and whoever reads a due time can read where it comes from.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

DEFAULT_CLOCKS: Final = Path(__file__).parent / "policies" / "clocks.yaml"
Regime = Literal["service", "law"]
_LONGEST_HOURS: Final = 8_760
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class InvalidClocks(Exception):
    """The file cannot be obeyed; the message says what and where."""


class Clock(BaseModel):
    """A time that begins with a trigger.

    A trigger is `case.` and why a case is open, `notice.` and the ground of a takedown notice, or
    `report.` and the reason of a report.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    regime: Regime
    trigger: Annotated[str, Field(pattern=r"^(case|notice|report)\.[a-z_]{1,32}$")]
    hours: Annotated[float, Field(gt=0, le=_LONGEST_HOURS)]
    basis: Annotated[str, Field(min_length=1, max_length=300)]

    @property
    def lasts(self) -> timedelta:
        """How long people have."""
        return timedelta(hours=self.hours)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    clocks: tuple[Clock, ...]

    @model_validator(mode="after")
    def _names_are_given_once(self) -> "_File":
        names = [clock.name for clock in self.clocks]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two clocks are called {', '.join(twice)}")
        return self


@dataclass(frozen=True, slots=True)
class Clocks:
    """All clocks, by name."""

    by_name: Mapping[str, Clock]

    def named(self, name: str) -> Clock | None:
        """Return the clock of a name; None for one that there is not, any more."""
        return self.by_name.get(name)

    def started_by(self, triggers: Iterable[str]) -> Clock | None:
        """Return the shortest clock that one of these starts; None where none does."""
        wanted = set(triggers)
        found = [clock for clock in self.by_name.values() if clock.trigger in wanted]
        return min(found, key=lambda clock: clock.hours, default=None)


def load(path: Path = DEFAULT_CLOCKS) -> Clocks:
    """Read clocks.

    Raises:
        InvalidClocks: the file says something that is no clock.
        OSError: it cannot be read.
    """
    try:
        content = yaml.load(path.read_text("utf-8"), _Loader)  # noqa: S506 - a safe loader
        clocks = _File.model_validate(content).clocks
    except (yaml.YAMLError, ValidationError) as error:
        raise InvalidClocks(f"{path}: {error}") from error
    return Clocks({clock.name: clock for clock in clocks})
