"""How a composition ends, and what is recorded of it."""

from collections.abc import Mapping
from typing import cast

from django.db import transaction

from generation.app import board
from generation.app.models import Composition
from generation.app.services.requests import call_off_job
from generation.app.services.trail import WORKER
from generation.core.recipes import Trouble
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.contracts.generation import CompositionEnded, CompositionState
from tidegate.events.services import announce
from tidegate.primitives.actor import Actor
from tidegate.primitives.clock import now

_ACTIONS = {
    Composition.State.COMPLETED: Action.COMPOSITION_COMPLETED,
    Composition.State.FAILED: Action.COMPOSITION_FAILED,
    Composition.State.CANCELLED: Action.COMPOSITION_CANCELLED,
}


def tell(composition: Composition) -> None:
    """Wake who follows a composition once this transaction is committed."""
    composition_id, state = composition.pk, str(composition.state)
    transaction.on_commit(lambda: board.publish(composition_id, "composition", {"state": state}))


def end_composition(
    composition: Composition,
    state: Composition.State,
    *,
    actor: Actor,
    why: Trouble | None = None,
) -> None:
    """Move a locked composition to its last state, announce and record it. Call it last.

    Jobs that nobody needs any more are called off afterwards, each in a transaction of its own:
    a job is locked before its payer and the trail, and this one holds the trail.
    """
    composition.move_to(state, at=now())
    if why is not None:
        composition.error_part, composition.error_index = why.name, why.index
        composition.error_code, composition.error_detail = why.code, why.detail
    composition.save()
    announce(
        CompositionEnded(
            composition_id=composition.pk,
            organisation_id=composition.organisation_id,
            project_id=composition.project_id,
            requested_by=composition.requested_by_id,
            recipe=composition.recipe_name,
            state=cast("CompositionState", str(composition.state)),
            error_part=composition.error_part,
            error_code=composition.error_code,
        ),
        correlation_id=composition.correlation_id,
    )
    after: dict[str, object] = {"state": str(composition.state)}
    if why is not None:
        after |= {"part": why.name, "index": why.index, "error_code": why.code}
    record_change(composition, _ACTIONS[state], before="running", after=after, actor=actor)
    tell(composition)
    transaction.on_commit(lambda: call_off(composition))


def record_change(
    composition: Composition,
    action: Action,
    *,
    before: str | None,
    after: Mapping[str, object],
    actor: Actor,
) -> None:
    """Append a change of a composition to its organisation's chain."""
    record(
        action,
        chain=f"organisation:{composition.organisation_id}",
        actor=actor,
        subject_type="generation.composition",
        subject_id=str(composition.pk),
        before=None if before is None else {"state": before},
        after=after,
        reason=composition.error_code,
        correlation_id=composition.correlation_id,
    )


def call_off(composition: Composition) -> int:
    """Cancel the jobs that an ended composition still has open; return how many."""
    from generation.app.models import Job

    if composition.state == Composition.State.COMPLETED:
        return 0
    open_jobs = Job.objects.filter(
        whole_id=composition.pk,
        state__in=[Job.State.QUEUED, Job.State.RUNNING],
        cancel_requested_at=None,
    )
    ids = list(open_jobs.values_list("pk", flat=True))
    for job_id in ids:
        call_off_job(job_id=job_id, actor=WORKER, reason=f"its composition {composition.state}")
    return len(ids)
