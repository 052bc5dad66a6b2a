"""Reads of appeals: what somebody may appeal against, and how their appeals stand."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from moderation.app.configuration import configuration
from moderation.app.models import Appeal, Case, Outcome, Report, Verdict
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset, Visibility
from tidegate.primitives.clock import now
from tidegate.primitives.errors import NotAllowed


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision that went against somebody: a person's (`case`) or the gate's own (`verdict`)."""

    party: Appeal.Party
    decided_at: datetime
    case: Case | None = None
    verdict: Verdict | None = None

    @property
    def until(self) -> datetime:
        """The end of the time in which it can be appealed against."""
        return self.decided_at + timedelta(days=configuration().appeal_days)

    @property
    def decided_by(self) -> UUID | None:
        """Who decided; None for the platform."""
        return None if self.case is None else self.case.decided_by_id


@dataclass(frozen=True, slots=True)
class AppealStanding:
    """Whether somebody may appeal about an asset, and their newest appeal about it.

    `refusal` is empty where they may: `nothing_to_appeal`, `appeal_made`, `appeal_final` (it was
    decided on an appeal of the same party) or `appeal_late`.
    """

    decision: Decision | None
    appeal: Appeal | None
    refusal: str


def appeal_standing(asset: Asset, user_id: UUID | None) -> AppealStanding:
    """Return how somebody stands to the newest decision about an asset that they may see."""
    if user_id is None:
        return AppealStanding(None, None, "nothing_to_appeal")
    newest = (
        Appeal.objects.select_related("answer")
        .filter(asset=asset, appellant_id=user_id)
        .order_by("-created_at", "-id")
        .first()
    )
    decision = _decision(asset, user_id)
    return AppealStanding(decision, newest, _refusal(decision, newest))


def own_appeals(viewer: Viewer) -> QuerySet[Appeal]:
    """Return the viewer's appeals, newest first.

    Raises:
        NotAllowed: nobody has signed in.
    """
    if viewer.user_id is None:
        raise NotAllowed("Sign in to see your appeals.", code="sign_in_first")
    appeals = Appeal.objects.select_related("asset", "answer").filter(appellant_id=viewer.user_id)
    if viewer.organisation_id is not None:
        appeals = appeals.filter(asset__organisation_id=viewer.organisation_id)
    return appeals.order_by("-id")


def _decision(asset: Asset, user_id: UUID) -> Decision | None:
    """Return what went against this person; a decision that a newer one replaced is none."""
    ruled = (
        Case.objects.filter(asset=asset, state=Case.State.DECIDED)
        .order_by("-decided_at", "-id")
        .first()
    )
    if asset.owner_id == user_id:
        return _block(asset, ruled)
    if ruled is None or ruled.decided_at is None or ruled.outcome != Case.Ruling.RELEASE:
        return None
    rejected = Report.objects.filter(
        case=ruled, reporter_id=user_id, outcome=Report.Outcome.REJECTED
    )
    if not rejected.exists():
        return None
    return Decision(Appeal.Party.REPORTER, ruled.decided_at, case=ruled)


def _block(asset: Asset, ruled: Case | None) -> Decision | None:
    if asset.visibility != Visibility.BLOCKED:
        return None
    author = Appeal.Party.AUTHOR
    if ruled is not None and ruled.decided_at is not None and ruled.outcome == Case.Ruling.BLOCK:
        return Decision(author, ruled.decided_at, case=ruled)
    verdict = (
        Verdict.objects.filter(asset=asset, verdict=Outcome.BLOCK, superseded_by=None)
        .order_by("-created_at", "-id")
        .first()
    )
    return None if verdict is None else Decision(author, verdict.created_at, verdict=verdict)


def _refusal(decision: Decision | None, newest: Appeal | None) -> str:
    if decision is None:
        return "nothing_to_appeal"
    case, verdict = decision.case, decision.verdict
    if newest is not None:
        if case is not None and newest.case_id == case.pk:
            return "appeal_made"
        if verdict is not None and newest.verdict_id == verdict.pk:
            return "appeal_made"
    if case is not None and case.appeals.filter(party=decision.party).exists():
        return "appeal_final"
    return "appeal_late" if decision.until <= now() else ""
