"""The sweeper: puts right what a crash left behind. Everything here may run twice, anywhere.

Each job is put right in a transaction of its own, with rows that somebody else is working on
left out; what one run does not reach, the next one does.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from generation.app import selectors, tickets
from generation.app.claims import Failure
from generation.app.models import Job
from generation.app.services.screening import screen_job
from generation.app.services.trail import WORKER, end, left, made, set_failure, stamp
from generation.core.retries import REASONS
from tidegate.audit.actions import Action
from tidegate.primitives.clock import now

logger = logging.getLogger("generation.sweeper")

BATCH = 200
SCREENINGS = 25
# More than any number of workers spends between two runs.
MOST_TICKETS = 2_000

INTERRUPTED = Failure(
    code="interrupted_too_often",
    detail="The worker of this job died again and again.",
    stage="generation",
    does_retry_help=True,
)
EXPIRED = Failure(
    code="expired",
    detail="The job waited too long for its turn.",
    stage="queue",
    does_retry_help=True,
)
AWAY = Failure(
    code="generator_unavailable",
    detail="The generator was away for too long.",
    stage="generation",
    does_retry_help=True,
)
UNCHECKED = Failure(
    code="screening_unavailable",
    detail="The prompt could not be checked in time, so nothing was made.",
    stage="prompt",
    does_retry_help=True,
)


@dataclass(frozen=True, slots=True)
class Swept:
    """How many jobs were put right, and how many tickets were issued again."""

    interrupted: int
    expired: int
    unwanted: int
    screened: int
    tickets: int


def sweep() -> Swept:
    """Re-queue jobs of dead workers, end what is overdue, screen what is owed, issue tickets."""
    swept = Swept(
        interrupted=_each(_dead_leases(), _interrupt),
        expired=_each(_overdue(), _expire),
        unwanted=_each(_unwanted(), _cancel),
        screened=_screen_owed(),
        tickets=_issue_missing_tickets(),
    )
    if swept != Swept(0, 0, 0, 0, 0):
        logger.info("swept: %s", swept)
    return swept


def _dead_leases() -> QuerySet[Job]:
    return Job.objects.filter(state=Job.State.RUNNING, lease_expires_at__lt=Now())


def _overdue() -> QuerySet[Job]:
    return Job.objects.filter(state=Job.State.QUEUED, expires_at__lt=Now())


def _unwanted() -> QuerySet[Job]:
    return Job.objects.filter(state=Job.State.QUEUED, cancel_at__lt=Now())


def _each(jobs: QuerySet[Job], put_right: Callable[[Job], None]) -> int:
    done = 0
    for job_id in list(jobs.values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            job = jobs.filter(pk=job_id).select_for_update(skip_locked=True).first()
            if job is not None:
                put_right(job)
                done += 1
    return done


def _interrupt(job: Job) -> None:
    at = now()
    worker = job.lease_owner
    pause = REASONS[INTERRUPTED.code].pause(job.interruptions)
    job.interruptions += 1
    if job.cancel_requested_at is not None or (job.cancel_at is not None and job.cancel_at < at):
        _cancel(job)
    elif pause is None:
        _fail(job, INTERRUPTED)
    else:
        # At once: its lease has been its pause.
        stamp(job, code="interrupted", detail="the worker fell silent", stage="generation", at=at)
        job.move_to(Job.State.QUEUED, at=at)
        job.save()
        left(
            job,
            Action.JOB_REQUEUED,
            before=Job.State.RUNNING,
            actor=WORKER,
            reason="the worker fell silent",
            after={"worker": worker, "interruptions": job.interruptions},
        )


def _cancel(job: Job) -> None:
    before, reason = job.state, ""
    if job.cancel_requested_at is None:
        reason = "its last moment has passed"
    job.move_to(Job.State.CANCELLED, at=now())
    job.save()
    end(job, Action.JOB_CANCELLED, before=before, actor=WORKER, reason=reason, asset_ids=made(job))


def _expire(job: Job) -> None:
    if job.screened_at is None:
        _fail(job, UNCHECKED)
    elif job.postponements:
        _fail(job, AWAY)
    else:
        _fail(job, EXPIRED)


def _fail(job: Job, failure: Failure) -> None:
    before, at = job.state, now()
    set_failure(job, failure)
    stamp(job, code=failure.code, detail=failure.detail, stage=failure.stage, at=at)
    job.move_to(Job.State.FAILED, at=at)
    job.save()
    end(
        job,
        Action.JOB_FAILED,
        before=before,
        actor=WORKER,
        reason=failure.code,
        asset_ids=made(job),
    )


def _screen_owed() -> int:
    owed: list[UUID] = list(
        Job.objects.filter(state=Job.State.QUEUED, screened_at=None)
        .order_by("id")
        .values_list("pk", flat=True)[:SCREENINGS]
    )
    for done, job_id in enumerate(owed):
        job = screen_job(job_id=job_id)
        if job is not None and job.screened_at is None:
            return done  # the gate is still away: the next run asks again
    return len(owed)


def _issue_missing_tickets() -> int:
    """Issue as many tickets as claimable jobs have none.

    A queue never holds more tickets than jobs plus what workers prefetched, however often
    this runs, and a Valkey that lost everything is refilled by the next runs.
    """
    issued = 0
    for modality in ("text", "image", "speech", "music", "video"):
        claimable = selectors.claimable_count(modality, most=MOST_TICKETS)
        if not claimable:
            continue
        waiting = tickets.waiting(modality)
        if waiting is not None and claimable > waiting:
            issued += tickets.issue(modality, count=claimable - waiting)
    return issued
