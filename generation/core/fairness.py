"""Start-time fair queueing over organisations, their projects and the people in them: arithmetic.

Everybody in the tree has a virtual time on its parent's clock: the cost it was served, divided by
its weight. Of those who wait, the one with the smallest is next, on each level from the top down.
A clock is the start of the latest turn on it; who comes back after a pause starts at the clock, so
absence earns no credit.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Turn:
    """One served job: where who was served stood when it started and where it stands now."""

    start: float
    finish: float


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one of those who wait stands on its level.

    `own` is its virtual time, None before its first turn; `clock` is its parent's.
    """

    own: float | None
    weight: int
    clock: float


def take_turn(*, own: float | None, clock: float, cost: int, weight: int) -> Turn:
    """Charge one of those who wait for one job.

    Args:
        own: its virtual time, None if it never had a turn.
        clock: the start of the latest turn of anybody.
        cost: credits of the job, at least 1.
        weight: its share, at least 1; twice the weight is twice the service.
    """
    if cost < 1 or weight < 1:
        raise ValueError(f"cost and weight are at least 1, not {cost} and {weight}")
    start = clock if own is None else max(own, clock)
    return Turn(start=start, finish=start + cost / weight)


def take_turns(path: Sequence[Standing], *, cost: int) -> list[Turn]:
    """Charge everybody on the way from the top to the job's asker: each on its own level."""
    return [take_turn(own=one.own, clock=one.clock, cost=cost, weight=one.weight) for one in path]


def jain_index(served: Sequence[float]) -> float:
    """Return how evenly service was spread: 1 when all got the same, 1/n when one got everything.

    Raises:
        ValueError: nobody was served anything.
    """
    squares = sum(value * value for value in served)
    if not squares:
        raise ValueError("nobody was served anything")
    return sum(served) ** 2 / (len(served) * squares)
