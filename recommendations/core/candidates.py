"""What retrieval found, and what a place in a slate says about itself."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from recommendations.core.vectors import Vector


class Source(StrEnum):
    """Why an item stands where it stands. Stored by its place here: new ones go to the end."""

    LIKED = "liked"
    POPULAR = "popular"
    NEW = "new"
    EXPLORE = "explore"
    RECENT = "recent"
    TOGETHER = "together"
    FOLLOWED = "followed"
    LANGUAGE = "language"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item that retrieval found.

    Attributes:
        vector: of length 1, None while it is not embedded.
        together: how much it follows from what the viewer turned to lately (`core.together`),
            scaled so that 1 is a lot; `after` is what it follows from.
        shown: how often it had a place of exploration; `wins` how often somebody then acted on it.
        budget: how many places of exploration it gets in all.
        is_native: it is in the viewer's language, and liked there.
    """

    asset_id: UUID
    owner_id: UUID
    family: str
    released_at: datetime
    heat: float | None
    vector: Vector | None
    is_seen: bool = False
    tags: tuple[str, ...] = ()
    model: str = ""
    modality: str = ""
    together: float = 0.0
    after: UUID | None = None
    is_followed: bool = False
    is_native: bool = False
    shown: int = 0
    wins: int = 0
    budget: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """One place of a slate. `anchor_id` is the item that it follows from.

    `propensity` is the chance that this item got this place given the slate before it: 1 for a
    ranked place, what the draw gave it for an explored one.
    """

    asset_id: UUID
    source: Source
    anchor_id: UUID | None
    propensity: float
