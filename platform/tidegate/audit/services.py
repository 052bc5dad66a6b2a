"""Every write of the trail."""

import json
from collections.abc import Collection, Iterable, Mapping
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from tidegate.audit import canonical, sealing
from tidegate.audit.actions import Action
from tidegate.audit.models import Entry
from tidegate.primitives.actor import Actor
from tidegate.primitives.clock import now
from tidegate.primitives.correlation import correlation_id as current_correlation_id
from tidegate.primitives.statements import run

_PEOPLE = frozenset({"user", "staff"})
_APPEND = f"SELECT * FROM audit_append({', '.join(['%s'] * 17)})"  # noqa: S608 - only marks


def record(
    action: Action,
    *,
    chain: str,
    actor: Actor,
    subject_type: str,
    subject_id: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
    correlation_id: UUID | None = None,
    person: UUID | None = None,
    personal: Collection[str] = (),
) -> Entry:
    """Append one entry to a chain, in the caller's transaction; both commit or neither does.

    The chain stays locked until that transaction ends, so call it last, and write to one
    chain only: two transactions that lock two chains in opposite order would deadlock, unless
    they lock them with `lock_chains` before. In a block
    of `together` the entry's number and hashes are there when the block has ended.

    `person` is whose the reason is, and what stands in `before` and `after` under the names of
    `personal`: sealed by their key, it is erased with it. Without one it is the actor's own, whose
    name is sealed in any case.

    Raises:
        RuntimeError: there is no transaction, so the entry could outlive a failed change.
        TypeError, InvalidInput: `before` or `after` hold what cannot be stored.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("audit.record() must share the transaction of the change it records")
    doer = sealing.subject_of(actor.id) if actor.kind in _PEOPLE else ""
    subject = doer if person is None else sealing.subject_of(person)
    names = frozenset(personal)
    label, words = actor.label[:400], canonical.plain(reason)
    entry = Entry(
        chain=chain,
        at=now(),
        action=action.value,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_label=sealing.seal(label, doer) if doer else label,
        subject_type=subject_type,
        subject_id=subject_id,
        before=sealing.sealed_values(canonical.plain(before), names, subject),
        after=sealing.sealed_values(canonical.plain(after), names, subject),
        reason=sealing.seal(words, subject) if subject else words,
        correlation_id=correlation_id or current_correlation_id(),
    )
    _append(entry)
    return entry


def lock_chains(chains: Iterable[str]) -> None:
    """Lock several chains until the transaction ends, always in the same order.

    For a transaction that must write to more than one; call it before its first `record`.
    """
    with connection.cursor() as cursor:
        for key in sorted({_lock_key(chain) for chain in chains}):
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])


def _append(entry: Entry) -> None:
    """Lock the chain until commit, and insert the entry at its end, in one statement.

    What the entry is hashed with is known under the lock only, so the database puts the two
    missing values between the pieces that are serialised here.
    """
    head, middle, tail = canonical.around(entry.content(), "prev_hash", "seq")

    def take(cursor: CursorWrapper) -> None:
        entry.seq, entry.prev_hash, entry.hash, entry.created_at = cursor.fetchone()
        entry._state.adding = False  # noqa: SLF001 - inserted, as Model.save would say

    run(
        _APPEND,
        [
            _lock_key(entry.chain),
            f'{head.decode()}"',
            f'"{middle.decode()}',
            tail.decode(),
            entry.id,
            entry.chain,
            entry.at,
            entry.action,
            entry.actor_kind,
            entry.actor_id,
            entry.actor_label,
            entry.subject_type,
            entry.subject_id,
            None if entry.before is None else json.dumps(entry.before),
            None if entry.after is None else json.dumps(entry.after),
            entry.reason,
            entry.correlation_id,
        ],
        take,
    )


def _lock_key(chain: str) -> int:
    """Map a chain's name to the 64 signed bits of an advisory lock."""
    return int.from_bytes(sha256(f"audit:{chain}".encode()).digest()[:8], "big", signed=True)


@transaction.atomic
def erase_person(*, person_id: UUID, actor: Actor, reason: str, chain: str = "platform") -> bool:
    """Destroy a person's key: what the trail says of them nobody can read again. Twice is once.

    Their names and the words about them read `[erased]` from then on, in every process within ten
    seconds; chains, trees, proofs and exports stay whole. Backups of the database that are older
    hold the key still, until they are deleted.

    Returns whether there was something to erase. The reason must not name the person.
    """
    was_there = sealing.destroy_key(sealing.subject_of(person_id))
    if was_there:
        record(
            Action.PERSON_ERASED,
            chain=chain,
            actor=actor,
            subject_type="accounts.user",
            subject_id=str(person_id),
            reason=reason,
        )
    return was_there
