"""Events of what people do with what they see."""

from dataclasses import dataclass
from typing import ClassVar, Final, Literal
from uuid import UUID

from tidegate.contracts.topics import Topic

InteractionKind = Literal["view", "play", "like", "unlike", "hide", "report"]

REPORT_REASONS: Final = (
    "child_safety",
    "self_harm",
    "dangerous",
    "hate",
    "violence",
    "sexual",
    "harassment",
    "spam",
    "profanity",
    "copyright",
    "privacy",
    "deception",
    "other",
)
"""Why people report: codes of hazards, what else they may have against it, and "other"."""


@dataclass(frozen=True, slots=True)
class InteractionRecorded:
    """A signed-in viewer did something with an asset that was visible to them at that moment.

    `reason` is of reports: one of `REPORT_REASONS`, or empty where none was given.
    """

    TYPE: ClassVar[str] = "tidegate.interaction.recorded.v1"
    TOPIC: ClassVar[Topic] = Topic.INTERACTIONS

    interaction_id: UUID
    viewer_id: UUID
    asset_id: UUID
    kind: InteractionKind
    note: str
    reason: str = ""

    def key(self) -> str:
        """Order per viewer: a like and its undoing must not swap."""
        return str(self.viewer_id)
