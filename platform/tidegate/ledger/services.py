"""Every write of the ledger."""

from collections.abc import Sequence
from typing import cast
from uuid import UUID

from django.db import transaction

from tidegate.accounts.models import Organisation, StaffAppointment
from tidegate.accounts.viewers import Viewer
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.contracts.ledger import CreditsKind, CreditsMoved
from tidegate.events.services import announce_all
from tidegate.ledger.errors import InsufficientCredits, LedgerBroken
from tidegate.ledger.models import Kind, Pot
from tidegate.ledger.posting import Line, Posted, Subject, lock_payer, post, send
from tidegate.ledger.selectors import Balance
from tidegate.primitives.correlation import correlation_id as current_correlation_id
from tidegate.primitives.errors import Conflict, InvalidInput, NotAllowed, NotFound
from tidegate.primitives.ids import new_id

__all__ = ["Line", "Subject", "adjust", "grant", "lock_payer", "reserve", "settle"]

GRANT = "ledger.grant"
_NOTE_LIMIT = 500
_LARGEST = 10**12


def reserve(
    *, organisation_id: UUID, subject: Subject, amount: int, quantity: int, correlation_id: UUID
) -> None:
    """Set credits aside for a subject of `quantity` equal parts, in the caller's transaction.

    A second reservation of the same subject changes nothing.

    Raises:
        InsufficientCredits: less than `amount` is available; at the end of a block of `together`.
        ValueError: the amount does not fall into equal parts.
    """
    if quantity < 1 or amount < 1 or amount % quantity:
        raise ValueError(f"{amount} credits do not fall into {quantity} equal parts")

    def check(posted: Posted) -> None:
        if posted.outcome == "short":
            raise InsufficientCredits(needed=amount, available=posted.available)

    send(
        Line(Kind.RESERVE, Pot.AVAILABLE, Pot.RESERVED, amount, quantity),
        organisation_id=organisation_id,
        subject=subject,
        correlation_id=correlation_id,
        then=check,
    )


def settle(
    *, organisation_id: UUID, subject: Subject, lines: Sequence[Line], correlation_id: UUID
) -> list[Posted]:
    """Post what a subject came to, and announce it. Lines that were posted before do nothing.

    Raises:
        LedgerBroken: what was reserved is not there; nothing was done.
    """
    done = [
        post(line, organisation_id=organisation_id, subject=subject, correlation_id=correlation_id)
        for line in lines
    ]
    if any(posted.outcome == "short" for posted in done):
        raise LedgerBroken(f"the ledger of {organisation_id} cannot settle {subject}: {lines}")
    _announce(organisation_id, subject, lines, done, correlation_id)
    return done


@transaction.atomic
def grant(
    *,
    viewer: Viewer,
    organisation_id: UUID,
    amount: int,
    note: str,
    kind: Kind = Kind.GRANT,
    grant_id: UUID | None = None,
) -> Balance:
    """Give an organisation credits; the same `grant_id` again changes nothing.

    `kind` says whether they were given or purchased.

    Raises:
        NotAllowed: unless the platform itself or a policy admin grants.
        NotFound: no such organisation.
        InvalidInput: no positive amount, or no note.
    """
    if kind not in {Kind.GRANT, Kind.PURCHASE}:
        raise ValueError(f"credits are granted or purchased, not {kind}")
    return _issue(
        Line(kind, Pot.ISSUED, Pot.AVAILABLE, amount, reason=kind.value),
        Action.CREDITS_GRANTED,
        viewer=viewer,
        organisation_id=organisation_id,
        note=note,
        given_id=grant_id,
    )


@transaction.atomic
def adjust(
    *,
    viewer: Viewer,
    organisation_id: UUID,
    amount: int,
    note: str,
    adjustment_id: UUID | None = None,
) -> Balance:
    """Correct what an organisation has available, up or down; what is reserved is not touched.

    Raises:
        NotAllowed, NotFound, InvalidInput: as `grant`.
        Conflict: `adjustment_too_large`: more would be taken than is available.
    """
    source, target = (Pot.ISSUED, Pot.AVAILABLE) if amount > 0 else (Pot.AVAILABLE, Pot.ISSUED)
    return _issue(
        Line(Kind.ADJUSTMENT, source, target, abs(amount), reason="adjustment"),
        Action.CREDITS_ADJUSTED,
        viewer=viewer,
        organisation_id=organisation_id,
        note=note,
        given_id=adjustment_id,
    )


def _issue(
    line: Line,
    action: Action,
    *,
    viewer: Viewer,
    organisation_id: UUID,
    note: str,
    given_id: UUID | None,
) -> Balance:
    if not (viewer.is_system or viewer.has_role([StaffAppointment.Role.POLICY_ADMIN])):
        raise NotAllowed("This needs the staff role policy admin.", code="policy_admin_only")
    if not 1 <= line.amount <= _LARGEST:
        raise InvalidInput("The amount is out of range.", code="out_of_range", pointer="/amount")
    note = note.strip()
    if not 1 <= len(note) <= _NOTE_LIMIT:
        raise InvalidInput("Say why.", code="reason_missing", pointer="/note")
    if not Organisation.objects.filter(pk=organisation_id).exists():
        raise NotFound("There is no such organisation.", code="organisation_not_found")
    subject, correlation = Subject(GRANT, given_id or new_id()), current_correlation_id()
    posted = post(
        line, organisation_id=organisation_id, subject=subject, correlation_id=correlation
    )
    if posted.outcome == "short":
        raise Conflict(
            f"Only {posted.available} credits are available.", code="adjustment_too_large"
        )
    if posted.outcome == "posted":
        _announce(organisation_id, subject, [line], [posted], correlation)
        signed = line.amount if line.target == Pot.AVAILABLE else -line.amount
        record(
            action,
            chain=f"organisation:{organisation_id}",
            actor=viewer.actor(),
            subject_type="accounts.organisation",
            subject_id=str(organisation_id),
            before={"available": posted.available - signed},
            after={
                "available": posted.available,
                "amount": signed,
                "kind": line.kind.value,
                "entry": str(posted.entry_id),
            },
            reason=note,
            correlation_id=correlation,
        )
    return Balance(posted.available, posted.reserved)


def _announce(
    organisation_id: UUID,
    subject: Subject,
    lines: Sequence[Line],
    done: Sequence[Posted],
    correlation_id: UUID,
) -> None:
    announce_all(
        [
            CreditsMoved(
                entry_id=posted.entry_id,
                organisation_id=organisation_id,
                number=posted.number,
                kind=cast("CreditsKind", line.kind.value),
                amount=line.amount,
                subject_type=subject.type,
                subject_id=subject.id,
                output_index=line.output_index,
                reason=line.reason,
                available=posted.available,
                reserved=posted.reserved,
            )
            for line, posted in zip(lines, done, strict=True)
            if posted.outcome == "posted" and posted.entry_id is not None
        ],
        correlation_id=correlation_id,
    )
