"""What every change of a preset leaves behind. Its words stay out of the trail: rows keep them."""

from collections.abc import Mapping

from generation.app.models import PresetVersion
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.primitives.actor import Actor
from tidegate.primitives.correlation import correlation_id


def left(
    version: PresetVersion,
    action: Action,
    *,
    actor: Actor,
    before: str | None = None,
    after: Mapping[str, object] | None = None,
    reason: str = "",
) -> None:
    """Record a change. Call it last: it locks a chain."""
    preset = version.preset
    record(
        action,
        chain=f"organisation:{preset.organisation_id}",
        actor=actor,
        subject_type="generation.preset",
        subject_id=str(preset.pk),
        before=None if before is None else {"publication": before},
        after={
            "version": version.number,
            "publication": str(version.publication),
            "is_archived": preset.archived_at is not None,
            "is_taken_down": preset.taken_down_at is not None,
            **(after or {}),
        },
        reason=reason,
        correlation_id=correlation_id(),
    )
