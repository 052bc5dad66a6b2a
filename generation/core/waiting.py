"""Estimates of how long a queued job waits: arithmetic over what waits and what was measured."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Leaf:
    """One person's jobs in one project that wait now."""

    organisation_id: UUID
    project_id: UUID
    user_id: UUID
    waiting: int


def jobs_before(*, ahead: int, own: Leaf, others: Iterable[Leaf]) -> int:
    """Return how many jobs will probably start before one that has `ahead` of its own lane first.

    People take turns, then projects, then organisations: of each other one at most as many count
    as come first on this side, plus the turn itself. Weights and costs are left out.
    """
    people: list[int] = []
    projects: dict[UUID, int] = {}
    organisations: dict[UUID, int] = {}
    for leaf in others:
        if leaf.project_id == own.project_id and leaf.user_id == own.user_id:
            continue
        if leaf.project_id == own.project_id:
            people.append(leaf.waiting)
        elif leaf.organisation_id == own.organisation_id:
            projects[leaf.project_id] = projects.get(leaf.project_id, 0) + leaf.waiting
        else:
            already = organisations.get(leaf.organisation_id, 0)
            organisations[leaf.organisation_id] = already + leaf.waiting
    before = ahead
    for level in (people, projects.values(), organisations.values()):
        before += sum(min(waiting, before + 1) for waiting in level)
    return before


def seconds_until_start(*, before: int, running: int, takes_seconds: float) -> int:
    """Return about how long it is until a job starts.

    Args:
        before: jobs that start first.
        running: how many run at once, as of now.
        takes_seconds: how long such a job takes; the running ones are half done on average.
    """
    at_once = max(1, running)
    return math.ceil(takes_seconds * (before + (0.5 if running else 0.0)) / at_once)
