"""Writes of reports: people say that something they saw should not be there."""

from uuid import UUID

from django.db import transaction

from moderation.app.models import REASON_CHARACTERS, Case, Report
from moderation.app.public_reasons import public_reasons
from moderation.app.services.case_effects import open_case
from moderation.app.services.verdicts import GATE
from tidegate.assets.models import Asset, Visibility
from tidegate.assets.services import move_asset
from tidegate.primitives.errors import NotFound

# A report alone stands below every hazard that a detector is sure of; more people raise it.
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
) -> Case | None:
    """Add a report to the asset's case, opening one; from `hold_at` reporters on, hold the asset.

    One person counts once per case. The owner's own report is kept but does not count. What is
    not to be seen any more (blocked, withdrawn, still pending) needs no report: None.

    Raises:
        NotFound: there is no such asset.
    """
    asset = Asset.objects.select_for_update(no_key=True).filter(pk=asset_id).first()
    if asset is None:
        raise NotFound(f"There is no asset {asset_id}.", code="asset_not_found")
    known = Report.objects.filter(interaction_id=interaction_id).select_related("case").first()
    if known is not None:
        return known.case
    case = (
        Case.objects.select_for_update(no_key=True)
        .filter(asset=asset)
        .exclude(state=Case.State.DECIDED)
        .first()
    )
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
        },
    )
    people = Report.objects.filter(case=case).exclude(reporter_id=asset.owner_id).count()
    case.report_count = people
    case.severity = max(
        case.severity, min(_HIGHEST, _FIRST_REPORT + _EACH_MORE * max(0, people - 1))
    )
    case.save(update_fields=["report_count", "severity"])
    if people >= hold_at and asset.visibility == Visibility.RELEASED:
        move_asset(
            asset_id=asset.pk,
            to=Visibility.HELD,
            actor=GATE,
            reason=f"{people} people reported it",
            reasons=[{"hazard": "", "rule": "reported"}],
            public_reasons=[reason.as_json() for reason in public_reasons(["reported"])],
        )
    return case
