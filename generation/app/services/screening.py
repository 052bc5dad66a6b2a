"""The gate's answer about a prompt, and what it makes of a job."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from generation.app import tickets
from generation.app.claims import Failure
from generation.app.models import Job
from generation.app.registry.selectors import known_version
from generation.app.services.trail import WORKER, end, left, set_failure
from generation.core.catalogue import Model, screened_text
from generation.core.catalogue.model import Value
from tidegate.audit.actions import Action
from tidegate.contracts.ports import Ruling, Screening, gate
from tidegate.primitives.clock import now

PROMPT_REFUSED = Failure(
    code="prompt_refused",
    detail="The prompt breaks the content rules, so nothing was made.",
    stage="prompt",
    does_retry_help=False,
)
WITHDRAWN = Failure(
    code="model_withdrawn",
    detail="This model is no longer offered.",
    stage="prompt",
    does_retry_help=False,
)


def ask_gate(
    *,
    model: Model,
    prompt: str,
    parameters: dict[str, Value],
    correlation_id: UUID,
    organisation_id: UUID,
    project_id: UUID,
) -> Ruling:
    """Ask about every word that would reach the model. Bounded by the gate's own short deadline."""
    ask = start_asking(
        model=model, prompt=prompt, parameters=parameters, correlation_id=correlation_id
    )
    return ask(organisation_id=organisation_id, project_id=project_id)


def start_asking(
    *, model: Model, prompt: str, parameters: dict[str, Value], correlation_id: UUID
) -> Screening:
    """Send what `ask_gate` asks and return what waits for the ruling.

    Where there are no words there is nothing to ask: given pictures passed the gate before.
    """
    words = screened_text(model, prompt, parameters)
    if not words:
        return lambda **_: Ruling("release", (), "")
    return gate().start_screening(
        prompt=words,
        modality=model.modality,
        correlation_id=correlation_id,
    )


def apply_ruling(job: Job, ruling: Ruling, *, at: datetime) -> None:
    """Write a ruling into a job that is queued and unscreened.

    `unavailable` changes nothing: the answer is still owed. A held prompt may run, because its
    output is judged together with the prompt before anybody sees it; it is streamed to nobody.
    """
    if ruling.verdict == "unavailable":
        return
    job.screened_at = at
    job.screening_policy = ruling.policy_version
    if ruling.verdict == "hold":
        job.is_prompt_held = True
        job.refusal = list(ruling.reasons)
    elif ruling.verdict == "block":
        job.refusal = list(ruling.reasons)
        set_failure(job, PROMPT_REFUSED)
        job.move_to(Job.State.REFUSED, at=at)


def screen_job(*, job_id: UUID) -> Job | None:
    """Ask for the owed answer about a queued job; None when nothing is owed any more.

    The question is asked outside the transaction; whoever answers first counts.
    """
    owed = _unscreened(job_id).first()
    if owed is None:
        return None
    model = known_version(owed.model_name, owed.model_version)
    if model is None:
        _withdraw(job_id)
        return None
    ruling = ask_gate(
        model=model,
        prompt=owed.prompt,
        parameters=owed.parameters,
        correlation_id=owed.correlation_id,
        organisation_id=owed.organisation_id,
        project_id=owed.project_id,
    )
    if ruling.verdict == "unavailable":
        return owed
    with transaction.atomic():
        job = _unscreened(job_id).select_for_update().first()
        if job is None:
            return None
        apply_ruling(job, ruling, at=now())
        job.save()
        if job.state == Job.State.REFUSED:
            end(job, Action.JOB_REFUSED, before=Job.State.QUEUED, actor=WORKER)
        else:
            transaction.on_commit(lambda: tickets.issue(job.modality))
            left(
                job,
                Action.JOB_SCREENED,
                before=Job.State.QUEUED,
                actor=WORKER,
                after={"verdict": ruling.verdict},
            )
    return job


def _withdraw(job_id: UUID) -> None:
    """End a job whose model left the catalogue: which words would reach it, nobody can say."""
    with transaction.atomic():
        job = _unscreened(job_id).select_for_update().first()
        if job is None:
            return
        set_failure(job, WITHDRAWN)
        job.move_to(Job.State.FAILED, at=now())
        job.save()
        end(
            job,
            Action.JOB_FAILED,
            before=Job.State.QUEUED,
            actor=WORKER,
            reason=WITHDRAWN.code,
        )


def _unscreened(job_id: UUID) -> QuerySet[Job]:
    return Job.objects.filter(pk=job_id, state=Job.State.QUEUED, screened_at=None)
