"""Events of moderation."""

from dataclasses import dataclass
from typing import ClassVar, Literal
from uuid import UUID

from tidegate.contracts.topics import Topic

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
