"""What should have been judged by now and was not."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Min, Q

from moderation.app.models import Case
from moderation.app.roles import require_reader
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset, Visibility
from tidegate.primitives.clock import now

LARGEST_PAGE = 100


@dataclass(frozen=True, slots=True)
class OverdueAsset:
    """An asset whose deadline has passed. `case_id` is None until it was escalated."""

    asset_id: UUID
    organisation_id: UUID
    modality: str
    visibility: str
    created_at: datetime
    judge_by: datetime
    case_id: UUID | None
    escalated_at: datetime | None


@dataclass(frozen=True, slots=True)
class Overdue:
    """The gauge and its list: `count` are all, `assets` those that wait the longest.

    `escalated` of them are with people already; where `count` is larger for long, the task that
    escalates does not run.
    """

    count: int
    escalated: int
    oldest_judge_by: datetime | None
    assets: tuple[OverdueAsset, ...]


def overdue(viewer: Viewer, *, limit: int = 50) -> Overdue:
    """Return what is overdue: pending ones, and held ones that only wait for detectors.

    What a person or a later judgement settled is not overdue any more.

    Raises:
        NotAllowed: the viewer is no review staff.
    """
    if not viewer.is_system:
        require_reader(viewer)
    at = now()
    waiting = Q(judge_by__lte=at, visibility=Visibility.PENDING)
    cases = Case.objects.exclude(state=Case.State.DECIDED).filter(
        because__in=(Case.Because.UNAVAILABLE, Case.Because.OVERDUE), asset__judge_by__lte=at
    )
    pending = Asset.objects.filter(waiting)
    if viewer.organisation_id is not None:
        cases = cases.filter(organisation_id=viewer.organisation_id)
        pending = pending.filter(organisation_id=viewer.organisation_id)
    size = max(1, min(limit, LARGEST_PAGE))
    held = [
        _line(case.asset, case)
        for case in cases.select_related("asset").order_by("asset__judge_by", "id")[:size]
    ]
    found = held + [_line(asset, None) for asset in pending.order_by("judge_by", "id")[:size]]
    oldest = [
        moment
        for moment in (
            cases.aggregate(at=Min("asset__judge_by"))["at"],
            pending.aggregate(at=Min("judge_by"))["at"],
        )
        if moment is not None
    ]
    return Overdue(
        count=cases.count() + pending.count(),
        escalated=cases.filter(because=Case.Because.OVERDUE).count(),
        oldest_judge_by=min(oldest, default=None),
        assets=tuple(sorted(found, key=lambda one: (one.judge_by, one.asset_id))[:size]),
    )


def assets_to_escalate(limit: int) -> list[UUID]:
    """Return the assets that are overdue and not escalated, the longest overdue first."""
    at = now()
    pending = Asset.objects.filter(visibility=Visibility.PENDING, judge_by__lte=at)
    found = list(pending.order_by("judge_by", "id").values_list("pk", flat=True)[:limit])
    cases = (
        Case.objects.exclude(state=Case.State.DECIDED)
        .filter(because=Case.Because.UNAVAILABLE, escalated_at=None, asset__judge_by__lte=at)
        .order_by("asset__judge_by", "id")
    )
    return [*found, *cases.values_list("asset_id", flat=True)[: limit - len(found)]]


def _line(asset: Asset, case: Case | None) -> OverdueAsset:
    return OverdueAsset(
        asset_id=asset.pk,
        organisation_id=asset.organisation_id,
        modality=asset.modality,
        visibility=asset.visibility,
        created_at=asset.created_at,
        judge_by=asset.judge_by,
        case_id=None if case is None else case.pk,
        escalated_at=None if case is None else case.escalated_at,
    )
