"""Writes of retro-runs: a policy over what is released, with preview, pause and undo."""

from uuid import UUID

from django.db import transaction

from moderation.app.models import PolicyVersion, RetroRun
from moderation.app.roles import require_run_admin
from moderation.app.selectors.policies import policy_version_for, retro_run_for
from moderation.app.services.banks import reason_of
from moderation.app.services.policy_records import PLATFORM
from tidegate.accounts.viewers import Viewer
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.primitives.actor import Actor
from tidegate.primitives.clock import now
from tidegate.primitives.errors import Conflict, FieldError, InvalidInput

_STATE = RetroRun.State
_OPEN = (_STATE.PREVIEWING, _STATE.READY, _STATE.RUNNING, _STATE.PAUSED, _STATE.UNDOING)
# What people may ask for; the rest is reached by getting to the end.
ASKED = (_STATE.RUNNING, _STATE.PAUSED, _STATE.UNDOING, _STATE.CANCELLED)
_JUDGES = (PolicyVersion.State.APPROVED, PolicyVersion.State.CANARY, PolicyVersion.State.ACTIVE)


@transaction.atomic
def preview_retro_run(*, version_id: UUID, viewer: Viewer, reason: str) -> RetroRun:
    """Begin to count what a version would hold of all that is released; nothing is held yet.

    While a run of the version is open, that run is the answer.

    Raises:
        NotAllowed: not a policy admin.
        NotFound: no such version.
        InvalidInput: no reason.
    """
    user_id = require_run_admin(viewer)
    words = reason_of(reason, "A retro-run needs a reason.")
    version = policy_version_for(viewer, version_id)
    # Two who begin at once wait for each other here.
    PolicyVersion.objects.select_for_update(no_key=True).get(pk=version.pk)
    run = RetroRun.objects.filter(policy=version, state__in=_OPEN).first()
    if run is not None:
        return run
    run = RetroRun(policy=version, asked_by_id=user_id, reason=words, until=now())
    run.save(force_insert=True)
    record_run(run, Action.RETRO_RUN_STARTED, viewer.actor(), before=None, reason=words)
    return run


@transaction.atomic
def move_retro_run(*, run_id: UUID, to: str, viewer: Viewer, reason: str) -> RetroRun:
    """Start, pause, resume, undo or give up a run; what it does already is no error.

    `running` starts it after its preview, and resumes it; `undoing` releases again what it held
    and nobody has decided since.

    Raises:
        NotAllowed: not a policy admin.
        NotFound: no such run.
        InvalidInput: a state that nobody can ask for, or no reason.
        InvalidMove: its state does not lead there.
        Conflict: its policy was not approved by a second person, or is over.
    """
    require_run_admin(viewer)
    words = reason_of(reason, "A retro-run needs a reason.")
    if to not in ASKED:
        message = f"A retro-run is moved to one of {', '.join(ASKED)}."
        raise InvalidInput(message, errors=[FieldError("/to", "unknown_state", message)])
    retro_run_for(viewer, run_id)
    run = RetroRun.objects.select_for_update(of=("self",)).select_related("policy").get(pk=run_id)
    if run.state == to or (to, run.state) in {
        (_STATE.UNDOING, _STATE.UNDONE),
        (_STATE.RUNNING, _STATE.FINISHED),
    }:
        return run
    if to == _STATE.RUNNING and run.policy.state not in _JUDGES:
        raise Conflict(
            "Only an approved policy holds what is released.", code="policy_not_approved"
        )
    was_paused = run.state == _STATE.PAUSED
    if to == _STATE.UNDOING or (to == _STATE.RUNNING and not was_paused):
        run.place = None
    set_state(run, to, actor=viewer.actor(), reason=words)
    return run


def set_state(run: RetroRun, to: str, *, actor: Actor, reason: str) -> None:
    """Move a locked run, inside the caller's transaction, and record it; last, as `record`."""
    before = {"state": run.state}
    run.move_to(to)
    if to in {_STATE.FINISHED, _STATE.UNDONE, _STATE.CANCELLED}:
        run.finished_at = now()
    run.save()
    record_run(run, Action.RETRO_RUN_MOVED, actor, before=before, reason=reason)


def record_run(
    run: RetroRun, action: Action, actor: Actor, *, before: dict[str, str] | None, reason: str
) -> None:
    """Append how a run stands to the platform's chain."""
    record(
        action,
        chain=PLATFORM,
        actor=actor,
        subject_type="moderation.retro_run",
        subject_id=str(run.pk),
        before=before,
        after={
            "policy": run.policy.version,
            "state": str(run.state),
            "would_hold": run.would_hold,
            "held": run.held,
            "released_again": run.released_again,
        },
        reason=reason,
    )
