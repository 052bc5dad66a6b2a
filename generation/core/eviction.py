"""Which models a server gives up: the idle ones, and the least recently used to make room. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from generation.core.catalogue import Loading

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Resident:
    """A model that a server holds. `used_at` is its last request, or when it was loaded."""

    name: str
    loading: Loading
    used_at: datetime | None
    is_busy: bool

    @property
    def may_go(self) -> bool:
        """Whether it was loaded on demand and nobody needs it in this moment."""
        return self.loading.when == "demand" and not self.is_busy


def idle(residents: Iterable[Resident], *, at: datetime) -> list[str]:
    """Return the models that nobody asked for as long as their entries allow."""
    return [
        one.name
        for one in residents
        if one.may_go
        and one.loading.idle_seconds
        and one.used_at is not None
        and at - one.used_at >= timedelta(seconds=one.loading.idle_seconds)
    ]


def to_make_room(residents: Iterable[Resident], *, needed_mb: int, limit_mb: int) -> list[str]:
    """Return the models to unload so that another one of `needed_mb` fits, oldest use first.

    A limit of 0 is none. When even all of them would not make room, all are returned: the
    estimates may be wrong, and the server says so if it cannot.
    """
    held = list(residents)
    if not limit_mb:
        return []
    excess = sum(one.loading.memory_mb for one in held) + needed_mb - limit_mb
    going: list[str] = []
    for one in sorted(held, key=lambda one: (one.used_at is not None, one.used_at or _NEVER)):
        if excess <= 0:
            break
        if one.may_go and one.loading.memory_mb:
            going.append(one.name)
            excess -= one.loading.memory_mb
    return going
