"""Events of moderation."""

from dataclasses import dataclass
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
