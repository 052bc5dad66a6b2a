"""Every write of the trail."""

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.backends.utils import CursorWrapper

from tidegate.audit import canonical
from tidegate.audit.actions import Action
from tidegate.audit.models import Entry
from tidegate.primitives.actor import Actor
from tidegate.primitives.clock import now
from tidegate.primitives.correlation import correlation_id as current_correlation_id
from tidegate.primitives.statements import run

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
) -> Entry:
    """Append one entry to a chain, in the caller's transaction; both commit or neither does.

    The chain stays locked until that transaction ends, so call it last, and write to one
    chain only: two transactions that lock two chains in opposite order would deadlock, unless
    they lock them with `lock_chains` before. In a block
    of `together` the entry's number and hashes are there when the block has ended.

    Raises:
        RuntimeError: there is no transaction, so the entry could outlive a failed change.
        TypeError, InvalidInput: `before` or `after` hold what cannot be stored.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("audit.record() must share the transaction of the change it records")
    entry = Entry(
        chain=chain,
        at=now(),
        action=action.value,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_label=actor.label[:400],
        subject_type=subject_type,
        subject_id=subject_id,
        before=canonical.plain(before),
        after=canonical.plain(after),
        reason=canonical.plain(reason),
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
