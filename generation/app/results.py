"""How far each output of a job is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from generation.app.models import Job, JobOutput
from tidegate.accounts.viewers import Viewer
from tidegate.assets.selectors import visible_to

State = Literal["waiting", "running", "made", "failed", "not_made"]
STATES: tuple[State, ...] = ("waiting", "running", "made", "failed", "not_made")


@dataclass(frozen=True, slots=True)
class Result:
    """One output: made with `seed`; `asset_id` where it is made and the viewer may see it."""

    index: int
    seed: int
    state: State
    asset_id: UUID | None = None
    error_code: str = ""

    @property
    def is_settled(self) -> bool:
        """Whether it was made or cannot be."""
        return self.state in {"made", "failed"}

    def describe(self) -> dict[str, Any]:
        """Return the data of an `output` event."""
        return {
            "index": self.index,
            "seed": self.seed,
            "state": self.state,
            "asset_id": None if self.asset_id is None else str(self.asset_id),
            "error_code": self.error_code,
        }


def results_of(viewer: Viewer, jobs: Sequence[Job]) -> dict[UUID, list[Result]]:
    """Return the outputs of jobs that the viewer may see. Two queries, whatever their number."""
    ids = [job.pk for job in jobs]
    assets: dict[UUID, dict[int, UUID]] = {job_id: {} for job_id in ids}
    seen = visible_to(viewer).filter(job_id__in=ids)
    for job_id, index, asset_id in seen.values_list("job_id", "output_index", "pk"):
        if job_id is not None:
            assets[job_id][index] = asset_id
    known: dict[UUID, list[JobOutput]] = {job_id: [] for job_id in ids}
    for output in JobOutput.objects.filter(job_id__in=ids).order_by("index"):
        known[output.job_id].append(output)
    return {job.pk: describe(job, known[job.pk], assets[job.pk]) for job in jobs}


def describe(
    job: Job, known: Iterable[JobOutput] = (), assets: Mapping[int, UUID] | None = None
) -> list[Result]:
    """Return a job's outputs in order, from what is known of them."""
    seen = assets or {}
    rows = {output.index: output for output in known}
    results: list[Result] = []
    is_first_missing = True
    # A job from before several outputs may have delivered more than it says it wanted.
    count = max(job.outputs_wanted, 1 + max(seen, default=0))
    for index in range(count):
        row = rows.get(index)
        state: State
        if index in seen or (row is not None and row.state == JobOutput.State.MADE):
            state = "made"
        elif row is not None:
            state = "failed"
        elif job.is_ended:
            state = "not_made"
        else:
            is_running = is_first_missing and job.state == Job.State.RUNNING
            state = "running" if is_running else "waiting"
            is_first_missing = False
        code = "" if row is None else row.error_code
        results.append(Result(index, job.seed_of(index), state, seen.get(index), code))
    return results
