"""What a ruling leads to beyond its own asset: strikes, restrictions, and the assets made from it.

One ruling touches much, so its locks come first and in one order, see `services`: `foresee` takes
those of the author, `reach` those of assets and chains, and `carry_out` only writes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from moderation.app.configuration import consequences
from moderation.app.models import Case, Restriction, Spread, Strike, Verdict
from moderation.app.selectors.strikes import points_of, standing_strikes
from moderation.app.services import lineage, restrictions
from moderation.app.services.authors import lock_author
from moderation.app.services.case_effects import GATE
from moderation.app.services.holds import lock_assets
from moderation.app.services.strikes import Draft, draft_strike, issue_strike, void_strikes
from moderation.core.consequences import RestrictionTerms
from moderation.core.hazards import UNKNOWN, urgency
from tidegate.assets.models import Asset
from tidegate.audit.services import lock_chains
from tidegate.contracts.ports import makers
from tidegate.primitives.actor import Actor
from tidegate.primitives.clock import now
from tidegate.primitives.errors import Conflict


@dataclass(frozen=True, slots=True)
class Plan:
    """What a ruling will lead to. `organisations` are those whose jobs are cancelled."""

    strike: Draft | None = None
    due: RestrictionTerms | None = None
    by_hand: restrictions.Terms | None = None
    points: int = 0
    expired: tuple[Restriction, ...] = ()
    void: tuple[Strike, ...] = ()
    lift: tuple[Restriction, ...] = ()
    organisations: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Reach:
    """The assets that a ruling reaches, locked: by id, and which of them for what."""

    assets: dict[UUID, Asset] = field(default_factory=dict)
    descendants: tuple[UUID, ...] = ()
    recent: tuple[UUID, ...] = ()
    ending: Spread | None = None


def foresee_block(
    *,
    author_id: UUID,
    asset_id: UUID,
    hazards: Sequence[str],
    by_hand: restrictions.Terms | None = None,
) -> Plan:
    """Lock the author and find what a block that convicts gives them.

    Raises:
        Conflict: the restriction that somebody imposes with it is in force already.
    """
    lock_author(author_id)
    plan = _foresee_strike(author_id, asset_id, hazards)
    if by_hand is None:
        return plan
    opened = restrictions.open_restrictions(author_id)
    same = [one for one in opened if one.organisation_id is None and one.kind == by_hand.kind]
    if any(one.is_in_force(now()) for one in same):
        raise Conflict("This restriction is in force already.", code="restriction_in_force")
    concerned = makers().lock(author_id=author_id, organisation_id=None)
    # What the points lead to would be the same: a person's word says it better.
    due = None if plan.due is not None and plan.due.kind == by_hand.kind else plan.due
    return replace(
        plan,
        due=due,
        by_hand=by_hand,
        expired=tuple({one.pk: one for one in (*plan.expired, *same)}.values()),
        organisations=plan.organisations | concerned,
    )


def _foresee_strike(author_id: UUID, asset_id: UUID, hazards: Sequence[str]) -> Plan:
    strike = draft_strike(author_id=author_id, asset_id=asset_id, hazards=hazards)
    if strike is None:
        return Plan()
    points = points_of(author_id) + strike.points
    opened = restrictions.open_restrictions(author_id)
    everywhere = [one for one in opened if one.organisation_id is None]
    in_force = {one.kind for one in everywhere if one.is_in_force(now())}
    due = consequences().restriction_due(points, in_force=in_force) if strike.points else None
    if due is None:
        return Plan(strike=strike, points=points)
    expired = tuple(one for one in everywhere if one.kind == due.kind)
    concerned = makers().lock(author_id=author_id, organisation_id=None)
    return Plan(strike, due, points=points, expired=expired, organisations=concerned)


def foresee_release(*, author_id: UUID, asset_id: UUID) -> Plan:
    """Lock the author and find what a release takes back: strikes, and what rested on them."""
    lock_author(author_id)
    return _foresee_void(
        author_id, list(Strike.objects.filter(asset_id=asset_id, voided_at=None).order_by("pk"))
    )


def foresee_void(strike: Strike) -> Plan:
    """As `foresee_release`, for one strike of a locked author."""
    return _foresee_void(strike.author_id, [strike] if strike.voided_at is None else [])


def reach_block(plan: Plan, asset: Asset) -> Reach:
    """Lock what a block of a locked asset reaches, and every chain that is written to."""
    below = lineage.to_hold(asset.pk, lineage.open_spread(asset.pk))
    restricts = plan.due is not None or plan.by_hand is not None
    recent = restrictions.recent_outputs(asset.owner_id, None) if restricts else []
    assets = lock_assets([*below, *(one for one in recent if one != asset.pk)])
    _lock_chains(plan, asset, assets)
    return Reach(
        assets,
        tuple(one for one in below if one in assets),
        tuple(one for one in recent if one in assets),
    )


def reach_release(plan: Plan, asset: Asset | None) -> Reach:
    """Lock what is given back with the release of a locked asset, or with voided strikes alone."""
    ending = lineage.open_spread(asset.pk) if asset is not None else None
    below = lineage.to_undo(ending) if ending is not None else []
    held = [hold.asset_id for hold in restrictions.held_for(plan.lift)]
    assets = lock_assets({*below, *held})
    _lock_chains(plan, asset, assets)
    return Reach(assets, descendants=tuple(below), ending=ending)


def carry_out_block(
    plan: Plan, reach: Reach, *, asset: Asset, ruling: Case | Verdict, actor: Actor
) -> Restriction | None:
    """Do what was foreseen of a block, now that the asset is blocked.

    Returns the restriction that was imposed by hand, if any.
    """
    if plan.strike is not None:
        strike = issue_strike(plan.strike, asset=asset, ruling=ruling, actor=actor)
        if plan.due is not None:
            _impose(plan, plan.due, reach, strike)
    if plan.by_hand is not None:
        restrictions.end_expired_of(plan.expired)
        imposed = restrictions.impose(
            plan.by_hand,
            strikes=(),
            recent=[_fresh(reach, one) for one in reach.recent],
            actor=actor,
        )
    else:
        imposed = None
    hazards = ruling.grounds if isinstance(ruling, Case) else ruling.hazards
    lineage.spread_block(
        asset,
        [_fresh(reach, one) for one in reach.descendants],
        hazards=hazards,
        severity=max(map(urgency, hazards), default=urgency(UNKNOWN)),
    )
    return imposed


def carry_out_release(
    plan: Plan, reach: Reach, *, voided_by: UUID | None, actor: Actor, reason: str
) -> None:
    """Do what was foreseen of a release, or of a strike that does not stand."""
    void_strikes(plan.void, voided_by=voided_by, actor=actor, reason=reason)
    for restriction in plan.lift:
        restrictions.end(
            restriction,
            because=Restriction.Ended.LIFTED,
            ended_by=None,
            reason="the strikes that it rested on do not stand",
            actor=GATE,
            assets=reach.assets,
        )
    if reach.ending is not None:
        lineage.end_spread(reach.ending, {one: _fresh(reach, one) for one in reach.descendants})


def _impose(plan: Plan, due: RestrictionTerms, reach: Reach, strike: Strike) -> None:
    restrictions.end_expired_of(plan.expired)
    restrictions.impose(
        restrictions.Terms(
            kind=due.kind,
            author_id=strike.author_id,
            organisation_id=None,
            until=None if due.lasts is None else now() + due.lasts,
            reason=f"{plan.points} points",
            points=due.at,
        ),
        strikes=standing_strikes(strike.author_id),
        recent=[_fresh(reach, one) for one in reach.recent],
        actor=GATE,
    )


def _foresee_void(author_id: UUID, strikes: Sequence[Strike]) -> Plan:
    gone = {strike.pk for strike in strikes}
    lift = [
        restriction
        for restriction in restrictions.open_restrictions(author_id)
        if gone and restriction.points is not None and _falls(restriction, gone)
    ]
    return Plan(void=tuple(strikes), lift=tuple(lift))


def _falls(restriction: Restriction, gone: set[UUID]) -> bool:
    """Whether a restriction was due for points that do not stand: what decayed since stands."""
    strikes = list(restriction.strikes.all())
    left = sum(
        strike.points for strike in strikes if strike.voided_at is None and strike.pk not in gone
    )
    return any(strike.pk in gone for strike in strikes) and left < (restriction.points or 0)


def _lock_chains(plan: Plan, asset: Asset | None, assets: dict[UUID, Asset]) -> None:
    organisations = {one.organisation_id for one in assets.values()} | plan.organisations
    organisations |= {strike.organisation_id for strike in plan.void}
    if asset is not None:
        organisations.add(asset.organisation_id)
    chains = {f"organisation:{one}" for one in organisations}
    chains |= {restrictions.chain_of(one.organisation_id) for one in (*plan.lift, *plan.expired)}
    if plan.due is not None or plan.by_hand is not None:
        chains.add(restrictions.PLATFORM)
    lock_chains(chains)


def _fresh(reach: Reach, asset_id: UUID) -> Asset:
    """Return a locked asset as this transaction left it: one may be reached for two reasons."""
    asset = reach.assets[asset_id]
    asset.refresh_from_db(fields=["visibility", "visibility_version"])
    return asset
