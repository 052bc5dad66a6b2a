"""Events of credits."""

from dataclasses import dataclass
from typing import ClassVar, Literal
from uuid import UUID

from tidegate.contracts.topics import Topic

CreditsKind = Literal["grant", "purchase", "reserve", "release", "charge", "refund", "adjustment"]


@dataclass(frozen=True, slots=True)
class CreditsMoved:
    """Credits of an organisation moved; reservations are not told, `JobQueued` implies them.

    `number` counts the organisation's entries from 1; `available` and `reserved` are what it has
    after this one. `output_index` is empty where the whole subject is meant; `reason` is a code.
    """

    TYPE: ClassVar[str] = "tidegate.credits.moved.v1"
    TOPIC: ClassVar[Topic] = Topic.CREDITS

    entry_id: UUID
    organisation_id: UUID
    number: int
    kind: CreditsKind
    amount: int
    subject_type: str
    subject_id: UUID
    output_index: int | None
    reason: str
    available: int
    reserved: int

    def key(self) -> str:
        """Order per organisation."""
        return str(self.organisation_id)
