"""Events of generation jobs."""

from dataclasses import dataclass
from typing import ClassVar, Literal
from uuid import UUID

from tidegate.contracts.topics import Topic

Modality = Literal["text", "image", "speech", "music", "video"]
CompositionState = Literal["completed", "failed", "cancelled"]
JobState = Literal["queued", "running", "succeeded", "failed", "cancelled", "refused"]


@dataclass(frozen=True, slots=True)
class JobQueued:
    """A request was accepted: its prompt passed, or its screening is still owed."""

    TYPE: ClassVar[str] = "tidegate.job.queued.v1"
    TOPIC: ClassVar[Topic] = Topic.GENERATION

    job_id: UUID
    organisation_id: UUID
    project_id: UUID
    requested_by: UUID
    model_name: str
    modality: Modality

    def key(self) -> str:
        """Order per job."""
        return str(self.job_id)


@dataclass(frozen=True, slots=True)
class JobEnded:
    """A job reached its last state; `error_code` is empty unless it failed or was refused."""

    TYPE: ClassVar[str] = "tidegate.job.ended.v1"
    TOPIC: ClassVar[Topic] = Topic.GENERATION

    job_id: UUID
    organisation_id: UUID
    project_id: UUID
    state: JobState
    error_code: str
    asset_ids: tuple[UUID, ...]
    attempts: int

    def key(self) -> str:
        """Order per job."""
        return str(self.job_id)


@dataclass(frozen=True, slots=True)
class CompositionEnded:
    """A composition reached its last state; one that completed is an asset with the same id.

    `error_part` and `error_code` are empty unless it failed.
    """

    TYPE: ClassVar[str] = "tidegate.composition.ended.v1"
    TOPIC: ClassVar[Topic] = Topic.GENERATION

    composition_id: UUID
    organisation_id: UUID
    project_id: UUID
    requested_by: UUID
    recipe: str
    state: CompositionState
    error_part: str
    error_code: str

    def key(self) -> str:
        """Order per composition."""
        return str(self.composition_id)
