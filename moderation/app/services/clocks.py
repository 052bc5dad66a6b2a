"""Writes of due times: set where a case begins or something joins it, and escalated when over."""

from collections.abc import Iterable
from uuid import UUID

import structlog
from django.db import transaction

from moderation.app.configuration import clocks
from moderation.app.models import Case
from moderation.app.services.case_effects import GATE, picture, record_case
from moderation.core.hazards import MOST_URGENT
from tidegate.assets.models import Asset
from tidegate.audit.actions import Action
from tidegate.contracts.moderation import CaseLate
from tidegate.events.services import announce
from tidegate.primitives.clock import now

log = structlog.get_logger(__name__)

AT_ONCE = 200


def tighten(case: Case, triggers: Iterable[str]) -> None:
    """Let something that joins a locked case start its clock; the earlier due time counts."""
    clock = clocks().started_by(triggers)
    if clock is None:
        return
    due_at = now() + clock.lasts
    if case.due_at is None or due_at < case.due_at:
        case.due_at, case.due_under = due_at, clock.name
        case.save(update_fields=["due_at", "due_under"])


def escalate_late(*, at_most: int = AT_ONCE) -> int:
    """Put cases whose time is over first in the queue, alarm, and return how many there were.

    Each is a transaction of its own, once per case: it may be killed, and run twice at once.
    """
    waiting = Case.objects.exclude(state=Case.State.DECIDED).filter(due_at__lte=now(), late_at=None)
    late = list(waiting.order_by("due_at").values_list("pk", "asset_id")[:at_most])
    return sum(_escalate(case_id, asset_id) for case_id, asset_id in late)


@transaction.atomic
def _escalate(case_id: UUID, asset_id: UUID) -> bool:
    asset = Asset.objects.select_for_update(no_key=True).get(pk=asset_id)
    case = Case.objects.select_for_update(no_key=True).get(pk=case_id)
    if case.state == Case.State.DECIDED or case.late_at is not None or case.due_at is None:
        return False
    before = picture(case)
    case.late_at = now()
    case.severity = MOST_URGENT
    case.save(update_fields=["late_at", "severity"])
    announce(
        CaseLate(
            case_id=case.pk,
            asset_id=asset.pk,
            organisation_id=asset.organisation_id,
            clock=case.due_under,
            due_at=case.due_at,
        ),
        correlation_id=asset.correlation_id,
    )
    record_case(
        Action.CASE_LATE,
        case,
        actor=GATE,
        before=before,
        reason=f"it was due by {case.due_at.isoformat()} ({case.due_under})",
        correlation_id=asset.correlation_id,
    )
    log.error("case_late", case_id=str(case.pk), clock=case.due_under, due=case.due_at.isoformat())
    return True
