"""Events of what people do with what they see."""

from dataclasses import dataclass
from typing import ClassVar, Final, Literal
from uuid import UUID

from tidegate.contracts.topics import Topic

InteractionKind = Literal[
    "view", "play", "like", "unlike", "save", "unsave", "share", "hide", "less", "report", "remix"
]
"""What changes something: it stands, and is answered for, from its transaction on."""

SignalKind = Literal["impression", "view", "play", "dwell", "share"]
"""What is only noticed in passing: many, and none that anybody would miss alone."""

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


@dataclass(frozen=True, slots=True)
class SignalNoticed:
    """A viewer's client noticed something in passing, about an asset that was visible to them.

    It goes to the broker by itself; its consumer is the first to write it down. `dwell_ms` says how
    long, for an impression on screen, for dwelling on the opened asset. `slate_id` says in which
    slate it was shown, where it was.
    """

    TYPE: ClassVar[str] = "tidegate.signal.noticed.v1"
    TOPIC: ClassVar[Topic] = Topic.INTERACTIONS

    signal_id: UUID
    viewer_id: UUID
    asset_id: UUID
    kind: SignalKind
    slate_id: UUID | None
    dwell_ms: int | None

    def key(self) -> str:
        """Order per viewer, with what they do."""
        return str(self.viewer_id)


@dataclass(frozen=True, slots=True)
class CreatorFollowed:
    """Somebody follows a creator from now on, or no longer does."""

    TYPE: ClassVar[str] = "tidegate.creator.followed.v1"
    TOPIC: ClassVar[Topic] = Topic.INTERACTIONS

    viewer_id: UUID
    creator_id: UUID
    is_following: bool

    def key(self) -> str:
        """Order per viewer."""
        return str(self.viewer_id)
