"""When a reviewer has to rest: after so long at it, or after so much that hurts."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

Because = Literal["time", "exposures"]


@dataclass(frozen=True, slots=True)
class Breaks:
    """After `work`, or `exposures` graphic cases, comes a break of `rest`; 0 sets no limit."""

    work: timedelta = timedelta(minutes=60)
    exposures: int = 30
    rest: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Sitting:
    """From when somebody was at it, and when they were last."""

    began_at: datetime
    active_at: datetime

    def is_over(self, at: datetime, breaks: Breaks) -> bool:
        """Whether they have rested since, because they had to or because they did."""
        return at - self.active_at >= breaks.rest


@dataclass(frozen=True, slots=True)
class Break:
    """A break that is due, and why."""

    until: datetime
    because: Because


def seated(sitting: Sitting | None, at: datetime, breaks: Breaks) -> Sitting:
    """Return the sitting of somebody who is at it now: the same, or a new one after a rest."""
    if sitting is None or sitting.is_over(at, breaks):
        return Sitting(at, at)
    return replace(sitting, active_at=max(sitting.active_at, at))


def due_break(
    sitting: Sitting | None, *, exposures: int, at: datetime, breaks: Breaks
) -> Break | None:
    """Return the break that somebody has to take now, if any.

    It ends when they have not been at it for `rest`: to finish what they hold makes it later.
    """
    if sitting is None or sitting.is_over(at, breaks):
        return None
    until = sitting.active_at + breaks.rest
    if breaks.exposures and exposures >= breaks.exposures:
        return Break(until, "exposures")
    if breaks.work and at - sitting.began_at >= breaks.work:
        return Break(until, "time")
    return None
