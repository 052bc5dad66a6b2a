"""Many tenants with many jobs, for measurements of the queue. Rows only: no events, no audit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import connection, transaction

from generation.app.models import Job
from tidegate.accounts.models import Organisation, User
from tidegate.primitives.clock import now
from tidegate.primitives.ids import new_id
from tidegate.projects.models import Project

MODALITY = "video"
"""No worker of the one-machine stack listens to it unless films are served."""

_BATCH = 10_000


@dataclass(frozen=True, slots=True)
class Tenant:
    """One person in one project of one organisation."""

    organisation_id: UUID
    project_id: UUID
    user_id: UUID


def make_tenants(count: int) -> list[Tenant]:
    """Make tenants that have nothing in common."""
    mark = new_id().hex
    users = User.objects.bulk_create(
        User(email=f"crowd-{mark}-{number}@example.test", display_name="Crowd", password="!")
        for number in range(count)
    )
    organisations = Organisation.objects.bulk_create(
        Organisation(name="Crowd", slug=f"crowd-{mark}-{number}", kind="company")
        for number in range(count)
    )
    projects = Project.objects.bulk_create(
        Project(organisation=organisation, name="Crowd", slug="crowd", created_by=user)
        for organisation, user in zip(organisations, users, strict=True)
    )
    return [
        Tenant(organisation.pk, project.pk, user.pk)
        for organisation, project, user in zip(organisations, projects, users, strict=True)
    ]


def make_jobs(
    tenants: Sequence[Tenant],
    count: int,
    *,
    state: str = "queued",
    cost: int = 1,
    priority: int = 0,
) -> None:
    """Insert jobs of these tenants in turn, screened; ended ones as a year's history."""
    at = now()
    pattern = Job(
        organisation_id=tenants[0].organisation_id,
        project_id=tenants[0].project_id,
        requested_by_id=tenants[0].user_id,
        correlation_id=new_id(),
        model_name="tidegate-image",
        modality=MODALITY,
        prompt="a lighthouse at dawn",
        seed=1,
        cost_credits=cost,
        priority=priority,
        screened_at=at,
        expires_at=at + timedelta(days=1),
    )
    if state != "queued":
        pattern.state, pattern.started_at, pattern.ended_at = state, at, at
    with transaction.atomic():
        pattern.save(force_insert=True)
    for start in range(1, count, _BATCH):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                """
                INSERT INTO generation_job
                SELECT filled.*
                  FROM generation_job AS pattern, generate_series(%(first)s, %(last)s) AS number,
                       LATERAL jsonb_populate_record(pattern, jsonb_build_object(
                    'id', uuidv7(),
                    'organisation_id', (%(organisations)s::uuid[])[1 + number %% %(tenants)s],
                    'project_id', (%(projects)s::uuid[])[1 + number %% %(tenants)s],
                    'requested_by_id', (%(people)s::uuid[])[1 + number %% %(tenants)s]
                       )) AS filled
                 WHERE pattern.id = %(pattern)s
                """,
                {
                    "organisations": [tenant.organisation_id for tenant in tenants],
                    "projects": [tenant.project_id for tenant in tenants],
                    "people": [tenant.user_id for tenant in tenants],
                    "tenants": len(tenants),
                    "first": start,
                    "last": min(start + _BATCH, count) - 1,
                    "pattern": pattern.pk,
                },
            )


def end_running() -> None:
    """Let everything that runs have succeeded, as far as the queue sees it."""
    at = now()
    Job.objects.filter(modality=MODALITY, state="running").update(
        state="succeeded", lease_owner="", lease_expires_at=None, ended_at=at
    )


def clear() -> None:
    """Take the queue of this modality away, with its history; nothing of it was ever delivered."""
    with connection.cursor() as cursor:
        for table in ("generation_job", "generation_bell", "generation_lane"):
            # The last one refers to itself, which is checked when the statement is over.
            cursor.execute(f"DELETE FROM {table} WHERE modality = %s", [MODALITY])  # noqa: S608 - our own names
            cursor.execute(f"VACUUM ANALYZE {table}")
