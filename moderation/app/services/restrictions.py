"""Writes of restrictions, inside the caller's transaction with the author locked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, cast
from uuid import UUID

from django.db.models import Q

from moderation.app.configuration import consequences
from moderation.app.models import Hold, Restriction, Strike
from moderation.app.services.case_effects import GATE
from moderation.app.services.holds import hold_asset, undo_holds
from moderation.app.services.statements import end_statement_of, state_restriction
from tidegate.assets.models import Asset, Visibility
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.contracts.moderation import RestrictionEnded, RestrictionImposed, RestrictionKind
from tidegate.contracts.ports import Bar, makers
from tidegate.events.services import announce
from tidegate.primitives.actor import Actor
from tidegate.primitives.clock import now
from tidegate.primitives.errors import InvalidInput

PLATFORM = "platform"
RESTORED = "the restriction of its author was lifted"
LONGEST_HOURS = 876_000


@dataclass(frozen=True, slots=True)
class Terms:
    """A restriction as it will be. `points` and `strikes` where nobody imposes it by hand."""

    kind: str
    author_id: UUID
    organisation_id: UUID | None
    until: datetime | None
    reason: str
    points: int | None = None
    imposed_by: UUID | None = None

    @property
    def chain(self) -> str:
        """Where the trail keeps it."""
        return chain_of(self.organisation_id)


def chain_of(organisation_id: UUID | None) -> str:
    """Return the chain of a restriction in one organisation, or everywhere."""
    return PLATFORM if organisation_id is None else f"organisation:{organisation_id}"


def lasting_until(kind: str, hours: object, *, pointer: str = "/hours") -> datetime | None:
    """Return when a restriction imposed now ends; without `hours`, as one that points lead to.

    Raises:
        InvalidInput: that is no number of hours that a restriction can last.
    """
    if hours is None:
        terms = consequences().terms_of(kind)
        lasts = None if terms is None else terms.lasts
        return None if lasts is None else now() + lasts
    if isinstance(hours, bool) or not isinstance(hours, int) or not 1 <= hours <= LONGEST_HOURS:
        raise InvalidInput(
            f"A restriction lasts 1 to {LONGEST_HOURS} hours.", code="out_of_range", pointer=pointer
        )
    return now() + timedelta(hours=hours)


def open_restrictions(author_id: UUID) -> list[Restriction]:
    """Return the restrictions of a person that were not ended, also those whose time is over."""
    return list(Restriction.objects.filter(author_id=author_id, ended_at=None).order_by("pk"))


def recent_outputs(author_id: UUID, organisation_id: UUID | None) -> list[UUID]:
    """Return what a restriction imposed now must lock: what it may hold, and what is being judged.

    Released lately, or held for others' sake already. A pending output is not held, but its verdict
    may be under way without having seen the restriction: locked, it is either released before, and
    held with the others, or judged after.
    """
    since = now() - consequences().recent
    whose = Q(owner_id=author_id)
    if organisation_id is not None:
        whose &= Q(organisation_id=organisation_id)
    seen = Q(created_at__gt=since, visibility__in=[Visibility.RELEASED, Visibility.HELD]) | Q(
        visibility=Visibility.PENDING
    )
    return list(Asset.objects.filter(whose & seen).order_by("pk").values_list("pk", flat=True))


def impose(
    terms: Terms, *, strikes: Iterable[Strike], recent: Sequence[Asset], actor: Actor
) -> Restriction:
    """Restrict a person: cancel what they wait for and hold these locked outputs.

    `makers().lock` comes before anything else of the transaction.
    """
    restriction = Restriction(
        author_id=terms.author_id,
        organisation_id=terms.organisation_id,
        kind=terms.kind,
        until=terms.until,
        points=terms.points,
        imposed_by_id=terms.imposed_by,
        reason=terms.reason,
    )
    restriction.save(force_insert=True)
    restriction.strikes.set(strikes)
    cancelled = makers().stop(
        author_id=terms.author_id,
        organisation_id=terms.organisation_id,
        reason=f"{terms.kind}: {restriction.pk}",
    )
    if terms.kind in Restriction.BARRING:
        makers().bar(
            Bar(
                restriction_id=restriction.pk,
                author_id=terms.author_id,
                organisation_id=terms.organisation_id,
                code=cast("Literal['cooldown', 'suspended']", str(terms.kind)),
                until=terms.until,
            )
        )
    held = sum(hold_asset(asset, restriction) is not None for asset in recent)
    state_restriction(restriction, chain=terms.chain, actor=actor)
    announce(
        RestrictionImposed(
            restriction_id=restriction.pk,
            author_id=terms.author_id,
            organisation_id=terms.organisation_id,
            kind=cast("RestrictionKind", str(terms.kind)),
            until=terms.until,
        )
    )
    after = {**picture(restriction), "jobs_cancelled": cancelled, "outputs_held": held}
    _record(
        Action.RESTRICTION_IMPOSED,
        restriction,
        actor=actor,
        before=None,
        after=after,
        reason=terms.reason,
    )
    return restriction


def held_for(restrictions: Iterable[Restriction]) -> list[Hold]:
    """Return what is held for restrictions and nobody decided about."""
    return list(
        Hold.objects.filter(restriction__in=list(restrictions), ended_at=None).order_by("asset_id")
    )


def end(
    restriction: Restriction,
    *,
    because: Restriction.Ended,
    ended_by: UUID | None,
    reason: str,
    actor: Actor,
    assets: Mapping[UUID, Asset],
) -> None:
    """End an open restriction; lifted, it gives back these locked assets that it alone holds.

    One whose time is over was right while it lasted: what it held waits for a person, who may be
    on the way already.
    """
    before = picture(restriction)
    restriction.ended_at, restriction.ended_because = now(), because
    restriction.ended_by_id, restriction.end_reason = ended_by, reason
    restriction.save(update_fields=["ended_at", "ended_because", "ended_by", "end_reason"])
    makers().admit(restriction_id=restriction.pk)
    end_statement_of(restriction)
    released = 0
    if because == Restriction.Ended.LIFTED:
        released = undo_holds(held_for([restriction]), assets, reason=RESTORED)
    announce(
        RestrictionEnded(
            restriction_id=restriction.pk,
            author_id=restriction.author_id,
            organisation_id=restriction.organisation_id,
            kind=cast("RestrictionKind", str(restriction.kind)),
            because=cast("Literal['lifted', 'expired']", str(because)),
        )
    )
    _record(
        Action.RESTRICTION_ENDED,
        restriction,
        actor=actor,
        before=before,
        after={**picture(restriction), "outputs_released": released},
        reason=reason,
    )


def end_expired_of(restrictions: Iterable[Restriction]) -> None:
    """End those of a locked author's open restrictions whose time is over."""
    at = now()
    for restriction in restrictions:
        if restriction.ended_at is None and not restriction.is_in_force(at):
            end(
                restriction,
                because=Restriction.Ended.EXPIRED,
                ended_by=None,
                reason="its time is over",
                actor=GATE,
                assets={},
            )


def picture(restriction: Restriction) -> dict[str, Any]:
    """Return what the trail keeps of a restriction."""
    return {
        "author": str(restriction.author_id),
        "kind": str(restriction.kind),
        "until": restriction.until.isoformat() if restriction.until else "",
        "points": restriction.points,
        "ended": str(restriction.ended_because),
    }


def _record(
    action: Action,
    restriction: Restriction,
    *,
    actor: Actor,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
    reason: str,
) -> None:
    record(
        action,
        chain=chain_of(restriction.organisation_id),
        actor=actor,
        subject_type="moderation.restriction",
        subject_id=str(restriction.pk),
        before=before,
        after=after,
        reason=reason,
        person=restriction.author_id,
    )
