"""Where a queued job stands, when it will probably start, and what may keep it from ever starting.

Everything here is an estimate, read without locks, at a cost that is bounded whatever the queue:
it looks at no more than `LEAVES` lanes and `JOBS` jobs of each.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection

from generation.app import board
from generation.app.models import Job
from generation.app.registry.selectors import model_of
from generation.core.waiting import Leaf, jobs_before, seconds_until_start
from tidegate.primitives.clock import now

LEAVES = 200
JOBS = 100
MEASURED = 20
OBSTACLES = ("", "model_withdrawn", "no_worker", "expires_first")
"""Codes of why a job may never start: its model is no longer offered, nobody runs such models now,
or its time will be over first."""

_CLAIMABLE = """
    job.modality = %(modality)s AND job.project_id = leaf.project_id
    AND job.requested_by_id = leaf.user_id AND job.state = 'queued'
    AND job.screened_at IS NOT NULL AND job.not_before IS NULL
"""
_LEAVES = f"""
WITH leaf AS (
    (SELECT organisation_id, project_id, user_id FROM generation_lane
      WHERE modality = %(modality)s AND level = 3 AND is_waiting LIMIT %(leaves)s)
    UNION
    (SELECT organisation_id, project_id, user_id FROM generation_bell
      WHERE modality = %(modality)s LIMIT %(leaves)s)
)
SELECT leaf.organisation_id, leaf.project_id, leaf.user_id, found.waiting
  FROM leaf CROSS JOIN LATERAL (
    SELECT count(*) AS waiting FROM (
        SELECT FROM generation_job AS job WHERE {_CLAIMABLE} LIMIT %(jobs)s
    ) AS bounded
  ) AS found;
"""  # noqa: S608 - our own text
_AHEAD = """
SELECT count(*) FROM (
    SELECT FROM generation_job
     WHERE modality = %(modality)s AND project_id = %(project)s AND requested_by_id = %(person)s
       AND state = 'queued' AND screened_at IS NOT NULL AND not_before IS NULL
       AND priority >= %(priority)s AND (priority > %(priority)s OR id < %(job)s)
     LIMIT %(jobs)s
) AS bounded;
"""
_RUNNING = """
SELECT count(*) FROM generation_job WHERE modality = %(modality)s AND state = 'running';
"""
_TAKES = """
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM taken))
  FROM (
    SELECT (ended_at - started_at) / outputs_wanted AS taken FROM generation_job
     WHERE model_name = %(model)s AND state = 'succeeded'
     ORDER BY ended_at DESC LIMIT %(measured)s
  ) AS latest;
"""


@dataclass(frozen=True, slots=True)
class Wait:
    """What a queued job waits for.

    `position` counts the jobs that will probably start first; with `is_at_least` there may be more.
    The seconds are None where nothing was measured yet. `obstacle` is a code of why it may
    never start as things are, or empty.
    """

    position: int
    is_at_least: bool
    starts_in_seconds: int | None
    takes_seconds: int | None
    obstacle: str

    def describe(self) -> dict[str, Any]:
        """Return it as the API and the stream show it."""
        return {
            "position": self.position,
            "is_at_least": self.is_at_least,
            "starts_in_seconds": self.starts_in_seconds,
            "takes_seconds": self.takes_seconds,
            "obstacle": self.obstacle,
        }


def wait_of(job: Job) -> Wait | None:
    """Return what a job waits for; None unless it is queued. One round trip."""
    if job.state != Job.State.QUEUED:
        return None
    values: dict[str, Any] = {  # Any: ids are no parameters to Django's stubs
        "modality": job.modality,
        "project": job.project_id,
        "person": job.requested_by_id,
        "priority": job.priority,
        "job": job.pk,
        "model": job.model_name,
        "leaves": LEAVES,
        "jobs": JOBS,
        "measured": MEASURED,
    }
    with connection.cursor() as cursor:
        cursor.execute(_LEAVES + _AHEAD + _RUNNING + _TAKES, values)
        leaves = [Leaf(*row) for row in cursor.fetchall()]
        (ahead, running, takes) = (_next_number(cursor) for _ in range(3))
    own = Leaf(job.organisation_id, job.project_id, job.requested_by_id, ahead)
    position = jobs_before(ahead=ahead, own=own, others=leaves)
    per_output = None if takes is None else float(takes)
    starts = None
    if per_output is not None:
        starts = seconds_until_start(before=position, running=running, takes_seconds=per_output)
    return Wait(
        position=position,
        is_at_least=len(leaves) >= LEAVES or ahead >= JOBS,
        starts_in_seconds=starts,
        takes_seconds=None if per_output is None else round(per_output * job.outputs_wanted),
        obstacle=_obstacle(job, starts),
    )


def _next_number(cursor: Any) -> Any:  # Any: a cursor's rows have no types
    cursor.nextset()
    return cursor.fetchone()[0]


def _obstacle(job: Job, starts_in: int | None) -> str:
    if model_of(job.model_name, job.model_version) is None:
        return "model_withdrawn"
    if board.workers(job.modality) == 0:
        return "no_worker"
    if starts_in is not None and now() + timedelta(seconds=starts_in) > job.expires_at:
        return "expires_first"
    return ""
