"""What people ask of jobs: new ones, and the end of one."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import cast
from uuid import UUID

from django.db import transaction

from generation.app import selectors, tickets
from generation.app.inputs import keep, parent_of
from generation.app.models import Job
from generation.app.services.bars import refusing_barred
from generation.app.services.checking import Checked, JobRequest, check_request, drawn
from generation.app.services.screening import apply_ruling, start_asking
from generation.app.services.settling import reserve_credits
from generation.app.services.trail import end, left, made
from generation.core.pricing import cost
from tidegate.accounts.viewers import Viewer
from tidegate.audit.actions import Action
from tidegate.contracts.generation import JobQueued, Modality
from tidegate.contracts.ports import Ruling, Screening
from tidegate.events.services import announce_all
from tidegate.primitives.actor import Actor
from tidegate.primitives.clock import now
from tidegate.primitives.correlation import correlation_id as current_correlation_id
from tidegate.primitives.errors import FieldError, InvalidInput, NotAllowed
from tidegate.primitives.ids import new_id
from tidegate.primitives.statements import insert, together
from tidegate.projects.models import Project
from tidegate.projects.selectors import standing

MOST_IN_BATCH = 100


def submit_job(
    *,
    viewer: Viewer,
    project_id: UUID,
    model_name: str,
    prompt: str,
    parameters: Mapping[str, object] | None = None,
    seed: int | None = None,
    priority: int = 0,
    outputs: int = 1,
    parent_id: UUID | None = None,
    cancel_after: timedelta | None = None,
    deadline: datetime | None = None,
    correlation_id: UUID | None = None,
) -> Job:
    """Accept a request: a job that is queued, or `refused` when the gate blocks its prompt.

    Without a seed a random one from 0 to 2**53 - 1 is drawn and stored, so that every job can be
    made again. While the gate cannot answer, the job waits unscreened and is not run.

    Raises:
        InvalidInput: with a pointer for every field that is wrong.
        NotFound: no such project for this viewer.
        NotAllowed: the viewer may look into the project but not generate in it, or is barred.
        InsufficientCredits: the organisation has fewer credits available than it costs.
    """
    return submit_request(
        viewer=viewer,
        project_id=project_id,
        request=JobRequest(
            model_name=model_name,
            prompt=prompt,
            parameters=parameters or {},
            seed=seed,
            priority=priority,
            outputs=outputs,
            parent_id=parent_id,
            cancel_after=cancel_after,
            deadline=deadline,
        ),
        correlation_id=correlation_id,
    )


def submit_request(
    *, viewer: Viewer, project_id: UUID, request: JobRequest, correlation_id: UUID | None = None
) -> Job:
    """Accept a request that is already put into one; everything else as `submit_job`."""
    return _submit(viewer, project_id, [check_request(viewer, request)], None, correlation_id)[0]


def submit_batch(
    *, viewer: Viewer, project_id: UUID, requests: Sequence[JobRequest]
) -> tuple[UUID, list[Job]]:
    """Accept many requests or none; returns the batch's id and its jobs in the order of requests.

    A prompt that the gate blocks is a `refused` job among the others.

    Raises:
        InvalidInput: some line is wrong; every pointer begins with `/jobs/LINE`, counted from 0.
        NotFound, NotAllowed, InsufficientCredits: as `submit_job`, for the batch as a whole.
    """
    if not 1 <= len(requests) <= MOST_IN_BATCH:
        raise InvalidInput(
            f"A batch has 1 to {MOST_IN_BATCH} jobs.", code="out_of_range", pointer="/jobs"
        )
    lines: list[Checked] = []
    wrong: list[FieldError] = []
    for number, request in enumerate(requests):
        try:
            lines.append(check_request(viewer, request))
        except InvalidInput as error:
            wrong += _of_line(number, error)
    if wrong:
        raise InvalidInput("Some of the jobs do not fit their models.", errors=wrong)
    batch_id = new_id()
    return batch_id, _submit(viewer, project_id, lines, batch_id, None)


def _asker(viewer: Viewer) -> UUID:
    if viewer.user_id is None:
        raise NotAllowed("Sign in to make something.", code="not_signed_in")
    return viewer.user_id


def _of_line(number: int, error: InvalidInput) -> list[FieldError]:
    return [replace(item, pointer=f"/jobs/{number}{item.pointer}") for item in error.errors]


def _submit(
    viewer: Viewer,
    project_id: UUID,
    lines: Sequence[Checked],
    batch_id: UUID | None,
    correlation_id: UUID | None,
) -> list[Job]:
    _asker(viewer)
    correlation = correlation_id or current_correlation_id()
    # The gate thinks while the project is looked up.
    asked: Screening | None = _ask(lines[0], correlation)
    project = place_to_make(viewer, project_id)
    jobs = []
    verdicts = []
    for number, line in enumerate(lines):
        try:
            job, ruling = draft_job(viewer, project, line, correlation_id=correlation, asked=asked)
            asked = None
        except InvalidInput as error:
            if batch_id is None:
                raise
            wrong = _of_line(number, error)
            raise InvalidInput(error.message, errors=wrong) from error
        job.batch_id = batch_id
        jobs.append(job)
        verdicts.append(ruling.verdict)
    store_jobs(viewer, jobs, verdicts, lines)
    return jobs


def place_to_make(viewer: Viewer, project_id: UUID) -> Project:
    """Return the project in which the viewer wants to make something. Raises as `submit_job`."""
    _asker(viewer)
    place = standing(viewer, project_id)
    if not place.may_generate:
        raise NotAllowed(
            "You may look into this project, but not make anything in it.", code="may_not_generate"
        )
    return place.project


def draft_job(
    viewer: Viewer,
    project: Project,
    line: Checked,
    *,
    correlation_id: UUID,
    asked: Screening | None = None,
) -> tuple[Job, Ruling]:
    """Return the job that a request comes to, priced and screened; nothing is stored.

    `asked` waits for the gate's ruling on the line, where it was asked for before.
    """
    own = drawn(viewer, line, organisation_id=project.organisation_id)
    if asked is None or own is not line:
        asked = _ask(own, correlation_id)
    line, at = own, now()
    price = cost(line.model.price, parameters=line.parameters, prompt=line.prompt)
    job = Job(
        organisation_id=project.organisation_id,
        project_id=project.pk,
        requested_by_id=_asker(viewer),
        api_key_id=viewer.key_id,
        correlation_id=correlation_id,
        parent_id=line.request.parent_id or parent_of(line.pictures),
        model_name=line.model.name,
        model_version=line.model.version,
        modality=line.model.modality,
        prompt=line.prompt,
        parameters=line.parameters,
        preset_version_id=line.whole.preset_version_id,
        style=line.whole.style,
        seed=line.seed,
        priority=line.request.priority,
        outputs_wanted=line.request.outputs,
        cost_credits=line.request.outputs * price,
        cancel_at=line.cancel_at,
        expires_at=at + timedelta(seconds=line.model.limits.wait_seconds),
    )
    ruling = asked(organisation_id=project.organisation_id, project_id=project.pk)
    if job.preset_version_id is not None:
        # The request has no prompt of its own: the preset and its variables wrote it.
        named = ("/preset" if one == "/prompt" else one for one in ruling.fields)
        ruling = replace(ruling, fields=tuple(named))
    apply_ruling(job, ruling, at=now())
    return job, ruling


def _ask(line: Checked, correlation_id: UUID) -> Screening:
    return start_asking(
        model=line.model,
        prompt=line.prompt,
        parameters=line.parameters,
        correlation_id=correlation_id,
    )


@refusing_barred()
@transaction.atomic
@together()
def store_jobs(
    viewer: Viewer, jobs: Sequence[Job], verdicts: Sequence[str], lines: Sequence[Checked]
) -> None:
    """Insert, set credits aside, announce, record: in this order, which is the order of locks.

    Raises:
        Barred: whoever asks may not at present.
    """
    if len(jobs) == 1:
        insert(jobs[0])
    else:
        Job.objects.bulk_create(jobs)
    for job, line in zip(jobs, lines, strict=True):
        keep(job, line.pictures)
    accepted = [job for job in jobs if job.state != Job.State.REFUSED]
    for job in accepted:
        reserve_credits(job)
    for modality, count in Counter(
        job.modality for job in accepted if job.screened_at is not None
    ).items():
        transaction.on_commit(partial(tickets.issue, modality, count=count))
    announce_all(
        [
            JobQueued(
                job_id=job.pk,
                organisation_id=job.organisation_id,
                project_id=job.project_id,
                requested_by=job.requested_by_id,
                model_name=job.model_name,
                modality=cast("Modality", job.modality),
            )
            for job in accepted
        ],
        correlation_id=jobs[0].correlation_id,
    )
    for job, verdict in zip(jobs, verdicts, strict=True):
        if job.state == Job.State.REFUSED:
            end(job, Action.JOB_REFUSED, before=None, actor=viewer.actor())
        else:
            left(
                job,
                Action.JOB_SUBMITTED,
                before=None,
                actor=viewer.actor(),
                after={
                    "model": job.model_name,
                    "version": job.model_version,
                    "verdict": verdict,
                },
            )


def cancel_batch(*, viewer: Viewer, batch_id: UUID) -> list[Job]:
    """Cancel every job of a batch that has not ended, one by one, and return all of them.

    Raises:
        NotFound, NotAllowed: as `cancel_job`, for the batch.
    """
    jobs = selectors.batch_for(viewer, batch_id)
    return [cancel_job(viewer=viewer, job_id=job.pk) for job in jobs]


@transaction.atomic
def cancel_job(*, viewer: Viewer, job_id: UUID) -> Job:
    """End a job that is no longer wanted. An ended job is returned as it is.

    A queued job ends at once. A running one is asked to stop: its worker notices within about a
    second and delivers nothing.

    Raises:
        NotFound: no such job for this viewer.
        NotAllowed: staff may read a job of somebody else, not end it.
    """
    seen = selectors.job_for(viewer, job_id)
    if seen.requested_by_id != viewer.user_id:
        raise NotAllowed("Only who asked for a job may cancel it.", code="not_your_job")
    return call_off_job(job_id=job_id, actor=viewer.actor())


@transaction.atomic
def call_off_job(*, job_id: UUID, actor: Actor, reason: str = "") -> Job:
    """Cancel a job in the name of whoever wants it no longer; all else as `cancel_job`."""
    job = Job.objects.select_for_update().get(pk=job_id)
    before, at = job.state, now()
    if job.is_ended:
        return job
    if before == Job.State.QUEUED:
        job.cancel_requested_at = at
        job.move_to(Job.State.CANCELLED, at=at)
        job.save()
        end(
            job,
            Action.JOB_CANCELLED,
            before=before,
            actor=actor,
            reason=reason,
            asset_ids=made(job),
        )
    elif job.cancel_requested_at is None:
        job.cancel_requested_at = at
        job.save(update_fields=["cancel_requested_at"])
        left(job, Action.JOB_CANCEL_REQUESTED, before=before, actor=actor, reason=reason)
    return job
