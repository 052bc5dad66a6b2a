"""How a running job ends, or comes back. Every write here is fenced by the claim."""

from collections.abc import Sequence
from typing import cast
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from generation.app import board
from generation.app.claims import Claim, Failure, LostLease, Output
from generation.app.models import Job, JobOutput
from generation.app.registry.selectors import model_of
from generation.app.services.settling import charge_outputs
from generation.app.services.trail import WORKER, end, left, made, set_failure, stamp
from generation.core import wire
from generation.core.retries import REASONS
from generation.core.titles import title_of
from tidegate.assets.services import Media, create_asset, store
from tidegate.audit.actions import Action
from tidegate.contracts.generation import Modality
from tidegate.ledger.selectors import Account
from tidegate.primitives.clock import now
from tidegate.primitives.ids import new_id
from tidegate.primitives.statements import Select, insert_unless_there, together, update

_FENCED = Select(
    """
    SELECT {job} FROM generation_job AS job
     WHERE job.id = %s AND job.state = 'running' AND job.lease_owner = %s AND job.attempt = %s
       FOR UPDATE
    """,
    job=Job,
)
GIVEN_UP = {
    "generator_unavailable": Failure(
        "generator_unavailable", "The generator was away for too long.", "generation", True
    ),
    "unforeseen_error": Failure(
        "unforeseen_error", "Something broke that nobody foresaw; it is logged.", "generation", True
    ),
}


def deliver_output(*, claim: Claim, index: int, output: Output, model_version: str) -> JobOutput:
    """Turn one of several outputs into a pending asset; the job goes on. Again, it changes nothing.

    Raises:
        LostLease: the job is no longer this worker's; nothing was written.
    """
    made_of = _stored(output)
    with transaction.atomic(), together():
        job = _fenced(claim)
        return _deliver(job, index, output, made_of, model_version)[0]


@transaction.atomic
def miss_output(*, claim: Claim, index: int, failure: Failure, is_last: bool) -> Job:
    """Record that one output cannot be made. The job goes on with the others.

    After the last one it ends: succeeded when any output was delivered, else failed like this one.
    Raises LostLease as `deliver_output`.
    """
    job = _fenced(claim)
    _miss(job, index, failure)
    if is_last:
        assets = made(job)
        if assets:
            _succeed(job, assets)
        else:
            _fail(job, failure)
    return job


def finish_job(
    *, claim: Claim, outputs: Sequence[Output], model_version: str, first_index: int = 0
) -> Job:
    """Turn the last outputs into pending assets and end the job, all or nothing.

    Args:
        claim: the lease.
        outputs: what is left to deliver, in order; earlier ones may be delivered already.
        model_version: what made them.
        first_index: which output the first one is.

    Raises:
        LostLease: the job is no longer this worker's; nothing was written.
    """
    stored = [_stored(output) for output in outputs]
    with transaction.atomic(), together():
        job = _fenced(claim)
        delivered = [
            _deliver(job, index, output, media, model_version)
            for index, (output, media) in enumerate(
                zip(outputs, stored, strict=True), start=first_index
            )
        ]
        are_all = len(delivered) == job.outputs_wanted
        assets = [one.asset_id for one, _ in delivered] if are_all else made(job)
        _succeed(job, assets, delivered[-1][1] if delivered else None)
    return job


@transaction.atomic
def fail_job(*, claim: Claim, failure: Failure) -> Job:
    """End a job that cannot be done; outputs that were delivered stay.

    Raises LostLease as `finish_job`.
    """
    job = _fenced(claim)
    _fail(job, failure)
    return job


@transaction.atomic
def stop_job(*, claim: Claim) -> Job:
    """End a running job that is no longer wanted. Raises LostLease as `finish_job`."""
    job = _fenced(claim)
    reason = "" if job.cancel_requested_at is not None else "its last moment has passed"
    job.move_to(Job.State.CANCELLED, at=now())
    job.save()
    _end(job, Action.JOB_CANCELLED, reason=reason)
    return job


@transaction.atomic
def postpone_job(*, claim: Claim, detail: str, reason: str = "generator_unavailable") -> Job:
    """Put a job back after a failure that may heal, or end it when its patience is over.

    How often and after which pauses is `generation.core.retries`. A generator that is away is no
    failure of the job's, so the two are counted apart. Raises LostLease as `finish_job`.
    """
    job = _fenced(claim)
    is_away = reason == "generator_unavailable"
    pause = REASONS[reason].pause(job.postponements if is_away else job.failures)
    at = now()
    if pause is None or at + pause >= job.expires_at:
        _fail(job, GIVEN_UP[reason])
        return job
    stamp(job, code=reason, detail=detail, stage="generation", at=at)
    job.move_to(Job.State.QUEUED, at=at)
    if is_away:
        job.postponements += 1
    else:
        job.failures += 1
    job.not_before = at + pause
    job.save()
    left(job, Action.JOB_POSTPONED, before=Job.State.RUNNING, actor=WORKER, reason=detail[:500])
    return job


def release_text(*, claim: Claim, text: str, offset: int) -> None:
    """Store the text that the gate released so far and show what lies after `offset`.

    Raises:
        LostLease: another worker streams this job now; nothing was shown.
    """
    if not _still(claim).update(released_text=text):
        raise LostLease
    board.publish(claim.job_id, "text", {"offset": offset, "text": text[offset:]})


def withhold_text(*, claim: Claim, because: str) -> None:
    """Show nothing more of this text. Raises LostLease as `release_text`.

    Of a text that is blocked nothing counts as released any more, not even its harmless beginning.
    """
    changes: dict[str, object] = {"is_text_withheld": True}
    if because == "block":
        changes["released_text"] = ""
    if not _still(claim).update(**changes):
        raise LostLease
    board.publish(claim.job_id, "text_withheld", {"because": because})


def _stored(output: Output) -> list[Media]:
    # Bytes go first and outside: content-addressed, so a crash leaves at worst an orphan.
    forms: list[tuple[str, Output | wire.Media]] = [("original", output)]
    forms += [(item.rendition, item) for item in output.renditions]
    return [
        store(
            Media(
                kind=kind,
                data=item.data,
                media_type=item.media_type,
                width=item.width,
                height=item.height,
                duration_ms=item.duration_ms,
            )
        )
        for kind, item in forms
    ]


def _deliver(
    job: Job, index: int, output: Output, media: Sequence[Media], model_version: str
) -> tuple[JobOutput, Account | None]:
    """Return the output's row, and what the job came to where it was charged just now."""
    asset_id = new_id()
    delivered = JobOutput(
        job=job, index=index, state=JobOutput.State.MADE, asset_id=asset_id, attempt=job.attempt
    )
    # Before its asset, which only the end of the transaction looks for: whether this output is
    # settled already costs no look of its own.
    if not insert_unless_there(delivered):
        return JobOutput.objects.get(job=job, index=index), None
    account = charge_outputs(job, [index])
    _create_asset(asset_id, job, index, output.text, media, model_version)
    _tell(job, delivered)
    return delivered, account


def _miss(job: Job, index: int, failure: Failure) -> JobOutput:
    missed, is_new = JobOutput.objects.get_or_create(
        job=job,
        index=index,
        defaults={
            "state": JobOutput.State.FAILED,
            "attempt": job.attempt,
            "error_code": failure.code,
            "error_detail": failure.detail,
        },
    )
    if is_new:
        _tell(job, missed)
    return missed


def _tell(job: Job, output: JobOutput) -> None:
    if job.outputs_wanted > 1:
        notice = {"index": output.index, "state": output.state, "error_code": output.error_code}
        transaction.on_commit(lambda: board.publish(job.pk, "output", notice))


def _create_asset(  # noqa: PLR0917  private, and each of another type
    asset_id: UUID, job: Job, index: int, text: str, media: Sequence[Media], model_version: str
) -> None:
    model = model_of(job.model_name, job.model_version)
    # Whoever sees the asset reads its parameters; which picture was given is the asker's own.
    hidden = {item.name for item in model.image_parameters} if model else frozenset()
    shown = {name: value for name, value in job.parameters.items() if name not in hidden}
    create_asset(
        asset_id=asset_id,
        organisation_id=job.organisation_id,
        project_id=job.project_id,
        owner_id=job.requested_by_id,
        job_id=job.pk,
        output_index=index,
        modality=cast("Modality", job.modality),
        title=title_of(job.prompt) or (model.title if model else job.model_name),
        prompt=job.prompt,
        text=text,
        media=media,
        parent_id=job.parent_id,
        seed=job.seed_of(index),
        model_name=job.model_name,
        model_version=model_version,
        parameters=shown,
        preset_version_id=job.preset_version_id,
        actor=WORKER,
        correlation_id=job.correlation_id,
        whole_id=job.whole_id,
    )


def _succeed(job: Job, assets: Sequence[UUID | None], account: Account | None = None) -> None:
    job.move_to(Job.State.SUCCEEDED, at=now())
    update(job, "state", "lease_owner", "lease_expires_at", "ended_at")
    end(
        job,
        Action.JOB_SUCCEEDED,
        before=Job.State.RUNNING,
        actor=WORKER,
        asset_ids=[asset_id for asset_id in assets if asset_id is not None],
        account=account,
    )


def _fail(job: Job, failure: Failure) -> None:
    at = now()
    set_failure(job, failure)
    stamp(job, code=failure.code, detail=failure.detail, stage=failure.stage, at=at)
    job.move_to(Job.State.FAILED, at=at)
    job.save()
    _end(job, Action.JOB_FAILED, reason=failure.code)


def _end(job: Job, action: Action, *, reason: str = "") -> None:
    """Announce the end of a running job with what it delivered, also in earlier attempts."""
    end(job, action, before=Job.State.RUNNING, actor=WORKER, reason=reason, asset_ids=made(job))


def _still(claim: Claim) -> QuerySet[Job]:
    return Job.objects.filter(
        pk=claim.job_id,
        state=Job.State.RUNNING,
        lease_owner=claim.lease_owner,
        attempt=claim.attempt,
    )


def _fenced(claim: Claim) -> Job:
    found = _FENCED.first([claim.job_id, claim.lease_owner, claim.attempt])
    if found is None:
        raise LostLease(f"job {claim.job_id} is no longer run by {claim.lease_owner}")
    job: Job = found[0]
    return job
