"""One movement of credits: the row it becomes, in one round trip to the database."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.backends.utils import CursorWrapper

from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.ledger.models import Kind, Pot
from tidegate.primitives.actor import Actor
from tidegate.primitives.statements import prepared, run

LEDGER = Actor.system("ledger")
_POST = """
SELECT outcome, was_opened, entry, number, available, reserved
  FROM ledger_post(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a movement is about: a job, a grant."""

    type: str
    id: UUID


@dataclass(frozen=True, slots=True)
class Line:
    """A movement to post. `occasion` tells one time from the next of the same kind and output."""

    kind: Kind
    source: Pot
    target: Pot
    amount: int
    quantity: int = 1
    output_index: int | None = None
    occasion: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of a line, and what the organisation has now.

    `repeated`: the same line was posted before and nothing was done. `short`: the source holds
    too little and nothing was done; `number` is then the last entry's.
    """

    outcome: Literal["posted", "repeated", "short"]
    entry_id: UUID | None
    number: int
    available: int
    reserved: int


def post(line: Line, *, organisation_id: UUID, subject: Subject, correlation_id: UUID) -> Posted:
    """Post one line in the caller's transaction; the payer stays locked until that ends.

    The first line of an organisation is preceded by its welcome credits. Post before anything is
    recorded in the organisation's audit chain: that is the order in which locks are taken.

    Raises:
        RuntimeError: there is no transaction, so credits could move for what never happened.
    """
    with prepared() as cursor:
        cursor.execute(_POST, _values(line, organisation_id, subject, correlation_id))
        return _posted(organisation_id, cursor)


def send(
    line: Line,
    *,
    organisation_id: UUID,
    subject: Subject,
    correlation_id: UUID,
    then: Callable[[Posted], None],
) -> None:
    """Post a line as `post`; what became of it is for `then`, after the block of `together`."""
    run(
        _POST,
        _values(line, organisation_id, subject, correlation_id),
        lambda cursor: then(_posted(organisation_id, cursor)),
    )


def lock_payer(organisation_id: UUID) -> None:
    """Let nobody else move the organisation's credits until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('ledger:' || %s::uuid, 0))",
            [organisation_id],
        )


def _record_welcome(organisation_id: UUID) -> None:
    record(
        Action.CREDITS_GRANTED,
        chain=f"organisation:{organisation_id}",
        actor=LEDGER,
        subject_type="accounts.organisation",
        subject_id=str(organisation_id),
        after={"amount": settings.TIDEGATE_WELCOME_CREDITS},
        reason="welcome",
        # Not what happened to be asked for first: the credits are nobody's effect.
        correlation_id=organisation_id,
    )


def _values(
    line: Line, organisation_id: UUID, subject: Subject, correlation_id: UUID
) -> list[Any]:  # Any: ids are no parameters to Django's stubs
    if not connection.in_atomic_block:
        raise RuntimeError("credits must move in the transaction of what they pay for")
    return [
        organisation_id,
        line.kind.value,
        line.source.value,
        line.target.value,
        line.amount,
        line.quantity,
        subject.type,
        subject.id,
        line.output_index,
        line.occasion,
        line.reason,
        correlation_id,
        settings.TIDEGATE_WELCOME_CREDITS,
    ]


def _posted(organisation_id: UUID, cursor: CursorWrapper) -> Posted:
    outcome, was_opened, entry_id, number, available, reserved = cursor.fetchone()
    if was_opened and outcome != "short":
        _record_welcome(organisation_id)
    return Posted(outcome, entry_id, number, available, reserved)
