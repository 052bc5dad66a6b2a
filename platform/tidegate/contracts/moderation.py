"""Events of moderation."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from tidegate.contracts.topics import Topic

PolicyStateName = Literal["draft", "shadow", "approved", "canary", "active", "retired"]
VerdictName = Literal["release", "hold", "block", "unavailable"]


@dataclass(frozen=True, slots=True)
class VerdictReached:
    """The gate judged an asset under one policy version."""

    TYPE: ClassVar[str] = "tidegate.verdict.reached.v1"
    TOPIC: ClassVar[Topic] = Topic.MODERATION

    verdict_id: UUID
    asset_id: UUID
    organisation_id: UUID
    verdict: VerdictName
    hazards: tuple[str, ...]
    policy_version: str

    def key(self) -> str:
        """Order per asset."""
        return str(self.asset_id)


@dataclass(frozen=True, slots=True)
class CaseOpened:
    """A person has to look at an asset."""

    TYPE: ClassVar[str] = "tidegate.case.opened.v1"
    TOPIC: ClassVar[Topic] = Topic.MODERATION

    case_id: UUID
    asset_id: UUID
    organisation_id: UUID
    because: str

    def key(self) -> str:
        """Order per asset."""
        return str(self.asset_id)


@dataclass(frozen=True, slots=True)
class CaseDecided:
    """A reviewer ruled."""

    TYPE: ClassVar[str] = "tidegate.case.decided.v1"
    TOPIC: ClassVar[Topic] = Topic.MODERATION

    case_id: UUID
    asset_id: UUID
    organisation_id: UUID
    outcome: Literal["release", "block"]

    def key(self) -> str:
        """Order per asset."""
        return str(self.asset_id)


@dataclass(frozen=True, slots=True)
class CaseReferred:
    """A case went to another desk; as a proposal where somebody there has to agree to `action`."""

    TYPE: ClassVar[str] = "tidegate.case.referred.v1"
    TOPIC: ClassVar[Topic] = Topic.MODERATION

    case_id: UUID
    asset_id: UUID
    organisation_id: UUID
    desk: Literal["senior", "legal"]
    action: str
    is_proposal: bool

    def key(self) -> str:
        """Order per asset."""
        return str(self.asset_id)


@dataclass(frozen=True, slots=True)
class DecisionReversed:
    """A person's decision was taken back; `case_id` is open again as `reopened_id`."""

    TYPE: ClassVar[str] = "tidegate.decision.reversed.v1"
    TOPIC: ClassVar[Topic] = Topic.MODERATION

    decision_id: UUID
    case_id: UUID
    reopened_id: UUID
    asset_id: UUID
    organisation_id: UUID
    action: str

    def key(self) -> str:
        """Order per asset."""
        return str(self.asset_id)


@dataclass(frozen=True, slots=True)
class PolicyMoved:
    """A policy version went on in its life; `version` is its SHA-256.

    `canary_share` is the part of the traffic (0..1) that it judges while it is a canary.
    """

    TYPE: ClassVar[str] = "tidegate.policy.moved.v1"
    TOPIC: ClassVar[Topic] = Topic.MODERATION

    policy_id: UUID
    version: str
    before: PolicyStateName
    after: PolicyStateName
    canary_share: float
    is_rolled_back: bool

    def key(self) -> str:
        """Order over all versions: one takes over from another."""
        return "policies"


@dataclass(frozen=True, slots=True)
class StrikeIssued:
    """A block gave its author points."""

    TYPE: ClassVar[str] = "tidegate.strike.issued.v1"
    TOPIC: ClassVar[Topic] = Topic.MODERATION

    strike_id: UUID
    author_id: UUID
    organisation_id: UUID
    asset_id: UUID
    hazard: str
    points: int
    expires_at: datetime

    def key(self) -> str:
        """Order per person."""
        return str(self.author_id)


@dataclass(frozen=True, slots=True)
class StrikeVoided:
    """A strike does not count any more, and should never have."""

    TYPE: ClassVar[str] = "tidegate.strike.voided.v1"
    TOPIC: ClassVar[Topic] = Topic.MODERATION

    strike_id: UUID
    author_id: UUID
    organisation_id: UUID

    def key(self) -> str:
        """Order per person."""
        return str(self.author_id)


RestrictionKind = Literal["cooldown", "no_public", "hold_all", "suspended"]


@dataclass(frozen=True, slots=True)
class RestrictionImposed:
    """Somebody may not do something for a while; without an organisation, nowhere."""

    TYPE: ClassVar[str] = "tidegate.restriction.imposed.v1"
    TOPIC: ClassVar[Topic] = Topic.MODERATION

    restriction_id: UUID
    author_id: UUID
    organisation_id: UUID | None
    kind: RestrictionKind
    until: datetime | None

    def key(self) -> str:
        """Order per person."""
        return str(self.author_id)


@dataclass(frozen=True, slots=True)
class RestrictionEnded:
    """A restriction is over: its time, or somebody lifted it."""

    TYPE: ClassVar[str] = "tidegate.restriction.ended.v1"
    TOPIC: ClassVar[Topic] = Topic.MODERATION

    restriction_id: UUID
    author_id: UUID
    organisation_id: UUID | None
    kind: RestrictionKind
    because: Literal["lifted", "expired"]

    def key(self) -> str:
        """Order per person."""
        return str(self.author_id)


@dataclass(frozen=True, slots=True)
class NoticeRecorded:
    """Somebody outside demands that an asset goes."""

    TYPE: ClassVar[str] = "tidegate.notice.recorded.v1"
    TOPIC: ClassVar[Topic] = Topic.MODERATION

    notice_id: UUID
    asset_id: UUID
    organisation_id: UUID
    basis: str
    held_at_once: bool

    def key(self) -> str:
        """Order per asset."""
        return str(self.asset_id)


@dataclass(frozen=True, slots=True)
class AppealMade:
    """An author or a reporter asks for another person's look at a decision."""

    TYPE: ClassVar[str] = "tidegate.appeal.made.v1"
    TOPIC: ClassVar[Topic] = Topic.MODERATION

    appeal_id: UUID
    asset_id: UUID
    organisation_id: UUID
    appellant_id: UUID
    party: Literal["author", "reporter"]
    case_id: UUID

    def key(self) -> str:
        """Order per asset."""
        return str(self.asset_id)


@dataclass(frozen=True, slots=True)
class StatementMade:
    """Somebody was told why their content or account is restricted, under a number to quote.

    Without `asset_id` it is about the person: without `organisation_id` too, everywhere.
    """

    TYPE: ClassVar[str] = "tidegate.statement.made.v1"
    TOPIC: ClassVar[Topic] = Topic.MODERATION

    statement_id: UUID
    reference: str
    recipient_id: UUID
    organisation_id: UUID | None
    asset_id: UUID | None
    measure: Literal["blocked", "held", "no_public", "hold_all", "cooldown", "suspended"]

    def key(self) -> str:
        """Order per asset, or per person."""
        return str(self.asset_id or self.recipient_id)


@dataclass(frozen=True, slots=True)
class AppealDecided:
    """Another person has looked: the decision stands (upheld) or does not (overturned)."""

    TYPE: ClassVar[str] = "tidegate.appeal.decided.v1"
    TOPIC: ClassVar[Topic] = Topic.MODERATION

    appeal_id: UUID
    asset_id: UUID
    organisation_id: UUID
    appellant_id: UUID
    party: Literal["author", "reporter"]
    outcome: Literal["upheld", "overturned"]

    def key(self) -> str:
        """Order per asset."""
        return str(self.asset_id)


@dataclass(frozen=True, slots=True)
class CaseLate:
    """Nobody has decided a case within the time that its clock gives."""

    TYPE: ClassVar[str] = "tidegate.case.late.v1"
    TOPIC: ClassVar[Topic] = Topic.MODERATION

    case_id: UUID
    asset_id: UUID
    organisation_id: UUID
    clock: str
    due_at: datetime

    def key(self) -> str:
        """Order per asset."""
        return str(self.asset_id)


@dataclass(frozen=True, slots=True)
class AssetOverdue:
    """An asset was not judged before its deadline: the alarm, once per asset.

    `judge_by` is the deadline (ISO 8601); `was_pending` tells an asset that nothing had looked at
    yet from one that was held because detectors did not answer.
    """

    TYPE: ClassVar[str] = "tidegate.asset.overdue.v1"
    TOPIC: ClassVar[Topic] = Topic.MODERATION

    asset_id: UUID
    organisation_id: UUID
    case_id: UUID
    modality: str
    judge_by: str
    was_pending: bool

    def key(self) -> str:
        """Order per asset."""
        return str(self.asset_id)
