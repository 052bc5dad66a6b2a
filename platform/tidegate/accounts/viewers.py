"""Who is looking: the one value that every selector and service decides by."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from tidegate.primitives.actor import Actor


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person, an API key, nobody in particular, or the platform itself.

    `organisation_id` is set for keys only and confines them to that organisation; `scopes` is
    None for a person, who may do all that their roles allow. Built afresh for each request
    from rows, so a viewer never outlives a change of roles.
    """

    user_id: UUID | None
    staff_roles: frozenset[str]
    organisation_id: UUID | None
    scopes: frozenset[str] | None
    label: str
    key_id: UUID | None = None
    is_system: bool = False

    @property
    def is_staff(self) -> bool:
        """Whether the platform appointed this person to any role."""
        return bool(self.staff_roles)

    @property
    def is_anonymous(self) -> bool:
        """Whether nobody is signed in."""
        return self.user_id is None and not self.is_system

    @property
    def is_key(self) -> bool:
        """Whether an API key asks."""
        return self.key_id is not None

    def holds(self, scope: str) -> bool:
        """Whether a key holds a scope; a person is not confined by any."""
        return self.scopes is None or scope in self.scopes

    def has_role(self, roles: Iterable[str]) -> bool:
        """Whether the viewer holds one of these staff roles."""
        return not self.staff_roles.isdisjoint(roles)

    def actor(self) -> Actor:
        """Name the viewer for the audit trail."""
        if self.is_system:
            return Actor.system(self.label)
        if self.key_id is not None:
            return Actor(kind="key", id=str(self.key_id), label=self.label)
        if self.user_id is None:
            return Actor(kind="anonymous", id="", label=self.label)
        return Actor(
            kind="staff" if self.is_staff else "user", id=str(self.user_id), label=self.label
        )


ANONYMOUS = Viewer(
    user_id=None,
    staff_roles=frozenset(),
    organisation_id=None,
    scopes=frozenset(),
    label="anonymous",
)


def system(label: str) -> Viewer:
    """The platform acting by itself: commands and schedules. It may write what it must.

    It is no reader: selectors show it no more than they show anyone.
    """
    return Viewer(
        user_id=None,
        staff_roles=frozenset(),
        organisation_id=None,
        scopes=None,
        label=label,
        is_system=True,
    )
