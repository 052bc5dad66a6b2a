"""What every change of a job leaves behind: an audit entry, an event, a notice."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

from django.db import transaction

from generation.app import board
from generation.app.claims import Failure
from generation.app.models import Job, JobOutput
from generation.app.services.settling import settle_job
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.contracts.generation import JobEnded, JobState
from tidegate.events.services import announce
from tidegate.ledger.selectors import Account
from tidegate.primitives.actor import Actor

WORKER = Actor.system("generation")


def left(
    job: Job,
    action: Action,
    *,
    before: str | None,
    actor: Actor,
    reason: str = "",
    after: Mapping[str, object] | None = None,
) -> None:
    """Record the change and tell followers once it is committed. Call it last: it locks a chain."""
    record(
        action,
        chain=f"organisation:{job.organisation_id}",
        actor=actor,
        subject_type="generation.job",
        subject_id=str(job.pk),
        before=None if before is None else {"state": before},
        after={"state": str(job.state), "attempt": job.attempt, **(after or {})},
        reason=reason,
        correlation_id=job.correlation_id,
    )
    if before is None:
        return  # nobody follows a job whose id nobody knows yet
    notice = {"state": str(job.state), "attempt": job.attempt, "error_code": job.error_code}
    transaction.on_commit(lambda: board.publish(job.pk, "state", notice))


def end(
    job: Job,
    action: Action,
    *,
    before: str | None,
    actor: Actor,
    reason: str = "",
    asset_ids: Sequence[UUID] = (),
    account: Account | None = None,
) -> None:
    """Settle what a job cost, announce that it reached its end, and record both.

    `account`: see `settle_job`.
    """
    account = settle_job(job, before=before, account=account)
    announce(
        JobEnded(
            job_id=job.pk,
            organisation_id=job.organisation_id,
            project_id=job.project_id,
            state=cast("JobState", str(job.state)),
            error_code=job.error_code,
            asset_ids=tuple(asset_ids),
            attempts=job.attempt,
        ),
        correlation_id=job.correlation_id,
    )
    after: dict[str, object] = {"asset_ids": [str(asset_id) for asset_id in asset_ids]}
    if job.error_code:
        after["error_code"] = job.error_code
    if account is not None:
        after["credits"] = {"charged": account.charged, "returned": account.returned}
    left(job, action, before=before, actor=actor, reason=reason, after=after)


def set_failure(job: Job, failure: Failure) -> None:
    """Write why a job failed or was refused into its row."""
    job.error_code = failure.code
    job.error_detail = failure.detail
    job.error_stage = failure.stage
    job.does_retry_help = failure.does_retry_help


def stamp(job: Job, *, code: str, detail: str, stage: str, at: datetime) -> None:
    """Write into the row why this attempt came to nothing, also when there will be another."""
    job.last_failure = {
        "code": code,
        "detail": detail[:500],
        "stage": stage,
        "attempt": job.attempt,
        "at": at.isoformat(),
    }


def made(job: Job) -> list[UUID]:
    """Return the assets that a job delivered so far, in the order of its outputs."""
    outputs = JobOutput.objects.filter(job=job, asset__isnull=False).order_by("index")
    return list(outputs.values_list("asset_id", flat=True))
