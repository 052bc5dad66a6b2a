"""Events of assets."""

from dataclasses import dataclass
from typing import ClassVar, Literal
from uuid import UUID

from tidegate.contracts.topics import Topic

AssetModality = Literal["text", "image", "speech", "music", "video", "composition"]
Visibility = Literal["pending", "released", "held", "blocked", "withdrawn"]


@dataclass(frozen=True, slots=True)
class AssetCreated:
    """An output, or a whole of several, exists and is pending: only its owner and staff see it."""

    TYPE: ClassVar[str] = "tidegate.asset.created.v1"
    TOPIC: ClassVar[Topic] = Topic.ASSETS

    asset_id: UUID
    organisation_id: UUID
    project_id: UUID
    owner_id: UUID
    job_id: UUID | None
    modality: AssetModality
    media_type: str
    sha256: str
    model_name: str
    prompt: str

    def key(self) -> str:
        """Order per asset."""
        return str(self.asset_id)


@dataclass(frozen=True, slots=True)
class AssetVisibilityChanged:
    """An asset moved; `version` rises by one with every move, so a late event is recognised."""

    TYPE: ClassVar[str] = "tidegate.asset.visibility-changed.v1"
    TOPIC: ClassVar[Topic] = Topic.ASSETS

    asset_id: UUID
    organisation_id: UUID
    project_id: UUID
    owner_id: UUID
    job_id: UUID | None
    before: Visibility
    after: Visibility
    version: int

    def key(self) -> str:
        """Order per asset."""
        return str(self.asset_id)


@dataclass(frozen=True, slots=True)
class AssetMarked:
    """Reviewers said for whom an asset is (`rating`), and what stands beside it (`labels`).

    Both are codes of the installation; the whole of them as they are now, not what changed.
    """

    TYPE: ClassVar[str] = "tidegate.asset.marked.v1"
    TOPIC: ClassVar[Topic] = Topic.ASSETS

    asset_id: UUID
    organisation_id: UUID
    project_id: UUID
    rating: str
    labels: tuple[str, ...]

    def key(self) -> str:
        """Order per asset."""
        return str(self.asset_id)
