"""Writes of strikes: given with a block, voided when the block does not stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Sum

from moderation.app.configuration import consequences
from moderation.app.models import Case, Strike, Verdict
from tidegate.assets.models import Asset
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.contracts.moderation import StrikeIssued, StrikeVoided
from tidegate.events.services import announce
from tidegate.primitives.actor import Actor
from tidegate.primitives.clock import now

_DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Draft:
    """A strike that a block will give."""

    hazard: str
    points: int
    expires_at: datetime


def draft_strike(*, author_id: UUID, asset_id: UUID, hazards: Sequence[str]) -> Draft | None:
    """Return what a block of this asset gives its locked author; None: it gave one already."""
    if Strike.objects.filter(asset_id=asset_id, voided_at=None).exists():
        return None
    hazard, terms = consequences().strike_for(hazards)
    at = now()
    today = Strike.objects.filter(author_id=author_id, voided_at=None, created_at__gt=at - _DAY)
    given = today.aggregate(points=Sum("points"))["points"] or 0
    points = consequences().points_to_give(terms, given_today=given)
    return Draft(hazard, points, at + terms.lasts)


def issue_strike(draft: Draft, *, asset: Asset, ruling: Case | Verdict, actor: Actor) -> Strike:
    """Give the author of a locked asset the strike that was drafted."""
    strike = Strike(
        author_id=asset.owner_id,
        organisation_id=asset.organisation_id,
        asset=asset,
        case=ruling if isinstance(ruling, Case) else None,
        verdict=ruling if isinstance(ruling, Verdict) else None,
        hazard=draft.hazard,
        points=draft.points,
        expires_at=draft.expires_at,
    )
    strike.save(force_insert=True)
    announce(
        StrikeIssued(
            strike_id=strike.pk,
            author_id=strike.author_id,
            organisation_id=strike.organisation_id,
            asset_id=asset.pk,
            hazard=strike.hazard,
            points=strike.points,
            expires_at=strike.expires_at,
        ),
        correlation_id=asset.correlation_id,
    )
    _record(Action.STRIKE_ISSUED, strike, actor=actor, before=None, reason=strike.hazard)
    return strike


def void_strikes(
    strikes: Sequence[Strike], *, voided_by: UUID | None, actor: Actor, reason: str
) -> None:
    """Void strikes of a locked author; they stay as rows. Voided ones are left alone."""
    for strike in strikes:
        if strike.voided_at is not None:
            continue
        before = picture(strike)
        strike.voided_at, strike.voided_by_id, strike.void_reason = now(), voided_by, reason
        strike.save(update_fields=["voided_at", "voided_by", "void_reason"])
        announce(
            StrikeVoided(
                strike_id=strike.pk,
                author_id=strike.author_id,
                organisation_id=strike.organisation_id,
            )
        )
        _record(Action.STRIKE_VOIDED, strike, actor=actor, before=before, reason=reason)


def picture(strike: Strike) -> dict[str, Any]:
    """Return what the trail keeps of a strike."""
    return {
        "author": str(strike.author_id),
        "asset": str(strike.asset_id),
        "case": str(strike.case_id or ""),
        "verdict": str(strike.verdict_id or ""),
        "hazard": strike.hazard,
        "points": strike.points,
        "expires_at": strike.expires_at.isoformat(),
        "is_voided": strike.voided_at is not None,
    }


def _record(
    action: Action, strike: Strike, *, actor: Actor, before: dict[str, Any] | None, reason: str
) -> None:
    record(
        action,
        chain=f"organisation:{strike.organisation_id}",
        actor=actor,
        subject_type="moderation.strike",
        subject_id=str(strike.pk),
        before=before,
        after=picture(strike),
        reason=reason,
        person=strike.author_id,
    )
