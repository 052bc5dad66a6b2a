"""What every change of a model leaves behind: a stamp, an event, an audit entry."""

from collections.abc import Mapping
from typing import cast

from generation.app.models import RegisteredModel
from generation.app.registry.snapshot import mark_changed
from tidegate.accounts.viewers import Viewer
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.contracts.registry import ModelChange, ModelChanged
from tidegate.events.services import announce
from tidegate.primitives.actor import Actor
from tidegate.primitives.errors import InvalidInput, NotAllowed

PLATFORM = "platform"
REGISTRY = Actor.system("registry")
LONGEST_REASON = 500


def state_of(model: RegisteredModel) -> dict[str, object]:
    """Return what the trail keeps of a model's row."""
    return {
        "state": str(model.state),
        "because": model.because,
        "stable": model.stable.version if model.stable else "",
        "canary": model.canary.version if model.canary else "",
        "canary_percent": model.canary_percent,
        "deprecated_at": model.deprecated_at.isoformat() if model.deprecated_at else "",
        "retires_at": model.retires_at.isoformat() if model.retires_at else "",
        "successor": model.successor,
    }


def changed(
    model: RegisteredModel,
    action: Action,
    *,
    before: Mapping[str, object] | None,
    actor: Actor,
    reason: str = "",
    after: Mapping[str, object] | None = None,
    is_registry: bool = True,
) -> None:
    """Stamp, announce and record the change. Call it last: it locks a chain of the trail.

    Without `is_registry` it concerns a server only, and no process has to read the registry again.
    """
    if is_registry:
        mark_changed()
    announce(
        ModelChanged(
            model_id=model.pk,
            model_name=model.name,
            change=cast("ModelChange", action.value.partition(".")[2]),
            is_enabled=model.state == RegisteredModel.State.ENABLED,
            stable=model.stable.version if model.stable else "",
            canary=model.canary.version if model.canary else "",
            canary_percent=model.canary_percent,
            reason=reason,
        )
    )
    record(
        action,
        chain=PLATFORM,
        actor=actor,
        subject_type="generation.model",
        subject_id=model.name,
        before=before,
        after={**state_of(model), **(after or {})},
        reason=reason,
    )


def require_operator(viewer: Viewer) -> None:
    """Raise NotAllowed unless the viewer may change the registry."""
    if not (viewer.is_system or viewer.has_role(["policy_admin"])):
        raise NotAllowed("Only policy admins change models.", code="policy_admin_only")


def given_reason(reason: str) -> str:
    """Return a reason without outer white space.

    Raises:
        InvalidInput: it is empty or too long.
    """
    clean = " ".join(reason.split())
    if not clean:
        raise InvalidInput("Say why.", code="reason_missing", pointer="/reason")
    if len(clean) > LONGEST_REASON:
        raise InvalidInput(
            f"A reason has at most {LONGEST_REASON} characters.",
            code="reason_invalid",
            pointer="/reason",
        )
    return clean
