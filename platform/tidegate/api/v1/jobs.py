"""Jobs: ask for an output, follow it, cancel it."""

from collections.abc import Collection
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from generation.app import progress, selectors, services
from generation.app.models import Job
from generation.app.services.previews import preview_job
from tidegate.api.authentication import renewed
from tidegate.api.durations import read_duration
from tidegate.api.forms import checked
from tidegate.api.pagination import page
from tidegate.api.renderers import EventStream
from tidegate.api.v1.balances import NOT_PAID
from tidegate.api.v1.job_shapes import (
    JobIn,
    JobOut,
    describe,
    describe_new,
    describe_one,
    request_of,
)
from tidegate.api.v1.previews import DRY_RUN, PreviewOut, describe_preview, is_dry_run
from tidegate.api.v1.shapes import choice, page_of, paged
from tidegate.api.views import View
from tidegate.primitives.errors import InvalidInput

CANCEL_AFTER = OpenApiParameter(
    "Cancel-After",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="Cancel what has not ended after this time: `90`, `90s`, `5m`, `1h30m`; at least "
    "5 seconds, at most seven days.",
)


class Jobs(View):
    """The jobs one may see."""

    scopes: ClassVar[dict[str, str]] = {"GET": "jobs:read", "POST": "jobs:write"}

    @extend_schema(
        operation_id="jobs_list",
        tags=["jobs"],
        parameters=[
            *paged(),
            choice("state", Job.State.values, "Only jobs in this state."),
            OpenApiParameter("project_id", OpenApiTypes.UUID, description="Only this project's."),
        ],
        responses=page_of(JobOut),
    )
    def get(self, request: Request) -> Response:
        """List jobs, newest first."""
        rows = selectors.jobs_visible_to(self.viewer)
        filters = state_and_project(request, Job.State.values)
        rows = rows.filter(**filters)
        return page(request, rows, self.describe, filters=filters)

    @extend_schema(
        operation_id="jobs_create",
        tags=["jobs"],
        parameters=[CANCEL_AFTER, DRY_RUN],
        request=JobIn,
        responses={200: PreviewOut, 202: JobOut, **NOT_PAID},
    )
    def post(self, request: Request) -> Response:
        """Ask for outputs. 202 with the job; a refused prompt is a job in state `refused`."""
        form = checked(JobIn, request.data)
        project_id = form["project_id"]
        wanted = request_of(form, cancel_after(request))
        if is_dry_run(request):
            preview = preview_job(viewer=self.viewer, project_id=project_id, request=wanted)
            return Response(describe_preview(preview))
        job = services.submit_request(viewer=self.viewer, project_id=project_id, request=wanted)
        (described,) = describe_new(self.viewer, [job])
        return Response(described, status=202, headers={"Location": f"/api/v1/jobs/{job.pk}"})

    def describe(self, jobs: list[Job]) -> list[Any]:
        """Serialise a page with one look for all outputs."""
        return describe(self.viewer, jobs)


class JobView(View):
    """One job."""

    scopes: ClassVar[dict[str, str]] = {"GET": "jobs:read"}

    @extend_schema(operation_id="jobs_read", tags=["jobs"], responses=JobOut)
    def get(self, request: Request, job_id: UUID) -> Response:
        """Read a job; this is the authoritative state."""
        return Response(describe_one(self.viewer, selectors.job_for(self.viewer, job_id)))


class JobCancel(View):
    """The end of a job that is no longer wanted."""

    scopes: ClassVar[dict[str, str]] = {"POST": "jobs:write jobs:read"}

    @extend_schema(operation_id="jobs_cancel", tags=["jobs"], request=None, responses={202: JobOut})
    def post(self, request: Request, job_id: UUID) -> Response:
        """Cancel: a queued job at once, a running one within moments. Twice is no error."""
        job = services.cancel_job(viewer=self.viewer, job_id=job_id)
        return Response(describe_one(self.viewer, job), status=202)


class JobEvents(View):
    """The live stream of a job."""

    scopes: ClassVar[dict[str, str]] = {"GET": "jobs:read"}
    renderer_classes = (EventStream, JSONRenderer)

    @extend_schema(
        operation_id="jobs_events",
        tags=["jobs"],
        parameters=[
            OpenApiParameter(
                "Last-Event-ID",
                OpenApiTypes.STR,
                OpenApiParameter.HEADER,
                description="The id of the last event seen; everything after it is replayed.",
            )
        ],
        responses={
            (200, "text/event-stream"): OpenApiResponse(
                OpenApiTypes.STR,
                description="Server-sent events `state`, `progress`, `text`, `text_withheld`, "
                "`verdict` and `end`; the present state comes first. Its `exposure_bound` is "
                "how many tokens of a text may be shown unscored: 0. `text_withheld` says why in "
                "`because`: after `block` take away what was shown; after anything else the whole "
                "is judged.",
            )
        },
    )
    def get(self, request: Request, job_id: UUID) -> HttpResponseBase:
        """Follow a job by server-sent events, with replay after `Last-Event-ID`."""
        selectors.job_for(self.viewer, job_id)
        if request.method == "HEAD":
            # A stream without a body would only hold its connection.
            return HttpResponse(content_type="text/event-stream")
        stream = progress.job_events(
            viewer=self.viewer,
            job_id=job_id,
            last_event_id=request.headers.get("Last-Event-ID"),
            renew=partial(renewed, request),
        )
        return StreamingHttpResponse(
            stream,
            content_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )


def state_and_project(request: Request, states: Collection[str]) -> dict[str, str]:
    """Return what of a list is asked for by `state` and `project_id`, by the names of fields.

    Raises:
        InvalidInput: no such state, or a project that is no UUID.
    """
    filters: dict[str, str] = {}
    state = request.query_params.get("state")
    if state is not None:
        if state not in states:
            raise InvalidInput("no such state", code="unknown_choice", pointer="/state")
        filters["state"] = state
    if project := request.query_params.get("project_id"):
        uuid_or_error(project, "/project_id")
        filters["project_id"] = project
    return filters


def uuid_or_error(text: str, pointer: str) -> UUID:
    """Read a UUID of the query, or raise InvalidInput."""
    try:
        return UUID(text)
    except ValueError as error:
        raise InvalidInput("this is not a UUID", code="invalid_uuid", pointer=pointer) from error


def cancel_after(request: Request) -> timedelta | None:
    """Return what the header `Cancel-After` says, or None without it.

    Raises:
        InvalidInput: it is no duration.
    """
    text = request.headers.get("Cancel-After")
    return None if text is None else read_duration(text, name="Cancel-After")
