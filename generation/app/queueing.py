"""The fair queue as SQL: who waits, who is at their limit, whose job is next.

Only for `services.claiming`, which holds the lock of the root lane meanwhile. Every statement's
cost grows with the lanes it walks through and the jobs that run, never with the jobs that wait
or with those that ended.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from generation.app.claims import MOST_RUNNING
from generation.app.models import Cap
from generation.core.fairness import Standing
from tidegate.primitives.statements import run, together

WOKEN_AT_ONCE = 50

# Sent together, each with a snapshot of its own. The first locks the root, wakes jobs that waited
# long enough and answers bells; the rest sees all that came before.
#
# A claim does not wait for the disk. Should the database's machine crash within the moment, the
# claim is forgotten with its audit entry: the job is queued as before, is claimed again, and what
# its first worker brings is fenced off. Whatever commits after it takes it along to the disk.
_OPEN = """
SELECT set_config('synchronous_commit', 'off', true), generation_open_queue(%(modality)s, %(woken)s)
"""
_LOCK = """
SELECT id FROM generation_lane WHERE modality = %(modality)s AND organisation_id IS NULL FOR UPDATE;
"""
_RUNNING = """
SELECT organisation_id, requested_by_id, count(*) FROM generation_job
 WHERE modality = %(modality)s AND state = 'running' GROUP BY 1, 2
"""
_CAPS = """
SELECT scope, subject_id, most_running FROM generation_cap
 WHERE modality IN ('', %(modality)s) AND (subject_id IS NULL OR subject_id IN (
    SELECT unnest(ARRAY[organisation_id, requested_by_id]) FROM generation_job
     WHERE modality = %(modality)s AND state = 'running'))
 ORDER BY modality
"""
_WALK = """
SELECT root.id, root.clock,
       organisation.id, organisation.virtual_time, organisation.weight, organisation.clock,
       project.id, project.virtual_time, project.weight, project.clock,
       person.id, person.virtual_time, person.weight, person.clock,
       organisation.organisation_id, person.user_id, job.id, job.cost_credits
  FROM generation_lane AS root
  LEFT JOIN LATERAL (
    SELECT lane.* FROM generation_lane AS lane
     WHERE lane.parent_id = root.id AND lane.is_waiting AND lane.id <> ALL (%(passed)s::bigint[])
     ORDER BY lane.virtual_time, lane.id LIMIT 1
  ) AS organisation ON true
  LEFT JOIN LATERAL (
    SELECT lane.* FROM generation_lane AS lane
     WHERE lane.parent_id = organisation.id AND lane.is_waiting
       AND lane.id <> ALL (%(passed)s::bigint[])
     ORDER BY lane.virtual_time, lane.id LIMIT 1
  ) AS project ON true
  LEFT JOIN LATERAL (
    SELECT lane.* FROM generation_lane AS lane
     WHERE lane.parent_id = project.id AND lane.is_waiting AND lane.id <> ALL (%(passed)s::bigint[])
     ORDER BY lane.virtual_time, lane.id LIMIT 1
  ) AS person ON true
  LEFT JOIN LATERAL (
    SELECT waiting.id, waiting.cost_credits FROM generation_job AS waiting
     WHERE waiting.modality = %(modality)s AND waiting.project_id = person.project_id
       AND waiting.requested_by_id = person.user_id
       AND waiting.state = 'queued' AND waiting.screened_at IS NOT NULL
       AND waiting.not_before IS NULL
       AND (waiting.cancel_at IS NULL OR waiting.cancel_at > statement_timestamp())
     ORDER BY waiting.priority DESC, waiting.id LIMIT 1
     FOR UPDATE SKIP LOCKED
  ) AS job ON true
 WHERE root.modality = %(modality)s AND root.organisation_id IS NULL
"""
# Lanes below which everybody who waits is at a limit, up to the organisation.
_LEADING_NOWHERE = """
WITH full_people AS (
    SELECT id, parent_id FROM generation_lane
     WHERE modality = %(modality)s AND level = 3 AND is_waiting
       AND user_id = ANY (%(people)s::uuid[])
), full_projects AS (
    SELECT id, parent_id FROM generation_lane AS project
     WHERE id IN (SELECT parent_id FROM full_people)
       AND NOT EXISTS (
        SELECT FROM generation_lane AS other
         WHERE other.parent_id = project.id AND other.is_waiting
           AND other.id NOT IN (SELECT id FROM full_people))
), full_organisations AS (
    SELECT id FROM generation_lane AS organisation
     WHERE id IN (SELECT parent_id FROM full_projects)
       AND NOT EXISTS (
        SELECT FROM generation_lane AS other
         WHERE other.parent_id = organisation.id AND other.is_waiting
           AND other.id NOT IN (SELECT id FROM full_projects))
)
SELECT id FROM full_people UNION ALL SELECT id FROM full_projects
UNION ALL SELECT id FROM full_organisations
UNION ALL SELECT id FROM generation_lane
 WHERE modality = %(modality)s AND level = 1 AND is_waiting
   AND organisation_id = ANY (%(organisations)s::uuid[])
"""
_REST = "SELECT generation_rest(%(lane)s)"


@dataclass(frozen=True, slots=True)
class Step:
    """One lane on the way from the root to a job."""

    lane: int
    standing: Standing


@dataclass(frozen=True, slots=True)
class Way:
    """The fairest way down: organisation, project, person, as far as it leads, and the job there.

    Without a job the deepest lane offers nothing.
    """

    root: int
    steps: tuple[Step, ...]
    organisation_id: UUID | None
    user_id: UUID | None
    job_id: UUID | None
    cost: int


def find_way(modality: str, *, passed: Sequence[int]) -> Way:
    """Lock the modality's queue until the transaction ends and find who is next.

    Args:
        modality: whose queue.
        passed: lanes that this claim found to lead nowhere.
    """
    values: dict[str, Any] = {  # Any: the stubs of Django know no lists among parameters
        "modality": modality,
        "woken": WOKEN_AT_ONCE,
        "passed": list(passed),
    }
    _, running, caps, ways = _ask(values, _OPEN, _RUNNING, _CAPS, _WALK)
    room = _Room(running, caps)
    way = _way(ways)
    if not room.is_full_for(way):
        return way
    values |= {"people": room.full_people(), "organisations": room.full_organisations()}
    (leading_nowhere,) = _ask(values, _LEADING_NOWHERE)
    values["passed"] = [*passed, *(row[0] for row in leading_nowhere)]
    (ways,) = _ask(values, _WALK)
    return _way(ways)


def rest(modality: str, lane: int) -> bool:
    """Take a lane that offers nothing out of those that wait, and those above it likewise.

    False when it offers something after all, or will in a moment. Its transaction must end
    before anything else is locked.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK + _REST, {"modality": modality, "lane": lane})
        cursor.nextset()
        return bool(cursor.fetchone()[0])


class _Room:
    """How many jobs run for whom, and how many may."""

    def __init__(
        self,
        running: Sequence[tuple[UUID, UUID, int]],
        caps: Sequence[tuple[str, UUID | None, int]],
    ) -> None:
        self._of_organisation: dict[UUID, int] = {}
        self._of_person: dict[UUID, int] = {}
        for organisation, person, count in running:
            for counted, who in ((self._of_organisation, organisation), (self._of_person, person)):
                counted[who] = counted.get(who, 0) + count
        # Rows for this modality come after those for every modality, and win.
        self._caps: dict[tuple[str, UUID | None], int] = {
            (scope, subject): most for scope, subject, most in caps
        }

    def full_organisations(self) -> list[UUID]:
        """Return the organisations that are at their limit."""
        return [
            who
            for who, count in self._of_organisation.items()
            if count >= self._most(Cap.Scope.ORGANISATION, who)
        ]

    def full_people(self) -> list[UUID]:
        """Return the people who are at their limit."""
        return [
            who
            for who, count in self._of_person.items()
            if count >= self._most(Cap.Scope.PERSON, who)
        ]

    def is_full_for(self, way: Way) -> bool:
        """Whether the way's organisation or person is at a limit."""
        return any(
            who is not None and counted.get(who, 0) >= self._most(scope, who)
            for scope, counted, who in (
                (Cap.Scope.ORGANISATION, self._of_organisation, way.organisation_id),
                (Cap.Scope.PERSON, self._of_person, way.user_id),
            )
        )

    def _most(self, scope: Cap.Scope, who: UUID) -> int:
        for subject in (who, None):
            most = self._caps.get((scope.value, subject))
            if most is not None:
                return most
        return MOST_RUNNING[scope.value]


def _ask(values: Mapping[str, Any], *texts: str) -> list[list[Any]]:
    """Return the rows of each statement."""
    answers: list[list[Any]] = []
    with together():
        for text in texts:
            run(text, values, lambda cursor: answers.append(cursor.fetchall()))
    return answers


def _way(rows: Sequence[Sequence[Any]]) -> Way:
    if not rows:
        raise RuntimeError("the root lane is locked and has gone")
    (row,) = rows
    clocks = (row[1], row[5], row[9])
    steps = []
    for number, clock in enumerate(clocks):
        lane, own, weight = row[2 + 4 * number : 5 + 4 * number]
        if lane is None:
            break
        steps.append(Step(lane, Standing(own=own, weight=weight, clock=clock)))
    organisation, person, job, cost = row[14:]
    return Way(
        root=row[0],
        steps=tuple(steps),
        organisation_id=organisation,
        user_id=person,
        job_id=job,
        cost=cost or 0,
    )
