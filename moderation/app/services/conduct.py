"""What staff do about people: restrict them, lift that, void their strikes."""

from uuid import UUID

from django.db import transaction

from moderation.app.models import Restriction, Strike
from moderation.app.roles import require_restricter
from moderation.app.services import restrictions, rulings
from moderation.app.services.authors import lock_author
from moderation.app.services.holds import lock_assets
from moderation.app.services.reasons import kept_reason
from tidegate.accounts.models import User
from tidegate.accounts.viewers import Viewer
from tidegate.audit.services import lock_chains
from tidegate.contracts.ports import makers
from tidegate.primitives.clock import now
from tidegate.primitives.errors import Conflict, InvalidInput, NotAllowed, NotFound


@transaction.atomic
def impose_restriction(
    *,
    viewer: Viewer,
    author_id: UUID,
    kind: str,
    reason: str,
    organisation_id: UUID | None = None,
    hours: int | None = None,
) -> Restriction:
    """Restrict somebody by hand, everywhere or in one organisation.

    Without `hours` it lasts as long as one that points lead to. What they wait for is cancelled
    and their recent outputs are held, here and now.

    Raises:
        NotAllowed: not senior staff, oneself, or a key and not its own organisation.
        NotFound: there is no such person.
        InvalidInput: unknown kind, impossible hours, no reason.
        Conflict: this restriction is in force already.
    """
    user_id = require_restricter(viewer)
    words, until = (
        kept_reason(reason, missing="This needs a reason."),
        restrictions.lasting_until(_kind(kind), hours),
    )
    if viewer.organisation_id not in {None, organisation_id}:
        raise NotAllowed("A key restricts in its own organisation.", code="staff_scope")
    _refuse_self(user_id, author_id)
    if not User.objects.filter(pk=author_id).exists():
        raise NotFound("There is no such person.", code="user_not_found")
    lock_author(author_id)
    opened = [
        one
        for one in restrictions.open_restrictions(author_id)
        if one.kind == kind and one.organisation_id == organisation_id
    ]
    if any(one.is_in_force(now()) for one in opened):
        raise Conflict("This restriction is in force already.", code="restriction_in_force")
    terms = restrictions.Terms(
        kind=kind,
        author_id=author_id,
        organisation_id=organisation_id,
        until=until,
        reason=words,
        imposed_by=user_id,
    )
    concerned = makers().lock(author_id=author_id, organisation_id=organisation_id)
    recent = lock_assets(restrictions.recent_outputs(author_id, organisation_id))
    organisations = {asset.organisation_id for asset in recent.values()} | concerned
    lock_chains({terms.chain, *(f"organisation:{one}" for one in organisations)})
    restrictions.end_expired_of(opened)
    return restrictions.impose(
        terms, strikes=(), recent=list(recent.values()), actor=viewer.actor()
    )


@transaction.atomic
def lift_restriction(*, viewer: Viewer, restriction_id: UUID, reason: str) -> Restriction:
    """End a restriction before its time; what it alone held and nobody decided is released again.

    Jobs that it cancelled stay cancelled. Lifting what has ended changes nothing.

    Raises:
        NotAllowed: not senior staff, or it is the viewer's own.
        NotFound: no such restriction, or (for a key) not of its organisation.
        InvalidInput: no reason.
    """
    user_id, words = require_restricter(viewer), kept_reason(reason, missing="This needs a reason.")
    restriction = _visible_restriction(viewer, restriction_id)
    _refuse_self(user_id, restriction.author_id)
    lock_author(restriction.author_id)
    restriction.refresh_from_db()
    if restriction.ended_at is not None:
        return restriction
    assets = lock_assets(hold.asset_id for hold in restrictions.held_for([restriction]))
    chains = {f"organisation:{asset.organisation_id}" for asset in assets.values()}
    lock_chains({restrictions.chain_of(restriction.organisation_id), *chains})
    restrictions.end(
        restriction,
        because=Restriction.Ended.LIFTED,
        ended_by=user_id,
        reason=words,
        actor=viewer.actor(),
        assets=assets,
    )
    return restriction


@transaction.atomic
def void_strike(*, viewer: Viewer, strike_id: UUID, reason: str) -> Strike:
    """Take a strike's points back; a restriction that rested on them is lifted with it.

    The ruling stands: releasing the output is for its case. Voiding twice changes nothing.

    Raises:
        NotAllowed, NotFound, InvalidInput: as `lift_restriction`.
    """
    user_id, words = require_restricter(viewer), kept_reason(reason, missing="This needs a reason.")
    found = Strike.objects.filter(pk=strike_id)
    if viewer.organisation_id is not None:
        found = found.filter(organisation_id=viewer.organisation_id)
    strike = found.first()
    if strike is None:
        raise NotFound("There is no such strike.", code="strike_not_found")
    _refuse_self(user_id, strike.author_id)
    lock_author(strike.author_id)
    strike.refresh_from_db()
    plan = rulings.foresee_void(strike)
    reach = rulings.reach_release(plan, None)
    rulings.carry_out_release(plan, reach, voided_by=user_id, actor=viewer.actor(), reason=words)
    return strike


def end_expired() -> int:
    """End the restrictions whose time is over, each in a transaction of its own; return how many.

    They are out of force before: this writes it down, and clears the way for another.
    """
    over = Restriction.objects.filter(ended_at=None, until__lte=now()).order_by("until")
    ended = 0
    for restriction_id, author_id in list(over.values_list("pk", "author_id")):
        with transaction.atomic():
            lock_author(author_id)
            restriction = Restriction.objects.get(pk=restriction_id)
            if restriction.ended_at is None:
                restrictions.end_expired_of([restriction])
                ended += 1
    return ended


def _visible_restriction(viewer: Viewer, restriction_id: UUID) -> Restriction:
    found = Restriction.objects.filter(pk=restriction_id)
    if viewer.organisation_id is not None:
        found = found.filter(organisation_id=viewer.organisation_id)
    restriction = found.first()
    if restriction is None:
        raise NotFound("There is no such restriction.", code="restriction_not_found")
    return restriction


def _refuse_self(user_id: UUID, author_id: UUID) -> None:
    if user_id == author_id:
        raise NotAllowed("Nobody rules on themselves.", code="own_standing")


def _kind(kind: str) -> Restriction.Kind:
    try:
        return Restriction.Kind(kind)
    except ValueError:
        raise InvalidInput(
            "There is no such restriction.", code="unknown_kind", pointer="/kind"
        ) from None
