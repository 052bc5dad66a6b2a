"""What a request would come to, without asking for it."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from generation.app.models import Job
from generation.app.services.checking import JobRequest, check_request
from generation.app.services.requests import draft_job, place_to_make
from generation.app.waiting import Wait, wait_of
from tidegate.accounts.viewers import Viewer
from tidegate.contracts.moderation import VerdictName
from tidegate.ledger.selectors import balance_of
from tidegate.primitives.correlation import correlation_id as current_correlation_id

Decision = Literal["accepted", "held", "refused", "undecided"]
DECISIONS: dict[VerdictName, Decision] = {
    "release": "accepted",
    "hold": "held",
    "block": "refused",
    "unavailable": "undecided",
}


@dataclass(frozen=True, slots=True)
class Preview:
    """What a job would cost, leave, meet and wait for. Amounts in credits.

    `available_after` is what would be left; it is never below zero: a request that cannot be paid
    (`is_affordable` is false) would not be accepted. `wait` is None for a prompt that is refused.
    """

    job: Job
    available: int
    available_after: int
    is_affordable: bool
    decision: Decision
    reasons: tuple[str, ...]
    wait: Wait | None


def preview_job(*, viewer: Viewer, project_id: UUID, request: JobRequest) -> Preview:
    """Return what submitting this request now would come to. No job, no credits, no event.

    The gate remembers a prompt that it doubts or refuses, as it does for a real request: asking
    first is no way to find out unseen what passes.

    Raises:
        InvalidInput, NotFound, NotAllowed: as `submit_job`.
    """
    line = check_request(viewer, request)
    project = place_to_make(viewer, project_id)
    job, ruling = draft_job(viewer, project, line, correlation_id=current_correlation_id())
    decision = DECISIONS[ruling.verdict]
    available = balance_of(project.organisation_id).available
    price = 0 if decision == "refused" else job.cost_credits
    is_affordable = price <= available
    return Preview(
        job=job,
        available=available,
        available_after=available - price if is_affordable else available,
        is_affordable=is_affordable,
        decision=decision,
        reasons=tuple(job.refusal),
        wait=wait_of(job),
    )
