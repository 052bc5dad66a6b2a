"""Nothing stays stuck: what was not judged in time gets a person, whatever became of its event."""

from time import monotonic

import structlog

from moderation.app.selectors.overdue import assets_to_escalate
from moderation.app.services.overdue import escalate_asset

log = structlog.get_logger(__name__)

AT_ONCE = 500
SECONDS = 10.0


def escalate_overdue(*, at_most: int = AT_ONCE, seconds: float = SECONDS) -> int:
    """Return how many assets were escalated within about `seconds`.

    Each is a transaction of its own, so it may be killed at any moment and run twice at once.
    """
    until = monotonic() + seconds
    waiting = assets_to_escalate(at_most)
    escalated = 0
    for asset_id in waiting:
        if monotonic() > until:
            break
        escalated += escalate_asset(asset_id=asset_id) is not None
    if waiting:
        log.error("assets_overdue", found=len(waiting), escalated=escalated)
    return escalated
