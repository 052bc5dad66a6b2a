"""What a job does to the credits of its organisation: set aside, charged per output, given back.

Every function here locks the payer, so it comes before anything that is recorded in the
organisation's audit chain. Who settles a job holds its row.
"""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from generation.app.models import Job
from generation.core.pricing import Reason, returned
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.ledger import services as ledger
from tidegate.ledger.models import Kind, Pot
from tidegate.ledger.selectors import Account, Part, account_of, balance_of
from tidegate.ledger.services import Line, Subject
from tidegate.primitives.actor import Actor

SUBJECT = "generation.job"
CREDITS = Actor.system("credits")
_REASONS = {
    "screening_unavailable": Reason.SCREENING_UNAVAILABLE,
    "expired": Reason.EXPIRED,
}


@dataclass(frozen=True, slots=True)
class Ruled:
    """The gate moved an output in a way that may touch its charge.

    `version` is the asset's visibility version, which makes every move an occasion of its own.
    """

    job_id: UUID
    organisation_id: UUID
    output_index: int
    version: int
    reason: Reason
    correlation_id: UUID


def reserve_credits(job: Job) -> None:
    """Set aside what the whole job may cost. One round trip.

    Raises:
        InsufficientCredits: the organisation has less; nothing may be stored then.
    """
    ledger.reserve(
        organisation_id=job.organisation_id,
        subject=Subject(SUBJECT, job.pk),
        amount=job.cost_credits,
        quantity=job.outputs_wanted,
        correlation_id=job.correlation_id,
    )


def charge_outputs(job: Job, indexes: Collection[int]) -> Account | None:
    """Charge outputs that are delivered in this transaction; one that was charged before is not.

    Returns what the job came to so far. A job from before the ledger has no reservation, and is
    not charged: None.
    """
    account = account_of(job.pk)
    if account is None:
        return None
    lines = [
        Line(Kind.CHARGE, Pot.RESERVED, Pot.EARNED, account.price, output_index=index)
        for index in account.open_parts
        if index in indexes
    ]
    return _settle(job, account, lines)


def settle_job(job: Job, *, before: str | None, account: Account | None = None) -> Account | None:
    """Give back what an ended job did not deliver, by the rates for the way it ended.

    `account` is what `charge_outputs` returned in this transaction. Returns what the job came to,
    or None where nothing was ever reserved.
    """
    if before is None:
        return None  # refused before it was accepted
    account = account or account_of(job.pk)
    if account is None or not account.open_parts:
        return account
    reason = _reason_of(job, before)
    back = returned(account.price, reason)
    lines: list[Line] = []
    for index in account.open_parts:
        if back:
            lines.append(_release(back, index, reason))
        if back < account.price:
            lines.append(_keep(account.price - back, index, reason))
    return _settle(job, account, lines)


@transaction.atomic
def settle_ruling(ruled: Ruled) -> None:
    """Refund an output that the platform's policy blocked, or charge one that an appeal released.

    What is charged again is never more than the organisation has. The same move twice does
    nothing the second time.
    """
    ledger.lock_payer(ruled.organisation_id)
    account = account_of(ruled.job_id)
    if account is None:
        return  # from before the ledger
    part = account.part(ruled.output_index)
    line = _charged_again(ruled, account, part) if _is_appeal(ruled) else _refunded(ruled, part)
    if line is None:
        return
    (posted,) = ledger.settle(
        organisation_id=ruled.organisation_id,
        subject=Subject(SUBJECT, ruled.job_id),
        lines=[line],
        correlation_id=ruled.correlation_id,
    )
    if posted.outcome != "posted":
        return
    record(
        Action.CREDITS_CHARGED if _is_appeal(ruled) else Action.CREDITS_REFUNDED,
        chain=f"organisation:{ruled.organisation_id}",
        actor=CREDITS,
        subject_type=SUBJECT,
        subject_id=str(ruled.job_id),
        before={"output": ruled.output_index, "charged": part.kept},
        after={"output": ruled.output_index, "amount": line.amount, "entry": posted.entry_id},
        reason=ruled.reason.value,
        correlation_id=ruled.correlation_id,
    )


def _is_appeal(ruled: Ruled) -> bool:
    return ruled.reason is Reason.RELEASED_ON_APPEAL


def _refunded(ruled: Ruled, part: Part) -> Line | None:
    back = returned(part.kept, ruled.reason)
    if not back:
        return None
    return Line(
        Kind.REFUND,
        Pot.EARNED,
        Pot.AVAILABLE,
        back,
        output_index=ruled.output_index,
        occasion=ruled.version,
        reason=ruled.reason.value,
    )


def _charged_again(ruled: Ruled, account: Account, part: Part) -> Line | None:
    owed = returned(part.charged and account.price - part.released - part.kept, ruled.reason)
    amount = min(owed, balance_of(ruled.organisation_id).available)
    if amount < 1:
        return None
    return Line(
        Kind.CHARGE,
        Pot.AVAILABLE,
        Pot.EARNED,
        amount,
        output_index=ruled.output_index,
        occasion=ruled.version,
        reason=ruled.reason.value,
    )


def _reason_of(job: Job, before: str) -> Reason:
    match job.state:
        case Job.State.CANCELLED if before == Job.State.QUEUED:
            return Reason.CANCELLED_BEFORE_START
        case Job.State.CANCELLED:
            return Reason.CANCELLED_WHILE_RUNNING
        case Job.State.REFUSED:
            return Reason.PROMPT_REFUSED
        case Job.State.SUCCEEDED:
            return Reason.NOT_DELIVERED
        case _:
            return _REASONS.get(job.error_code, Reason.FAILED)


def _release(amount: int, index: int, reason: Reason) -> Line:
    return Line(
        Kind.RELEASE,
        Pot.RESERVED,
        Pot.AVAILABLE,
        amount,
        output_index=index,
        reason=reason.value,
    )


def _keep(amount: int, index: int, reason: Reason) -> Line:
    return Line(
        Kind.CHARGE, Pot.RESERVED, Pot.EARNED, amount, output_index=index, reason=reason.value
    )


def _settle(job: Job, account: Account, lines: list[Line]) -> Account:
    """Post lines about open parts; the job's row is locked, so none of them was posted before."""
    if lines:
        ledger.settle(
            organisation_id=job.organisation_id,
            subject=Subject(SUBJECT, job.pk),
            lines=lines,
            correlation_id=job.correlation_id,
        )
    for line in lines:
        account = account.after(
            kind=line.kind,
            target=line.target,
            amount=line.amount,
            output_index=line.output_index or 0,
            reason=line.reason,
        )
    return account
