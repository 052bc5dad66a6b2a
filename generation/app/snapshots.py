"""A job as its follower may see it, at one moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from generation.app import selectors
from generation.app.models import Job, JobOutput
from generation.app.results import Result, describe
from generation.app.waiting import Wait, wait_of
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Visibility
from tidegate.contracts.ports import EXPOSURE_BOUND


@dataclass(frozen=True, slots=True)
class OutputSeen:
    """One output and how far its judgement is."""

    asset_id: UUID
    visibility: str
    version: int
    public_reasons: list[dict[str, Any]]

    @property
    def is_judged(self) -> bool:
        """Whether the gate or a person said anything yet."""
        return self.visibility != Visibility.PENDING

    def describe(self) -> dict[str, Any]:
        """Return the data of a `verdict` event."""
        return {
            "asset_id": str(self.asset_id),
            "visibility": self.visibility,
            "version": self.version,
            "public_reasons": self.public_reasons,
        }


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a viewer may know of a job now."""

    job_id: UUID
    model_name: str
    modality: str
    state: str
    attempt: int
    is_ended: bool
    is_screened: bool
    is_cancel_requested: bool
    wait: Wait | None
    progress: Mapping[str, int] | None
    released_text: str
    is_text_withheld: bool
    error_code: str
    error_detail: str
    does_retry_help: bool | None
    refusal: tuple[str, ...]
    refused_fields: tuple[str, ...]
    outputs: tuple[OutputSeen, ...]
    results: tuple[Result, ...]

    @property
    def place(self) -> tuple[int, int]:
        """The output that is made and the step it is at; before all of them at first."""
        return place_of(self.progress or {})

    @property
    def is_over(self) -> bool:
        """Whether the job ended and nothing more will be said about its outputs for now."""
        return self.is_ended and all(output.is_judged for output in self.outputs)

    def versions(self) -> dict[UUID, int]:
        """Return the visibility version of every judged output."""
        return {output.asset_id: output.version for output in self.outputs if output.is_judged}

    def settled(self) -> set[int]:
        """Return which outputs were made or cannot be."""
        return {result.index for result in self.results if result.is_settled}

    def describe_state(self) -> dict[str, Any]:
        """Return the data of a `state` event."""
        return {
            "state": self.state,
            "attempt": self.attempt,
            "error_code": self.error_code,
            "is_screened": self.is_screened,
            "is_cancel_requested": self.is_cancel_requested,
            "queue_position": None if self.wait is None else self.wait.position,
            "queue": None if self.wait is None else self.wait.describe(),
        }

    def describe(self, *, with_text: bool) -> dict[str, Any]:
        """Return the data of the first event; without the text where it is replayed instead."""
        return {
            "job_id": str(self.job_id),
            "model": self.model_name,
            "modality": self.modality,
            **self.describe_state(),
            "progress": self.progress,
            "released_text": self.released_text if with_text else None,
            "is_text_withheld": self.is_text_withheld,
            "exposure_bound": EXPOSURE_BOUND,
            "error_detail": self.error_detail,
            "does_retry_help": self.does_retry_help,
            "refusal": list(self.refusal),
            "refused_fields": list(self.refused_fields),
            "outputs": [result.describe() for result in self.results],
            "assets": [output.describe() for output in self.outputs],
        }

    def describe_end(self) -> dict[str, Any]:
        """Return the data of the `end` event."""
        return {
            "state": self.state,
            "error_code": self.error_code,
            "error_detail": self.error_detail,
            "does_retry_help": self.does_retry_help,
            "refusal": list(self.refusal),
            "refused_fields": list(self.refused_fields),
            "outputs": [result.describe() for result in self.results],
            "assets": [output.describe() for output in self.outputs],
        }


def place_of(progress: Mapping[str, Any]) -> tuple[int, int]:
    """Return which output and which step a progress is about, as something that rises."""
    return int(progress.get("output", 0)), int(progress.get("step", -1))


def take(viewer: Viewer, job_id: UUID) -> Snapshot | None:
    """Return what a viewer may know of a job now, or None."""
    job = selectors.jobs_visible_to(viewer).filter(pk=job_id).first()
    return None if job is None else _snapshot(viewer, job)


def _snapshot(viewer: Viewer, job: Job) -> Snapshot:
    # A single output appears with the end of its job, in one transaction.
    is_early = job.outputs_wanted == 1 and not job.is_ended
    assets = [] if is_early else list(selectors.assets_of(viewer, job.pk))
    outputs = tuple(
        OutputSeen(
            asset_id=asset.pk,
            visibility=asset.visibility,
            version=asset.visibility_version,
            public_reasons=asset.public_reasons,
        )
        for asset in assets
    )
    known = JobOutput.objects.filter(job=job) if job.outputs_wanted > 1 else ()
    results = describe(job, known, {asset.output_index: asset.pk for asset in assets})
    return Snapshot(
        job_id=job.pk,
        model_name=job.model_name,
        modality=job.modality,
        state=job.state,
        attempt=job.attempt,
        is_ended=job.is_ended,
        is_screened=job.screened_at is not None,
        is_cancel_requested=job.cancel_requested_at is not None,
        wait=wait_of(job),
        progress=job.progress,
        released_text=job.released_text,
        is_text_withheld=job.is_text_withheld or (job.is_prompt_held and job.modality == "text"),
        error_code=job.error_code,
        error_detail=job.error_detail,
        does_retry_help=job.does_retry_help,
        refusal=tuple(job.refusal),
        refused_fields=tuple(job.refused_fields),
        outputs=outputs,
        results=tuple(results),
    )
