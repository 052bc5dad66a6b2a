"""Who was shown an asset: counts only, for those who answer for it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Max, Min

from recommendations.app.models import Exposure


@dataclass(frozen=True, slots=True)
class Shown:
    """How many people were shown something in the feed, how often, and between when."""

    people: int
    times: int
    first: datetime | None
    last: datetime | None


def shown_to(asset_id: UUID) -> Shown:
    """Return how far an asset got in the feed, as long as exposures are kept."""
    found = Exposure.objects.filter(asset_id=asset_id).aggregate(
        people=Count("user_id", distinct=True), times=Count("pk"), first=Min("at"), last=Max("at")
    )
    return Shown(**found)
