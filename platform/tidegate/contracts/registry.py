"""Events of the model registry."""

from dataclasses import dataclass
from typing import ClassVar, Literal
from uuid import UUID

from tidegate.contracts.topics import Topic

ModelChange = Literal[
    "added", "enabled", "disabled", "crashed", "aliased", "deprecated", "loaded", "unloaded"
]


@dataclass(frozen=True, slots=True)
class ModelChanged:
    """Something about an offered model changed; the fields say how it stands afterwards.

    `stable` and `canary` are versions, empty where there is none; `reason` is what was given.
    """

    TYPE: ClassVar[str] = "tidegate.model.changed.v1"
    TOPIC: ClassVar[Topic] = Topic.GENERATION

    model_id: UUID
    model_name: str
    change: ModelChange
    is_enabled: bool
    stable: str
    canary: str
    canary_percent: int
    reason: str

    def key(self) -> str:
        """Order per model."""
        return self.model_name
