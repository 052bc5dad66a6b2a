"""What every change of a policy version does: wait for its turn, move, save, announce, record."""

from typing import Any
from uuid import UUID

from moderation.app import in_force
from moderation.app.models import POLICY_REASON_CHARACTERS, PolicyVersion
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.contracts.moderation import PolicyMoved, PolicyStateName
from tidegate.events.services import announce
from tidegate.primitives.actor import Actor
from tidegate.primitives.clock import now
from tidegate.primitives.statements import prepared, run

_TURN = "hashtextextended('moderation:policies', 0)"
PLATFORM = "platform"
GATE = Actor.system("moderation")
_STATE = PolicyVersion.State
_STATES: dict[str, PolicyStateName] = {
    _STATE.DRAFT: "draft",
    _STATE.SHADOW: "shadow",
    _STATE.APPROVED: "approved",
    _STATE.CANARY: "canary",
    _STATE.ACTIVE: "active",
    _STATE.RETIRED: "retired",
}


def take_turn() -> None:
    """Let nobody else change policies, nor write a verdict, until this transaction ends.

    Waits for what is under way. One lock for all versions, so that nobody holds one of them and
    waits for another.
    """
    with prepared() as cursor:
        cursor.execute(f"SELECT pg_advisory_xact_lock({_TURN})")


def share_turn() -> None:
    """Let nobody change policies until this transaction ends; others may write verdicts."""
    run(f"SELECT pg_advisory_xact_lock_shared({_TURN})", [], lambda _: None)


def found(version_id: UUID) -> PolicyVersion | None:
    """Return a version as it is after `take_turn`."""
    return PolicyVersion.objects.filter(pk=version_id).first()


def move(
    version: PolicyVersion,
    to: str,
    *,
    actor: Actor,
    reason: str,
    action: Action = Action.POLICY_MOVED,
) -> None:
    """Move a version after `take_turn`, with its other changed fields, its event and its entry.

    Raises:
        InvalidMove: its state does not lead there.
    """
    before = dict(PolicyVersion.objects.values("state", "canary_share").get(pk=version.pk))
    version.move_to(to)
    moment = now()
    version.state_since = moment
    version.reason = reason[:POLICY_REASON_CHARACTERS]
    if to == _STATE.ACTIVE:
        version.activated_at = moment
    if to != _STATE.CANARY:
        version.canary_share, version.canary_seed = None, ""
    if to != _STATE.ACTIVE:
        version.probation_until = None
    version.save()
    tell(version, before=before, actor=actor, reason=reason, action=action)


def tell(
    version: PolicyVersion,
    *,
    before: dict[str, Any] | None,
    actor: Actor,
    reason: str,
    action: Action,
) -> None:
    """Announce and record how a version stands now; `before` is None for a new one."""
    was = _STATES[before["state"] if before is not None else _STATE.DRAFT]
    announce(
        PolicyMoved(
            policy_id=version.pk,
            version=version.version,
            before=was,
            after=_STATES[version.state],
            canary_share=version.canary_share or 0.0,
            is_rolled_back=action == Action.POLICY_ROLLED_BACK,
        )
    )
    record(
        action,
        chain=PLATFORM,
        actor=actor,
        subject_type="moderation.policy_version",
        subject_id=str(version.pk),
        before=before,
        after={
            "version": version.version,
            "name": version.name,
            "state": str(version.state),
            "canary_share": version.canary_share,
        },
        reason=reason,
    )
    in_force.forget()
