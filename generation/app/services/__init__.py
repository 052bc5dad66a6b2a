"""Every write about jobs."""

from generation.app.services.checking import JobRequest
from generation.app.services.claiming import claim_job, heartbeat
from generation.app.services.outcomes import (
    deliver_output,
    fail_job,
    finish_job,
    miss_output,
    postpone_job,
    release_text,
    stop_job,
    withhold_text,
)
from generation.app.services.requests import (
    cancel_batch,
    cancel_job,
    submit_batch,
    submit_job,
    submit_request,
)
from generation.app.services.screening import screen_job
from generation.app.services.sweeping import Swept, sweep

__all__ = [
    "JobRequest",
    "Swept",
    "cancel_batch",
    "cancel_job",
    "claim_job",
    "deliver_output",
    "fail_job",
    "finish_job",
    "heartbeat",
    "miss_output",
    "postpone_job",
    "release_text",
    "screen_job",
    "stop_job",
    "submit_batch",
    "submit_job",
    "submit_request",
    "sweep",
    "withhold_text",
]
