"""Workers and the queue: the fairest job next, under a lease."""

import json
from collections.abc import Mapping
from uuid import UUID

from django.db import transaction

from generation.app import queueing
from generation.app.claims import LEASE, Beat, Claim, claim_of
from generation.app.models import Job, JobOutput
from generation.app.services.trail import WORKER, left
from generation.core.fairness import take_turns
from tidegate.audit.actions import Action
from tidegate.primitives.statements import Select, prepared

# One statement: everybody on the way is charged, and the job runs. Whoever claims holds the rows
# already. The clock of a lane is where its child's turn started.
_LEASE = Select(
    """
    WITH charged AS (
        UPDATE generation_lane AS lane SET virtual_time = now.time, clock = now.clock
          FROM unnest(%s::bigint[], %s::float8[], %s::float8[]) AS now (lane, time, clock)
         WHERE lane.id = now.lane
    )
    UPDATE generation_job AS job
       SET state = 'running', lease_owner = %s, attempt = attempt + 1,
           lease_expires_at = statement_timestamp() + %s * interval '1 second',
           heartbeat_at = statement_timestamp(),
           started_at = COALESCE(started_at, statement_timestamp()), progress = NULL
     WHERE id = %s
    RETURNING {job}
    """,
    job=Job,
)


def claim_job(*, modality: str, worker: str) -> Claim | None:
    """Lease the job that is next in fairness, or return None when nothing may run.

    Claims of one modality happen one after another (the root lane's row lock), so that two workers
    never read the same standing. `worker` must be unique per claim.
    """
    passed: list[int] = []
    while True:
        with transaction.atomic():
            way = queueing.find_way(modality, passed=passed)
            if way.job_id is not None:
                return _lease(way, way.job_id, worker)
        if not way.steps:
            return None
        # What offers nothing rests, in a transaction of its own: see `generation_rest`.
        lane = way.steps[-1].lane
        with transaction.atomic():
            is_resting = queueing.rest(modality, lane)
        if not is_resting:
            passed.append(lane)


def _lease(way: queueing.Way, job_id: UUID, worker: str) -> Claim:
    """Charge everybody on the way, move the job to running, and record it."""
    turns = take_turns([step.standing for step in way.steps], cost=way.cost)
    found = _LEASE.first(
        [
            [way.root, *(step.lane for step in way.steps)],
            [0.0, *(turn.finish for turn in turns)],
            [*(turn.start for turn in turns), 0.0],
            worker,
            LEASE.total_seconds(),
            job_id,
        ]
    )
    if found is None:
        raise RuntimeError(f"job {job_id} is locked and has gone")
    job: Job = found[0]
    delivered = (
        JobOutput.objects.filter(job=job).values_list("index", flat=True)
        if job.outputs_wanted > 1 and job.attempt > 1
        else ()
    )
    left(job, Action.JOB_STARTED, before=Job.State.QUEUED, actor=WORKER, after={"worker": worker})
    return claim_of(job, delivered=frozenset(delivered))


def heartbeat(claim: Claim, *, progress: Mapping[str, int] | None = None) -> Beat:
    """Prolong a lease by 15 s from the database's now, and learn whether to go on."""
    with prepared() as cursor:
        cursor.execute(
            """
            UPDATE generation_job
               SET heartbeat_at = statement_timestamp(),
                   lease_expires_at = statement_timestamp() + %s * interval '1 second',
                   progress = COALESCE(%s::jsonb, progress)
             WHERE id = %s AND state = 'running' AND lease_owner = %s AND attempt = %s
            RETURNING cancel_requested_at IS NOT NULL
                   OR COALESCE(cancel_at <= statement_timestamp(), false)
            """,
            [
                LEASE.total_seconds(),
                None if progress is None else json.dumps(progress),
                claim.job_id,
                claim.lease_owner,
                claim.attempt,
            ],
        )
        return _beat(cursor.fetchone())


def glance(claim: Claim) -> Beat:
    """Learn whether to go on without writing anything."""
    with prepared() as cursor:
        cursor.execute(
            """
            SELECT cancel_requested_at IS NOT NULL
                   OR COALESCE(cancel_at <= statement_timestamp(), false)
              FROM generation_job
             WHERE id = %s AND state = 'running' AND lease_owner = %s AND attempt = %s
            """,
            [claim.job_id, claim.lease_owner, claim.attempt],
        )
        return _beat(cursor.fetchone())


def _beat(row: tuple[bool] | None) -> Beat:
    if row is None:
        return Beat.LOST
    return Beat.CANCEL if row[0] else Beat.GO_ON
