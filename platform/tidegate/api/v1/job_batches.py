"""Batches: many jobs asked for at once, accepted together or not at all."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from generation.app import selectors, services
from generation.app.models import Job
from tidegate.api.forms import checked
from tidegate.api.v1.balances import NOT_PAID
from tidegate.api.v1.job_shapes import BatchIn, JobOut, describe, describe_new, request_of
from tidegate.api.v1.jobs import CANCEL_AFTER, cancel_after
from tidegate.api.views import View


class BatchOut(serializers.Serializer[Any]):
    """A batch: how many of its jobs are in which state, and each of them."""

    id = serializers.UUIDField()
    states = serializers.DictField(child=serializers.IntegerField())
    jobs = JobOut(many=True)


class Batches(View):
    """New batches."""

    scopes: ClassVar[dict[str, str]] = {"POST": "jobs:write"}

    @extend_schema(
        operation_id="job_batches_create",
        tags=["jobs"],
        parameters=[CANCEL_AFTER],
        request=BatchIn,
        responses={202: BatchOut, **NOT_PAID},
    )
    def post(self, request: Request) -> Response:
        """Ask for many jobs. One wrong line and none is accepted; `errors` names every wrong one.

        A line whose prompt is refused is a job in state `refused` among the others.
        """
        wanted = checked(BatchIn, request.data)
        after = cancel_after(request)
        batch_id, jobs = services.submit_batch(
            viewer=self.viewer,
            project_id=wanted["project_id"],
            requests=[request_of(line, after) for line in wanted["jobs"]],
        )
        return Response(
            _batch(batch_id, jobs, describe_new(self.viewer, jobs)),
            status=202,
            headers={"Location": f"/api/v1/job-batches/{batch_id}"},
        )


class BatchView(View):
    """One batch."""

    scopes: ClassVar[dict[str, str]] = {"GET": "jobs:read"}

    @extend_schema(operation_id="job_batches_read", tags=["jobs"], responses=BatchOut)
    def get(self, request: Request, batch_id: UUID) -> Response:
        """Read a batch: its jobs in the order of its lines."""
        jobs = selectors.batch_for(self.viewer, batch_id)
        return Response(_batch(batch_id, jobs, describe(self.viewer, jobs)))


class BatchCancel(View):
    """The end of a batch that is no longer wanted."""

    scopes: ClassVar[dict[str, str]] = {"POST": "jobs:write jobs:read"}

    @extend_schema(
        operation_id="job_batches_cancel", tags=["jobs"], request=None, responses={202: BatchOut}
    )
    def post(self, request: Request, batch_id: UUID) -> Response:
        """Cancel every job of the batch that has not ended. Twice is no error."""
        jobs = services.cancel_batch(viewer=self.viewer, batch_id=batch_id)
        return Response(_batch(batch_id, jobs, describe(self.viewer, jobs)), status=202)


def _batch(batch_id: UUID, jobs: Sequence[Job], described: list[Any]) -> dict[str, Any]:
    return {"id": batch_id, "states": Counter(job.state for job in jobs), "jobs": described}
