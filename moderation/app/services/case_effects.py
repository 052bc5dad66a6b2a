"""Opening and closing a case about a locked asset, inside the caller's transaction."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, cast
from uuid import UUID

from moderation.app.configuration import clocks
from moderation.app.models import Appeal, Case, Hold, Report, Verdict
from moderation.app.public_reasons import GENERAL, public_reasons
from moderation.app.services.letters import tell_appellant, tell_reporters
from moderation.app.services.routing import place
from moderation.app.services.statements import end_statements, state_block
from tidegate.assets.models import Asset, Visibility
from tidegate.assets.services import move_asset
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.contracts.moderation import AppealDecided, CaseDecided, CaseOpened
from tidegate.events.services import announce
from tidegate.primitives.actor import Actor
from tidegate.primitives.clock import now
from tidegate.primitives.errors import InvalidMove

GATE: Final = Actor.system("moderation")
_GOING_ON: Final = (
    "due_at",
    "due_under",
    "late_at",
    "escalated_at",
    "desk",
    "proposed_by_id",
    "report_count",
    "report_weight",
)
# The moves that bring an asset to where a ruling wants it. An asset that its owner withdrew
# stays withdrawn after a release, but a block reaches it: the owner could restore it otherwise.
STEPS: Final[Mapping[tuple[str, str], tuple[Visibility, ...]]] = {
    (Case.Ruling.RELEASE, Visibility.HELD): (Visibility.RELEASED,),
    (Case.Ruling.RELEASE, Visibility.RELEASED): (),
    (Case.Ruling.RELEASE, Visibility.WITHDRAWN): (),
    (Case.Ruling.RELEASE, Visibility.BLOCKED): (Visibility.RELEASED,),
    (Case.Ruling.BLOCK, Visibility.HELD): (Visibility.BLOCKED,),
    (Case.Ruling.BLOCK, Visibility.RELEASED): (Visibility.HELD, Visibility.BLOCKED),
    (Case.Ruling.BLOCK, Visibility.WITHDRAWN): (Visibility.BLOCKED,),
    (Case.Ruling.BLOCK, Visibility.BLOCKED): (),
}


def open_case(
    *,
    asset: Asset,
    because: Case.Because,
    severity: int,
    hazards: Sequence[str],
    verdict: Verdict | None,
    actor: Actor,
    correlation_id: UUID,
    not_by: UUID | None = None,
    proposed_by: UUID | None = None,
    desk: Case.Desk = Case.Desk.FIRST,
    like: Case | None = None,
) -> Case:
    """Open a case about a locked asset, inside the caller's transaction.

    Neither `not_by` nor `proposed_by` can decide it. With `like` it goes on where that one stood:
    its clock does not begin anew. The newest decided case becomes its `previous`: a case that is
    looked at again is a new row, so no decision is ever overwritten.
    """
    clock = clocks().started_by([f"case.{because}"])
    case = Case(
        asset=asset,
        organisation_id=asset.organisation_id,
        verdict=verdict,
        due_at=None if clock is None else now() + clock.lasts,
        due_under="" if clock is None else clock.name,
        previous=Case.objects.filter(asset=asset, reopened_as=None)
        .order_by("-created_at", "-id")
        .first(),
        because=because,
        severity=severity,
        hazards=list(hazards),
        not_by_id=not_by,
        proposed_by_id=proposed_by,
        desk=desk,
    )
    if like is not None:
        for name in _GOING_ON:
            setattr(case, name, getattr(like, name))
    place(case, asset)
    case.save(force_insert=True)
    announce(
        CaseOpened(
            case_id=case.pk,
            asset_id=asset.pk,
            organisation_id=asset.organisation_id,
            because=case.because,
        ),
        correlation_id=correlation_id,
    )
    record_case(
        Action.CASE_OPENED,
        case,
        actor=actor,
        before=None,
        reason=case.because,
        correlation_id=correlation_id,
    )
    return case


def lock_undecided(asset: Asset) -> Case | None:
    """Return the one case about a locked asset that nobody has decided, locked; or None."""
    undecided = Case.objects.exclude(state=Case.State.DECIDED)
    return undecided.select_for_update(no_key=True).filter(asset=asset).first()


def let_go(case: Case, *, actor: Actor, correlation_id: UUID) -> None:
    """Give a locked case that somebody claimed back to the queue, in the caller's transaction."""
    before = picture(case)
    case.move_to(Case.State.OPEN)
    case.claimed_by = None
    case.lease_expires_at = None
    case.save(update_fields=["state", "claimed_by", "lease_expires_at"])
    record_case(
        Action.CASE_CLAIM_RELEASED, case, actor=actor, before=before, correlation_id=correlation_id
    )


def close_case(
    *,
    asset: Asset,
    case: Case,
    ruling: Case.Ruling,
    reason: str,
    decided_by: UUID | None,
    actor: Actor,
    ruled_on: Sequence[str] = (),
) -> Case:
    """Apply a ruling to a locked asset and case, inside the caller's transaction.

    `decided_by` is None only when the platform closes a case that it opened for an outage.
    `ruled_on` are the hazards that the ruling is about; those of the case where none are given.
    """
    before = picture(case)
    case.move_to(Case.State.DECIDED)
    case.outcome = ruling
    case.ruled_on = list(ruled_on)
    case.reason = reason
    case.decided_at = now()
    case.decided_by_id = decided_by
    case.decided_by_system = decided_by is None
    case.lease_expires_at = None
    case.save(
        update_fields=[
            "state",
            "outcome",
            "ruled_on",
            "reason",
            "decided_at",
            "decided_by",
            "decided_by_system",
            "lease_expires_at",
        ]
    )
    Hold.objects.filter(asset=asset, ended_at=None).update(
        ended_at=case.decided_at, ended_because=Hold.Ended.DECIDED
    )
    if decided_by is not None:
        _tell_reports(case.pk, ruling)
        tell_reporters(case.pk, ruling)
    _move(asset, case, ruling, actor=actor)
    _answer_appeals(case, ruling, actor=actor, correlation_id=asset.correlation_id)
    announce(
        CaseDecided(
            case_id=case.pk,
            asset_id=asset.pk,
            organisation_id=asset.organisation_id,
            outcome="release" if ruling == Case.Ruling.RELEASE else "block",
        ),
        correlation_id=asset.correlation_id,
    )
    record_case(
        Action.CASE_DECIDED,
        case,
        actor=actor,
        before=before,
        reason=reason,
        correlation_id=asset.correlation_id,
    )
    return case


def picture(case: Case) -> dict[str, Any]:
    """Return what the trail keeps of a case."""
    return {
        "state": str(case.state),
        "because": str(case.because),
        "severity": case.severity,
        "claimed_by": str(case.claimed_by_id or ""),
        "desk": str(case.desk),
        "outcome": str(case.outcome),
    }


def record_case(
    action: Action,
    case: Case,
    *,
    actor: Actor,
    before: Mapping[str, Any] | None,
    correlation_id: UUID,
    reason: str = "",
) -> None:
    """Append a change of a case to its organisation's chain."""
    record(
        action,
        chain=f"organisation:{case.organisation_id}",
        actor=actor,
        subject_type="moderation.case",
        subject_id=str(case.pk),
        before=before,
        after=picture(case),
        reason=reason,
        correlation_id=correlation_id,
        # What is said about it may be about who made it.
        person=case.asset.owner_id,
    )


def _tell_reports(case_id: UUID, ruling: Case.Ruling) -> None:
    """Write into the reports whether they were right: their reporters' record is made of it."""
    is_upheld = ruling == Case.Ruling.BLOCK
    Report.objects.filter(case_id=case_id).update(
        outcome=Report.Outcome.UPHELD if is_upheld else Report.Outcome.REJECTED
    )


def _answer_appeals(case: Case, ruling: Case.Ruling, *, actor: Actor, correlation_id: UUID) -> None:
    """Say of the appeals that a case answers whether what they are against stands."""
    wanted = {
        Appeal.Party.AUTHOR: Case.Ruling.RELEASE,
        Appeal.Party.REPORTER: Case.Ruling.BLOCK,
    }
    for appeal in Appeal.objects.filter(answer=case, state=Appeal.State.OPEN).order_by("pk"):
        is_overturned = ruling == wanted[Appeal.Party(appeal.party)]
        appeal.state = Appeal.State.OVERTURNED if is_overturned else Appeal.State.UPHELD
        appeal.closed_at = case.decided_at
        appeal.save(update_fields=["state", "closed_at"])
        if is_overturned and appeal.case_id is not None:
            # What reporters said then was right, or was not, after all: their record is made of it.
            _tell_reports(appeal.case_id, ruling)
            tell_reporters(appeal.case_id, ruling, besides=appeal.appellant_id)
        tell_appellant(appeal)
        announce(
            AppealDecided(
                appeal_id=appeal.pk,
                asset_id=case.asset_id,
                organisation_id=case.organisation_id,
                appellant_id=appeal.appellant_id,
                party=cast("Literal['author', 'reporter']", appeal.party),
                outcome="overturned" if is_overturned else "upheld",
            ),
            correlation_id=correlation_id,
        )
        record(
            Action.APPEAL_DECIDED,
            chain=f"organisation:{case.organisation_id}",
            actor=actor,
            subject_type="moderation.appeal",
            subject_id=str(appeal.pk),
            before={"state": str(Appeal.State.OPEN)},
            after={"state": str(appeal.state), "case": str(case.pk)},
            correlation_id=correlation_id,
        )


def _move(asset: Asset, case: Case, ruling: Case.Ruling, *, actor: Actor) -> None:
    try:
        steps = STEPS[ruling, asset.visibility]
    except KeyError:
        raise InvalidMove(
            f"a case cannot {ruling} an asset that is {asset.visibility}",
            code="asset_move_not_allowed",
        ) from None
    is_block, was = ruling == Case.Ruling.BLOCK, asset.visibility
    told = [reason.as_json() for reason in public_reasons(case.grounds or [GENERAL])]
    for step in steps:
        move_asset(
            asset_id=asset.pk,
            to=step,
            actor=actor,
            reason=case.reason,
            reasons=None if is_block else [],
            public_reasons=told if is_block else [],
        )
    if not is_block:
        # Who appealed hears it in the answer.
        own = Appeal.objects.filter(answer=case, state=Appeal.State.OPEN, party=Appeal.Party.AUTHOR)
        end_statements(asset, tell=not own.exists())
    elif steps:
        state_block(asset, case, was=was, actor=actor)
