"""What an action is: what it touches, who may take it, what it sends, and what it needs to know."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final
from uuid import UUID

from moderation.app.models import Case, Decision
from moderation.app.roles import DECIDERS
from moderation.app.services.restrictions import Terms
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset
from tidegate.primitives.actor import Actor
from tidegate.primitives.errors import InvalidInput, NotAllowed

RULED: Final = ("tidegate.asset.visibility-changed.v1", "tidegate.case.decided.v1")
TOLD_OF_BLOCK: Final = ("statement of reasons to the author", "answer to reporters and appellants")


@dataclass(frozen=True, slots=True)
class Order:
    """A decision as it was asked for, checked: nothing has happened yet.

    `details` are what the action and the reason need; `hazards` what the ruling is about; `calls`
    what is said of the checks.
    """

    action: "CaseAction"
    reason_code: str
    reason: str
    details: Mapping[str, Any]
    hazards: tuple[str, ...]
    list_hashes: bool
    author_id: UUID
    made_by: UUID
    calls: str = ""

    def row(self, case: Case) -> Decision:
        """Return the row that keeps it, not saved."""
        return Decision(
            case=case,
            action=self.action.name,
            reason_code=self.reason_code,
            reason=self.reason,
            details=dict(self.details),
            list_hashes=self.list_hashes,
            made_by_id=self.made_by,
        )


@dataclass(frozen=True, slots=True)
class Carrying:
    """What an action is carried out on: the locked output and case, and who decides."""

    asset: Asset
    case: Case
    details: Mapping[str, Any]
    reason: str
    actor: Actor


class CaseAction:
    """One thing that a person can do about a case; its classes are the whole list.

    Attributes:
        name: what the API and the rows call it; never renamed.
        targets: what it changes: output, author, descendants, hash_lists, case.
        ruling: how the case ends; None where it goes to another desk instead.
        desk: where it goes then; empty where it ends.
        may: the roles that may take it.
        is_reversible: whether it can be taken back as a whole.
        sends: the events that it announces, and the letters that it writes.
    """

    name: ClassVar[str]
    targets: ClassVar[tuple[str, ...]]
    ruling: ClassVar[Case.Ruling | None] = None
    desk: ClassVar[str] = ""
    may: ClassVar[frozenset[str]] = DECIDERS
    is_reversible: ClassVar[bool] = True
    sends: ClassVar[tuple[str, ...]]
    lists_hashes: ClassVar[bool] = False
    """Whether the output's fingerprints are listed without being asked for."""

    def require(self, viewer: Viewer) -> None:
        """Raise NotAllowed unless the viewer has a role that may take it."""
        if not viewer.has_role(self.may):
            raise NotAllowed(
                f"Your roles may not {self.name.replace('_', ' ')}.",
                code="action_not_allowed",
                extra={"action": self.name, "roles": sorted(self.may)},
            )

    def read(self, details: Mapping[str, Any]) -> dict[str, Any]:
        """Return what it needs to know, checked.

        Raises:
            InvalidInput: something is missing, or means nothing here.
        """
        return only(details)

    def restriction(self, order: Order) -> Terms | None:
        """Return the restriction of its author that it imposes, if any."""
        return None

    def carry_out(self, carrying: Carrying) -> dict[str, Any]:
        """Do what it does beyond the ruling; return what was there before, to reverse it."""
        return {}

    def take_back(self, carrying: Carrying, before: Mapping[str, Any]) -> None:
        """Undo what `carry_out` did."""


def only(details: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return these details, and refuse others: a field that is not understood is a mistake."""
    unknown = sorted(set(details) - set(names))
    if unknown:
        raise InvalidInput(
            f"This action does not know {', '.join(unknown)}.",
            code="unknown_detail",
            pointer=f"/details/{unknown[0]}",
        )
    return {name: details[name] for name in names if name in details}


def one_of(details: Mapping[str, Any], name: str, known: Mapping[str, object]) -> str:
    """Return the code that a detail gives, which must be a known one."""
    value = details.get(name)
    if not isinstance(value, str) or value not in known:
        raise InvalidInput(
            f"Say which {name}: {', '.join(known)}.",
            code="detail_missing" if not value else "unknown_detail",
            pointer=f"/details/{name}",
        )
    return value
