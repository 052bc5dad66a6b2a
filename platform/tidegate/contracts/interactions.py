"""Events of what people do with what they see."""

from dataclasses import dataclass
from typing import ClassVar, Literal
from uuid import UUID

from tidegate.contracts.topics import Topic

InteractionKind = Literal["view", "play", "like", "unlike", "hide", "report"]


@dataclass(frozen=True, slots=True)
class InteractionRecorded:
    """A signed-in viewer did something with an asset that was visible to them at that moment."""

    TYPE: ClassVar[str] = "tidegate.interaction.recorded.v1"
    TOPIC: ClassVar[Topic] = Topic.INTERACTIONS

    interaction_id: UUID
    viewer_id: UUID
    asset_id: UUID
    kind: InteractionKind
    note: str

    def key(self) -> str:
        """Order per viewer: a like and its undoing must not swap."""
        return str(self.viewer_id)
