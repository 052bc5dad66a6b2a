"""Writes of takedown notices: somebody outside demands that an output goes."""

from uuid import UUID

from django.db import transaction

from moderation.app.configuration import consequences
from moderation.app.models import Case, Hold, TakedownNotice
from moderation.app.public_reasons import public_reasons
from moderation.app.roles import require_decider
from moderation.app.services.case_effects import lock_undecided, open_case
from moderation.app.services.clocks import tighten
from moderation.app.services.reasons import kept_reason
from moderation.app.services.statements import state_hold
from moderation.core.dsa import Automation, Source
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset, Visibility
from tidegate.assets.services import move_asset
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.contracts.moderation import NoticeRecorded
from tidegate.events.services import announce
from tidegate.primitives.clock import now
from tidegate.primitives.errors import Conflict, InvalidInput, NotFound

_SEVERITY = 70
_LONGEST_NAME = 200


@transaction.atomic
def record_notice(
    *,
    viewer: Viewer,
    asset_id: UUID,
    claimant: str,
    basis: str,
    reason: str,
    reference: str = "",
) -> TakedownNotice:
    """Record a notice and put its asset before a person; on grounds that are named, hold it.

    About what is blocked already it is only recorded. The same claimant's same words about the
    same asset are one notice.

    Raises:
        NotAllowed: not review staff.
        NotFound: no such asset, or (for a key) not of its organisation.
        InvalidInput: unknown basis, no claimant, no reason.
        Conflict: the asset is being checked at this moment.
    """
    user_id = require_decider(viewer)
    words = kept_reason(reason, missing="This needs a reason.")
    name, number = claimant.strip(), reference.strip()
    if not 1 <= len(name) <= _LONGEST_NAME or "\0" in name:
        raise InvalidInput("Say who claims it.", code="claimant_invalid", pointer="/claimant")
    if len(number) > _LONGEST_NAME or "\0" in number:
        raise InvalidInput(
            "A reference is shorter.", code="reference_invalid", pointer="/reference"
        )
    if basis not in TakedownNotice.Basis.values:
        raise InvalidInput("There is no such basis.", code="unknown_basis", pointer="/basis")
    asset = Asset.objects.select_for_update(no_key=True).filter(pk=asset_id).first()
    if asset is None or viewer.organisation_id not in {None, asset.organisation_id}:
        raise NotFound("There is no such asset.", code="asset_not_found")
    if asset.visibility == Visibility.PENDING:
        raise Conflict("This is being checked; try again in a moment.", code="asset_pending")
    given = {"asset": asset, "claimant": name, "basis": basis, "reference": number}
    known = TakedownNotice.objects.filter(**given, reason=words).first()
    if known is not None:
        return known
    notice = TakedownNotice(
        **given,
        organisation_id=asset.organisation_id,
        reason=words,
        recorded_by_id=user_id,
    )
    if asset.visibility != Visibility.BLOCKED:
        notice.case = _case_of(asset, viewer)
        tighten(notice.case, [f"case.{Case.Because.NOTICE}", f"notice.{basis}"])
        notice.held_at_once = (
            basis in consequences().notices_hold_at_once and asset.visibility == Visibility.RELEASED
        )
    notice.save(force_insert=True)
    # Whatever else held it may end: the claim does not end with it.
    Hold.objects.filter(asset=asset, ended_at=None).update(
        ended_at=now(), ended_because=Hold.Ended.REPORTED
    )
    if notice.held_at_once:
        move_asset(
            asset_id=asset.pk,
            to=Visibility.HELD,
            actor=viewer.actor(),
            reason=f"takedown notice: {basis}",
            reasons=[{"hazard": "", "rule": "notice"}],
            public_reasons=[one.as_json() for one in public_reasons(["notice"])],
        )
        state_hold(
            asset,
            notice.case,
            because="notice",
            source=Source.NOTICE,
            automation=Automation.PARTIAL,
            notice=notice,
            actor=viewer.actor(),
        )
    announce(
        NoticeRecorded(
            notice_id=notice.pk,
            asset_id=asset.pk,
            organisation_id=asset.organisation_id,
            basis=basis,
            held_at_once=notice.held_at_once,
        ),
        correlation_id=asset.correlation_id,
    )
    record(
        Action.NOTICE_RECORDED,
        chain=f"organisation:{asset.organisation_id}",
        actor=viewer.actor(),
        subject_type="moderation.takedown_notice",
        subject_id=str(notice.pk),
        before=None,
        after={
            "asset": str(asset.pk),
            "case": str(notice.case_id or ""),
            "claimant": name,
            "basis": basis,
            "reference": number,
            "held_at_once": notice.held_at_once,
        },
        reason=words,
        correlation_id=asset.correlation_id,
    )
    return notice


def _case_of(asset: Asset, viewer: Viewer) -> Case:
    case = lock_undecided(asset)
    if case is None:
        return open_case(
            asset=asset,
            because=Case.Because.NOTICE,
            severity=_SEVERITY,
            hazards=(),
            verdict=None,
            actor=viewer.actor(),
            correlation_id=asset.correlation_id,
        )
    case.severity = max(case.severity, _SEVERITY)
    case.save(update_fields=["severity"])
    return case
