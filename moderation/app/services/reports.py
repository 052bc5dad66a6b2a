"""Writes of reports: people say that something they saw should not be there."""

from uuid import UUID

from django.db import transaction

from moderation.app.configuration import consequences
from moderation.app.models import REASON_CHARACTERS, Case, Hold, Report
from moderation.app.public_reasons import public_reasons
from moderation.app.selectors.reporters import reported_in
from moderation.app.services.case_effects import GATE, lock_undecided, open_case
from moderation.app.services.clocks import tighten
from moderation.app.services.statements import state_hold
from moderation.core.dsa import Source
from moderation.core.hazards import urgency
from tidegate.assets.models import Asset, Visibility
from tidegate.assets.services import move_asset
from tidegate.contracts.interactions import REPORT_REASONS
from tidegate.primitives.clock import now
from tidegate.primitives.errors import NotFound

# A report alone stands below every hazard that a detector is sure of; more weight raises it.
_FIRST_REPORT = 30
_EACH_MORE = 10
_HIGHEST = 90


@transaction.atomic
def record_report(
    *,
    asset_id: UUID,
    reporter_id: UUID,
    interaction_id: UUID,
    note: str,
    hold_at: int,
    correlation_id: UUID,
    reason: str = "",
) -> Case | None:
    """Add a report to the asset's case, opening one; hold the asset when they weigh `hold_at`.

    One person counts once per case, and for as much as their record says; those who act as one
    count less together, see `moderation.core.reporting`. A report of what the configuration names
    holds at once. The owner's own report is kept but does not count. What is not to be seen any
    more (blocked, withdrawn, still pending) needs no report: None.

    Raises:
        NotFound: there is no such asset.
    """
    asset = Asset.objects.select_for_update(no_key=True).filter(pk=asset_id).first()
    if asset is None:
        raise NotFound(f"There is no asset {asset_id}.", code="asset_not_found")
    known = Report.objects.filter(interaction_id=interaction_id).select_related("case").first()
    if known is not None:
        return known.case
    case = lock_undecided(asset)
    if case is None:
        if asset.visibility != Visibility.RELEASED:
            return None
        case = open_case(
            asset=asset,
            because=Case.Because.REPORT,
            severity=_FIRST_REPORT,
            hazards=(),
            verdict=None,
            actor=GATE,
            correlation_id=correlation_id,
        )
    Report.objects.get_or_create(
        case=case,
        reporter_id=reporter_id,
        defaults={
            "asset": asset,
            "interaction_id": interaction_id,
            "note": note.replace("\0", "")[:REASON_CHARACTERS],
            "reason": reason if reason in REPORT_REASONS else "",
        },
    )
    tighten(case, [f"case.{Case.Because.REPORT}", f"report.{reason}"])
    reports = reported_in(case, but=asset.owner_id)
    weighing = consequences().reports
    case.report_count = len(reports)
    case.report_weight = weighing.together([one.reported for one in reports])
    more = _EACH_MORE * max(0.0, case.report_weight - 1)
    case.severity = max(case.severity, min(_HIGHEST, round(_FIRST_REPORT + more)))
    at_once = {
        one.reason
        for one in reports
        if one.reason in consequences().hold_at_once
        and weighing.alone(one.reported) >= consequences().hold_at_once_weight
    }
    case.severity = max([case.severity, *map(urgency, at_once)])
    case.save(update_fields=["report_count", "report_weight", "severity"])
    if case.report_weight >= hold_at or at_once:
        _hold(asset, case)
    return case


def _hold(asset: Asset, case: Case) -> None:
    """Hold a released asset; one that is held for others' sake stays held for the reports."""
    Hold.objects.filter(asset=asset, ended_at=None).update(
        ended_at=now(), ended_because=Hold.Ended.REPORTED
    )
    if asset.visibility != Visibility.RELEASED:
        return
    move_asset(
        asset_id=asset.pk,
        to=Visibility.HELD,
        actor=GATE,
        reason=f"{case.report_count} people reported it",
        reasons=[{"hazard": "", "rule": "reported"}],
        public_reasons=[reason.as_json() for reason in public_reasons(["reported"])],
    )
    state_hold(asset, case, because="reported", source=Source.REPORT, actor=GATE)
