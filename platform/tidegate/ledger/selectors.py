"""Every read of the ledger but its reconciliation."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from tidegate.accounts.selectors import require_role
from tidegate.accounts.viewers import Viewer
from tidegate.ledger.models import Entry, Kind, Pot
from tidegate.primitives.statements import prepared

_ABOUT = """
SELECT subject_id, organisation_id, kind, target, amount, quantity, output_index, reason
  FROM ledger_entry
 WHERE subject_id = ANY (%s::uuid[])
 ORDER BY organisation_id, seq
"""


@dataclass(frozen=True, slots=True)
class Balance:
    """What an organisation may spend, and what is set aside for its unfinished jobs."""

    available: int
    reserved: int


@dataclass(frozen=True, slots=True)
class Part:
    """One output's share: what it was charged, what of that was refunded, what was released."""

    charged: int = 0
    refunded: int = 0
    released: int = 0

    @property
    def is_settled(self) -> bool:
        """Whether the reservation of this part is used up."""
        return bool(self.charged or self.released)

    @property
    def kept(self) -> int:
        """What the part costs as things stand."""
        return self.charged - self.refunded


@dataclass(frozen=True, slots=True)
class Account:
    """What the entries say about one subject: a job with its reservation."""

    organisation_id: UUID
    reserved: int
    quantity: int
    parts: Mapping[int, Part] = field(default_factory=dict)
    reason: str = ""

    @property
    def price(self) -> int:
        """Credits of one part."""
        return self.reserved // self.quantity

    @property
    def open_parts(self) -> list[int]:
        """The parts whose reservation is not used up."""
        return [index for index in range(self.quantity) if not self.part(index).is_settled]

    @property
    def charged(self) -> int:
        """What the subject costs as things stand."""
        return sum(part.kept for part in self.parts.values())

    @property
    def returned(self) -> int:
        """What came back of the reservation."""
        return self.reserved - self.charged - self.price * len(self.open_parts)

    def part(self, index: int) -> Part:
        """Return one part; of one that nothing was posted for, an empty one."""
        return self.parts.get(index, Part())

    def after(self, *, kind: str, target: str, amount: int, output_index: int, reason: str) -> Self:
        """Return the account as one more entry about a part makes it."""
        part = self.part(output_index)
        match kind:
            case Kind.CHARGE:
                part = replace(part, charged=part.charged + amount)
            case Kind.REFUND:
                part = replace(part, refunded=part.refunded + amount)
            case _:
                part = replace(part, released=part.released + amount)
        return replace(
            self,
            parts={**self.parts, output_index: part},
            reason=reason if target == Pot.AVAILABLE else self.reason,
        )


def balance_of(organisation_id: UUID) -> Balance:
    """Return an organisation's balance; before its first entry, its welcome credits. One query."""
    last = (
        Entry.objects.filter(organisation_id=organisation_id)
        .order_by("-seq")
        .values_list("available_after", "reserved_after")
        .first()
    )
    return Balance(settings.TIDEGATE_WELCOME_CREDITS, 0) if last is None else Balance(*last)


def balances_of(organisation_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Return what each organisation has available. One query."""
    wanted = set(organisation_ids)
    last = (
        Entry.objects.filter(organisation_id__in=wanted)
        .order_by("organisation_id", "-seq")
        .distinct("organisation_id")
        .values_list("organisation_id", "available_after")
    )
    return {**dict.fromkeys(wanted, settings.TIDEGATE_WELCOME_CREDITS), **dict(last)}


def balance_for(viewer: Viewer, organisation_id: UUID) -> Balance:
    """Return the balance to a member of the organisation.

    Raises:
        NotFound: for one who does not belong.
    """
    require_role(viewer, organisation_id, "viewer")
    return balance_of(organisation_id)


def entries_of(organisation_id: UUID) -> QuerySet[Entry]:
    """Return an organisation's entries, newest first. For its members: it checks nothing."""
    return Entry.objects.filter(organisation_id=organisation_id).order_by("-id")


def account_of(subject_id: UUID) -> Account | None:
    """Return what the entries say about a subject; None where nothing was ever reserved."""
    return accounts_of([subject_id]).get(subject_id)


def accounts_of(subject_ids: Iterable[UUID]) -> dict[UUID, Account]:
    """Return `account_of` for many subjects. One query."""
    found: dict[UUID, Account] = {}
    with prepared() as cursor:
        cursor.execute(_ABOUT, [list(subject_ids)])
        rows = cursor.fetchall()
    for subject, organisation, kind, target, amount, quantity, output_index, reason in rows:
        account = found.get(subject)
        if kind == Kind.RESERVE:
            found[subject] = Account(organisation, amount, quantity)
        elif account is not None and output_index is not None:
            found[subject] = account.after(
                kind=kind, target=target, amount=amount, output_index=output_index, reason=reason
            )
    return found
