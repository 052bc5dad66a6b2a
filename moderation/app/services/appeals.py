"""Writes of appeals: another person than the first looks again, in a case of its own."""

from functools import partial
from typing import Literal, cast
from uuid import UUID

from django.db import transaction

from moderation.app.models import Appeal, Case, Verdict
from moderation.app.selectors.appeals import Decision, appeal_standing
from moderation.app.services.case_effects import lock_undecided, open_case
from moderation.app.services.clocks import tighten
from moderation.app.services.reasons import kept_reason
from moderation.core.hazards import UNKNOWN, urgency
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset
from tidegate.assets.selectors import visible_to
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.contracts.moderation import AppealMade
from tidegate.events.services import announce
from tidegate.primitives.errors import Conflict, NotAllowed, NotFound

_REFUSALS = {
    "nothing_to_appeal": partial(
        Conflict,
        "Nothing was decided against you here that still stands.",
        code="nothing_to_appeal",
    ),
    "appeal_made": partial(Conflict, "You have appealed against this already.", code="appeal_made"),
    "appeal_final": partial(
        Conflict, "This was decided on an appeal, which is final.", code="appeal_final"
    ),
    "appeal_late": partial(
        Conflict, "The time to appeal against this is over.", code="appeal_late"
    ),
}


@transaction.atomic
def make_appeal(*, viewer: Viewer, asset_id: UUID, words: str) -> Appeal:
    """Appeal against the newest decision about an asset; the same words again change nothing.

    Its author may appeal against a block, by a person or by the gate, and whoever reported it
    against a release. A case opens that the one who decided can neither claim nor decide; one that
    is open already answers the appeal too. Till then the decision stands.

    Raises:
        NotAllowed: nobody has signed in.
        NotFound: no such asset, or the viewer may not see it.
        InvalidInput: no words, or too many.
        Conflict: see `selectors.AppealStanding`; the error's code is the refusal.
    """
    if viewer.user_id is None:
        raise NotAllowed("Sign in to appeal.", code="sign_in_first")
    kept = kept_reason(words, missing="Say why the decision is wrong.")
    if not visible_to(viewer).filter(pk=asset_id).exists():
        raise NotFound("There is no such asset, or you may not see it.", code="asset_not_found")
    asset = Asset.objects.select_for_update(no_key=True).get(pk=asset_id)
    standing = appeal_standing(asset, viewer.user_id)
    made, decision = standing.appeal, standing.decision
    if standing.refusal == "appeal_made" and made is not None and made.words == kept:
        return made
    if standing.refusal or decision is None:
        refusal = _REFUSALS[standing.refusal]()
        raise refusal
    appeal = Appeal(
        asset=asset,
        case=decision.case,
        verdict=decision.verdict,
        party=decision.party,
        appellant_id=viewer.user_id,
        words=kept,
        answer=_case_for(asset, decision, viewer),
    )
    appeal.save(force_insert=True)
    announce(
        AppealMade(
            appeal_id=appeal.pk,
            asset_id=asset.pk,
            organisation_id=asset.organisation_id,
            appellant_id=viewer.user_id,
            party=cast("Literal['author', 'reporter']", str(appeal.party)),
            case_id=appeal.answer_id,
        ),
        correlation_id=asset.correlation_id,
    )
    record(
        Action.APPEAL_MADE,
        chain=f"organisation:{asset.organisation_id}",
        actor=viewer.actor(),
        subject_type="moderation.appeal",
        subject_id=str(appeal.pk),
        before=None,
        after={
            "asset": str(asset.pk),
            "party": str(appeal.party),
            "against": str(appeal.case_id or appeal.verdict_id),
            "case": str(appeal.answer_id),
        },
        reason=kept,
        correlation_id=asset.correlation_id,
    )
    return appeal


def _case_for(asset: Asset, decision: Decision, viewer: Viewer) -> Case:
    """Return the case that answers: the open one, or a new one, not by who decided before."""
    hazards = _hazards(decision)
    severity = max(map(urgency, hazards), default=urgency(UNKNOWN))
    case = lock_undecided(asset)
    if case is None:
        return open_case(
            asset=asset,
            because=Case.Because.APPEAL,
            severity=severity,
            hazards=hazards,
            verdict=_verdict_of(asset, decision),
            actor=viewer.actor(),
            correlation_id=asset.correlation_id,
            not_by=decision.decided_by,
        )
    if decision.decided_by is not None:
        case.not_by_id = decision.decided_by
        if case.claimed_by_id == decision.decided_by:
            if case.state == Case.State.CLAIMED:
                case.move_to(Case.State.OPEN)
            case.claimed_by_id, case.lease_expires_at = None, None
    case.severity = max(case.severity, severity)
    case.save(update_fields=["not_by", "state", "claimed_by", "lease_expires_at", "severity"])
    tighten(case, [f"case.{Case.Because.APPEAL}"])
    return case


def _hazards(decision: Decision) -> list[str]:
    ruling = decision.case or decision.verdict
    return [] if ruling is None else list(ruling.hazards)


def _verdict_of(asset: Asset, decision: Decision) -> Verdict | None:
    if decision.verdict is not None:
        return decision.verdict
    return Verdict.objects.filter(asset=asset, superseded_by=None).order_by("-created_at").first()
