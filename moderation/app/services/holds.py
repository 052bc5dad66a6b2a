"""What is held for its author's restriction or for its ancestor, and how that is undone.

Inside the caller's transaction, with the assets locked in the order of their ids and every chain
locked that is written to.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from moderation.app.models import Case, Hold, Restriction, Spread, Verdict
from moderation.app.public_reasons import public_reasons
from moderation.app.services.case_effects import GATE, close_case, lock_undecided, open_case
from moderation.app.services.statements import end_statements, state_hold
from moderation.core.hazards import UNKNOWN, urgency
from tidegate.assets.lineage import are_the_same
from tidegate.assets.models import Asset, Visibility
from tidegate.assets.services import move_asset
from tidegate.primitives.clock import now

OWN: Final = (Case.Because.LINEAGE, Case.Because.DUPLICATE, Case.Because.RESTRICTION)
_IN_WORDS: Final = {
    Case.Because.LINEAGE: "what it was made from was blocked",
    Case.Because.DUPLICATE: "the same was blocked",
    Case.Because.RESTRICTION: "its author is under review",
}
_RULES: Final = {
    Case.Because.LINEAGE: "lineage",
    Case.Because.DUPLICATE: "duplicate",
    Case.Because.RESTRICTION: "author_review",
}


def lock_assets(ids: Iterable[UUID]) -> dict[UUID, Asset]:
    """Lock assets in the order that everybody keeps, and return them as they are then."""
    locked = Asset.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=list(ids))
    return {asset.pk: asset for asset in locked.order_by("pk")}


def because_of(cause: Restriction | Spread) -> Case.Because:
    """Return what a case says about a cause."""
    return Case.Because.LINEAGE if isinstance(cause, Spread) else Case.Because.RESTRICTION


def staff_reason(because: Case.Because, detail: str) -> dict[str, object]:
    """Return the reason as staff read it beside those of the policy."""
    return {
        "surface": "",
        "hazard": "",
        "score": None,
        "threshold": None,
        "rule": _RULES[because],
        "detector": "",
        "verdict": "hold",
        "detail": detail,
    }


def hold_asset(asset: Asset, cause: Restriction | Spread) -> Hold | None:
    """Hold a locked asset and open a case about it, or join the case that it is held for.

    None where there is nothing to hold: it is not released, and what it is held for already is a
    question of its own.
    """
    case = lock_undecided(asset)
    if asset.visibility == Visibility.HELD and case is not None:
        if not open_holds(asset.pk).exists():
            return None
    elif asset.visibility != Visibility.RELEASED:
        return None
    else:
        because = because_of(cause)
        if isinstance(cause, Spread) and are_the_same(asset.pk, cause.source_id):
            because = Case.Because.DUPLICATE
        case = case or open_for(asset, cause, because=because)
        asset = move_held(asset, because)
        if isinstance(cause, Spread):
            # A restriction is explained once, not for each output that it holds back.
            state_hold(asset, case, because=_RULES[because], actor=GATE)
    return note_hold(asset, case, cause)


def open_for(
    asset: Asset,
    cause: Restriction | Spread,
    *,
    verdict: Verdict | None = None,
    because: Case.Because | None = None,
) -> Case:
    """Open the case of an asset that is held for a cause."""
    return open_case(
        asset=asset,
        because=because or because_of(cause),
        severity=cause.severity if isinstance(cause, Spread) else urgency(UNKNOWN),
        hazards=cause.hazards if isinstance(cause, Spread) else (),
        verdict=verdict,
        actor=GATE,
        correlation_id=asset.correlation_id,
    )


def move_held(asset: Asset, because: Case.Because) -> Asset:
    """Move an asset to where others do not see it, and say why."""
    return move_asset(
        asset_id=asset.pk,
        to=Visibility.HELD,
        actor=GATE,
        reason=_IN_WORDS[because],
        reasons=[{"hazard": "", "rule": _RULES[because]}],
        public_reasons=[reason.as_json() for reason in public_reasons([_RULES[because]])],
    )


def note_hold(asset: Asset, case: Case, cause: Restriction | Spread) -> Hold:
    """Remember that the asset, held as it is now, would be released but for this cause."""
    name = "spread" if isinstance(cause, Spread) else "restriction"
    hold, _ = Hold.objects.get_or_create(
        asset=asset,
        **{name: cause},
        defaults={"case": case, "version": asset.visibility_version},
    )
    return hold


def open_holds(asset_id: UUID) -> QuerySet[Hold]:
    """Return the causes that an asset is held for at present."""
    return Hold.objects.filter(asset_id=asset_id, ended_at=None)


def undo_holds(holds: Sequence[Hold], assets: Mapping[UUID, Asset], *, reason: str) -> int:
    """End holds whose cause is gone, and release again what nothing else speaks against.

    That is: no other cause holds it, nobody moved it since, and no person decided. A case that was
    opened for it only is closed in the platform's name; one that people reported stays open.
    Returns how many were released.
    """
    released = 0
    for hold in holds:
        hold.ended_at, hold.ended_because = now(), Hold.Ended.UNDONE
        hold.save(update_fields=["ended_at", "ended_because"])
        asset = assets[hold.asset_id]
        if open_holds(asset.pk).exists():
            continue
        if (asset.visibility, asset.visibility_version) != (Visibility.HELD, hold.version):
            continue
        released += _release(asset, hold, reason)
    return released


def _release(asset: Asset, hold: Hold, reason: str) -> bool:
    case = Case.objects.select_for_update(no_key=True).get(pk=hold.case_id)
    if case.state == Case.State.DECIDED:
        return False
    if case.because in OWN and not case.report_count and not case.notices.exists():
        close_case(
            asset=asset,
            case=case,
            ruling=Case.Ruling.RELEASE,
            reason=reason,
            decided_by=None,
            actor=GATE,
        )
    else:
        move_asset(
            asset_id=asset.pk,
            to=Visibility.RELEASED,
            actor=GATE,
            reason=reason,
            reasons=[],
            public_reasons=[],
        )
        end_statements(asset, tell=True)
    return True
