"""The gate's answer about a prompt, and what it makes of a job."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from generation.app import tickets
from generation.app.claims import Failure
from generation.app.models import Job
from generation.app.registry.selectors import known_version
from generation.app.services.trail import WORKER, end, left, set_failure
from generation.core.catalogue import Model, screened_fields
from generation.core.catalogue.model import Value
from tidegate.audit.actions import Action
from tidegate.contracts.ports import Ruling, Screening, gate
from tidegate.primitives.clock import now

# How long a job waits for the answer about its prompt before it runs as one whose prompt is held.
PATIENCE = timedelta(seconds=15)
_AGAINST = frozenset({"hold", "block"})
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
    fields = screened_fields(model, prompt, parameters)
    if not fields:
        return lambda **_: Ruling("release", (), "")
    ask = gate().start_screening(
        prompt="\n\n".join(fields.values()),
        modality=model.modality,
        correlation_id=correlation_id,
    )

    def ruling(*, organisation_id: UUID | None = None, project_id: UUID | None = None) -> Ruling:
        found = ask(organisation_id=organisation_id, project_id=project_id)
        if found.verdict not in _AGAINST:
            return found
        named = _fields_against(
            fields,
            model.modality,
            correlation_id,
            organisation_id=organisation_id,
            project_id=project_id,
        )
        return replace(found, fields=named)

    return ruling


def _fields_against(
    fields: Mapping[str, str],
    modality: str,
    correlation_id: UUID,
    *,
    organisation_id: UUID | None,
    project_id: UUID | None,
) -> tuple[str, ...]:
    """Return which fields a ruling is about; all of them where only their words together are bad.

    Only what did not pass is asked about field by field, so nobody else waits for it.
    """
    if len(fields) > 1:
        rulings = {
            pointer: gate().screen_prompt(
                prompt=text,
                modality=modality,
                correlation_id=correlation_id,
                organisation_id=organisation_id,
                project_id=project_id,
            )
            for pointer, text in fields.items()
        }
        named = tuple(one for one, ruling in rulings.items() if ruling.verdict in _AGAINST)
        if named:
            return named
    return tuple(fields)


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
        job.refused_fields = list(ruling.fields)
    elif ruling.verdict == "block":
        job.refusal = list(ruling.reasons)
        job.refused_fields = list(ruling.fields)
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
    is_unanswered = ruling.verdict == "unavailable"
    if is_unanswered and now() - owed.created_at < PATIENCE:
        return owed
    with transaction.atomic():
        job = _unscreened(job_id).select_for_update().first()
        if job is None:
            return None
        if is_unanswered:
            _hold_unanswered(job)
        else:
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


def _hold_unanswered(job: Job) -> None:
    """Let a job run whose prompt nobody could judge in time, as one whose prompt is held.

    To refuse it would make an outage, or a prompt that is made to exhaust a detector, a verdict;
    to wait on would keep the jobs behind it. Its output is streamed to nobody and is judged with
    the prompt before anybody sees it: no answer then holds it for people.
    """
    job.screened_at = now()
    job.is_prompt_held = True


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
