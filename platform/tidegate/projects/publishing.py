"""Who may make things public, beyond what their role says."""

from uuid import UUID

from tidegate.accounts.viewers import Viewer
from tidegate.contracts.ports import restraints
from tidegate.primitives.errors import NotAllowed


def require_may_publish(viewer: Viewer, organisation_id: UUID | None) -> None:
    """Raise NotAllowed where moderation keeps this person from making things public now."""
    if viewer.user_id is None:
        return
    restraint = restraints().on_publishing(
        author_id=viewer.user_id, organisation_id=organisation_id
    )
    if restraint is not None:
        raise NotAllowed(
            "You may make nothing public at present.",
            code="not_public_now",
            extra={
                "restriction": restraint.kind,
                "until": restraint.until.isoformat() if restraint.until else None,
            },
        )
