"""Writes about what was not judged in time: it is held, alarmed once, and given to people."""

from uuid import UUID

import structlog
from django.db import transaction

from moderation.app.models import Case, Verdict
from moderation.app.public_reasons import WAITING, public_reasons
from moderation.app.services.case_effects import (
    GATE,
    lock_undecided,
    open_case,
    picture,
    record_case,
)
from tidegate.assets.models import Asset, Visibility
from tidegate.assets.services import move_asset
from tidegate.audit.actions import Action
from tidegate.contracts.moderation import AssetOverdue
from tidegate.events.services import announce
from tidegate.primitives.clock import now

log = structlog.get_logger(__name__)

# The queue's first place, beside the worst hazard: nobody knows yet what it is.
URGENT = 100


@transaction.atomic
def escalate_asset(*, asset_id: UUID) -> Case | None:
    """Hold an overdue asset, alarm, and put it first in the queue; once per asset.

    None when there is nothing to do: it was judged meanwhile, a person has decided, it is not
    overdue, or it was escalated before. Detectors that come back may still judge it before a
    person claims it.
    """
    asset = Asset.objects.select_for_update(no_key=True).filter(pk=asset_id).first()
    if asset is None or asset.judge_by > now():
        return None
    case = lock_undecided(asset)
    was_pending = asset.visibility == Visibility.PENDING
    if was_pending:
        asset = move_asset(
            asset_id=asset.pk,
            to=Visibility.HELD,
            actor=GATE,
            reason="not judged before its deadline",
            reasons=[{"hazard": "", "rule": "overdue"}],
            public_reasons=[reason.as_json() for reason in public_reasons([WAITING])],
        )
        case = case or open_case(
            asset=asset,
            because=Case.Because.UNAVAILABLE,
            severity=URGENT,
            hazards=(),
            verdict=Verdict.objects.filter(asset=asset, superseded_by=None).first(),
            actor=GATE,
            correlation_id=asset.correlation_id,
        )
    if case is None or case.because != Case.Because.UNAVAILABLE or case.escalated_at is not None:
        return None
    before = picture(case)
    case.because = Case.Because.OVERDUE
    case.severity = URGENT
    case.escalated_at = now()
    case.save(update_fields=["because", "severity", "escalated_at"])
    announce(
        AssetOverdue(
            asset_id=asset.pk,
            organisation_id=asset.organisation_id,
            case_id=case.pk,
            modality=asset.modality,
            judge_by=asset.judge_by.isoformat(),
            was_pending=was_pending,
        ),
        correlation_id=asset.correlation_id,
    )
    record_case(
        Action.ASSET_OVERDUE,
        case,
        actor=GATE,
        before=before,
        reason=f"it should have been judged by {asset.judge_by.isoformat()}",
        correlation_id=asset.correlation_id,
    )
    log.error(
        "asset_overdue",
        asset_id=str(asset.pk),
        case_id=str(case.pk),
        modality=asset.modality,
        judge_by=asset.judge_by.isoformat(),
        was_pending=was_pending,
    )
    return case
