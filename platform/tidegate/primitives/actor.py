"""Who did it."""

from dataclasses import dataclass
from typing import Literal

ActorKind = Literal["user", "key", "staff", "system", "anonymous"]


@dataclass(frozen=True, slots=True)
class Actor:
    """The doer named by an audit entry.

    `id` identifies it among its kind, `label` is what a reader of the trail is shown: it is
    copied, so that the trail stays readable when the account is gone.
    """

    kind: ActorKind
    id: str
    label: str

    @classmethod
    def system(cls, name: str) -> "Actor":
        """Return one of our own processes ("relay", "gate", "sweeper")."""
        return cls(kind="system", id=name, label=name)
