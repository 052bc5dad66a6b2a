"""Every non-trivial read about jobs."""

from collections.abc import Iterable
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from generation.app.models import Job, Lane
from generation.app.waiting import wait_of
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset
from tidegate.assets.selectors import visible_to
from tidegate.primitives.errors import NotFound


def jobs_visible_to(viewer: Viewer) -> QuerySet[Job]:
    """Return the jobs a viewer may see, newest first: one's own, and for staff all.

    A job shows a prompt and unreleased words, so colleagues see the asset once it is released
    and never the job. A key is confined to its organisation.
    """
    jobs = Job.objects.order_by("-id")
    if viewer.is_staff:
        seen = jobs
    elif viewer.user_id is None:
        return jobs.none()
    else:
        seen = jobs.filter(requested_by_id=viewer.user_id)
    if viewer.organisation_id is not None:
        seen = seen.filter(organisation_id=viewer.organisation_id)
    return seen


def job_for(viewer: Viewer, job_id: UUID) -> Job:
    """Return one job, or raise NotFound."""
    job = jobs_visible_to(viewer).filter(pk=job_id).first()
    if job is None:
        raise NotFound("There is no such job.", code="job_not_found")
    return job


def batch_for(viewer: Viewer, batch_id: UUID) -> list[Job]:
    """Return the jobs of a batch in the order in which they were asked for, or raise NotFound."""
    jobs = list(jobs_visible_to(viewer).filter(batch_id=batch_id).order_by("id"))
    if not jobs:
        raise NotFound("There is no such batch.", code="batch_not_found")
    return jobs


def assets_of(viewer: Viewer, job_id: UUID) -> QuerySet[Asset]:
    """Return a job's outputs that the viewer may see, in order."""
    return visible_to(viewer).filter(job_id=job_id).order_by("output_index")


def asset_of(job: Job) -> Asset | None:
    """Return the first output of a job. For those who may see the job: it checks nothing."""
    return Asset.objects.filter(job_id=job.pk).order_by("output_index").first()


def outputs_of(viewer: Viewer, job_ids: Iterable[UUID]) -> dict[UUID, list[UUID]]:
    """Return the ids of visible outputs by job, in order. One query."""
    found: dict[UUID, list[UUID]] = {}
    rows = (
        visible_to(viewer)
        .filter(job_id__in=list(job_ids))
        .order_by("job_id", "output_index")
        .values_list("job_id", "pk")
    )
    for job_id, asset_id in rows:
        if job_id is not None:
            found.setdefault(job_id, []).append(asset_id)
    return found


def queue_position(job: Job) -> int | None:
    """Return how many jobs will probably start before this one; None unless it is queued."""
    wait = wait_of(job)
    return None if wait is None else wait.position


def is_anybody_waiting(modality: str) -> bool:
    """Whether some lane of a modality's queue waits: there may be something to claim."""
    return Lane.objects.filter(
        modality=modality, level=Lane.Level.ORGANISATION, is_waiting=True
    ).exists()


def claimable_count(modality: str, *, most: int) -> int:
    """Return how many jobs of a modality could be claimed now, counting no further than `most`."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*) FROM (
                SELECT FROM generation_job
                 WHERE modality = %(modality)s AND state = 'queued' AND screened_at IS NOT NULL
                   AND (not_before IS NULL OR not_before <= statement_timestamp())
                 LIMIT %(most)s
            ) AS bounded
            """,
            {"modality": modality, "most": most},
        )
        return int(cursor.fetchone()[0])
