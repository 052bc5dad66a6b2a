"""Reads of strikes and restrictions: what counts now, for staff, and for whom it concerns."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet, Sum

from moderation.app.models import Restriction, Strike, TakedownNotice
from moderation.app.roles import require_reader
from tidegate.accounts.viewers import Viewer
from tidegate.primitives.clock import now
from tidegate.primitives.errors import NotAllowed


@dataclass(frozen=True, slots=True)
class Standing:
    """How somebody stands at a moment: their points, newest strikes and restrictions first."""

    author_id: UUID
    points: int
    at: datetime
    strikes: tuple[Strike, ...]
    restrictions: tuple[Restriction, ...]

    @property
    def in_force(self) -> tuple[Restriction, ...]:
        """Return the restrictions that hold now."""
        return tuple(one for one in self.restrictions if one.is_in_force(self.at))

    @property
    def counting(self) -> frozenset[UUID]:
        """Return the ids of the strikes that count now."""
        return frozenset(one.pk for one in self.strikes if one.counts_at(self.at))


def points_of(author_id: UUID) -> int:
    """Return the points that count for a person now: neither expired nor voided."""
    return standing_strikes(author_id).aggregate(points=Sum("points"))["points"] or 0


def standing_strikes(author_id: UUID) -> QuerySet[Strike]:
    """Return the strikes of a person that count now."""
    return Strike.objects.filter(author_id=author_id, voided_at=None, expires_at__gt=now())


def restrictions_in_force(
    author_id: UUID, *, organisation_id: UUID | None, kinds: Iterable[str] = Restriction.Kind.values
) -> QuerySet[Restriction]:
    """Return what restricts a person now in an organisation, oldest first."""
    return Restriction.objects.filter(
        Q(organisation_id=None) | Q(organisation_id=organisation_id),
        Q(until=None) | Q(until__gt=now()),
        author_id=author_id,
        ended_at=None,
        kind__in=list(kinds),
    ).order_by("pk")


def standing_of(viewer: Viewer, author_id: UUID, *, besides: UUID | None = None) -> Standing:
    """Return how somebody stands, for staff; a key reads of its own organisation only.

    With `besides`, as if that case had not been decided: without its strike and what followed.

    Raises:
        NotAllowed: the viewer is no review staff.
    """
    require_reader(viewer)
    strikes, restrictions = strikes_for(viewer, author_id), restrictions_for(viewer, author_id)
    if besides is not None:
        strikes = strikes.exclude(case_id=besides)
        restrictions = restrictions.exclude(strikes__case_id=besides)
        restrictions = restrictions.exclude(decision__case_id=besides)
    return _standing(author_id, strikes, restrictions)


def own_standing(viewer: Viewer) -> Standing:
    """Return how the viewer stands.

    Raises:
        NotAllowed: nobody is signed in.
    """
    if viewer.user_id is None:
        raise NotAllowed("Sign in first.", code="not_signed_in")
    author_id = viewer.user_id
    strikes = Strike.objects.filter(author_id=author_id).select_related("asset")
    restrictions = Restriction.objects.filter(author_id=author_id)
    return _standing(
        author_id,
        strikes.order_by("-created_at", "-pk"),
        restrictions.order_by("-created_at", "-pk"),
    )


def strikes_for(viewer: Viewer, author_id: UUID | None = None) -> QuerySet[Strike]:
    """Return strikes for staff, newest first, of one author or of all. Raises as `standing_of`."""
    require_reader(viewer)
    found = Strike.objects.select_related("author", "asset", "voided_by")
    if author_id is not None:
        found = found.filter(author_id=author_id)
    if viewer.organisation_id is not None:
        found = found.filter(organisation_id=viewer.organisation_id)
    return found.order_by("-created_at", "-pk")


def restrictions_for(viewer: Viewer, author_id: UUID | None = None) -> QuerySet[Restriction]:
    """Return restrictions for staff, newest first. Raises as `standing_of`."""
    require_reader(viewer)
    found = Restriction.objects.select_related("author", "imposed_by", "ended_by")
    if author_id is not None:
        found = found.filter(author_id=author_id)
    if viewer.organisation_id is not None:
        found = found.filter(organisation_id=viewer.organisation_id)
    return found.order_by("-created_at", "-pk")


def notices_for(viewer: Viewer, asset_id: UUID | None = None) -> QuerySet[TakedownNotice]:
    """Return takedown notices for staff, newest first. Raises as `standing_of`."""
    require_reader(viewer)
    found = TakedownNotice.objects.select_related("recorded_by")
    if asset_id is not None:
        found = found.filter(asset_id=asset_id)
    if viewer.organisation_id is not None:
        found = found.filter(organisation_id=viewer.organisation_id)
    return found.order_by("-created_at", "-pk")


def _standing(
    author_id: UUID, strikes: Iterable[Strike], restrictions: Iterable[Restriction]
) -> Standing:
    """Count what the reader may see: a key learns nothing of other organisations' strikes."""
    at, found = now(), tuple(strikes)
    points = sum(strike.points for strike in found if strike.counts_at(at))
    return Standing(author_id, points, at, found, tuple(restrictions))
