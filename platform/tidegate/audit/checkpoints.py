"""Signing where every chain stands."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max

from tidegate.audit import canonical, export, keys, merkle, trees, verification
from tidegate.audit.models import Checkpoint
from tidegate.primitives.clock import now

logger = logging.getLogger(__name__)

_LOCK = 0x6175_6469_7463_6B70
"""One process at a time signs ("auditckp")."""

_HEADS = """
WITH RECURSIVE chains AS (
    (SELECT chain FROM audit_entry ORDER BY chain LIMIT 1)
    UNION ALL
    SELECT (SELECT e.chain FROM audit_entry e WHERE e.chain > c.chain ORDER BY e.chain LIMIT 1)
    FROM chains c WHERE c.chain IS NOT NULL
)
SELECT c.chain, head.seq, coalesce(signed.seq, 0)
FROM chains c
CROSS JOIN LATERAL (
    SELECT seq FROM audit_entry e WHERE e.chain = c.chain ORDER BY seq DESC LIMIT 1
) head
LEFT JOIN LATERAL (
    SELECT seq FROM audit_checkpoint p WHERE p.chain = c.chain ORDER BY seq DESC LIMIT 1
) signed ON true
WHERE c.chain IS NOT NULL AND head.seq > coalesce(signed.seq, 0)
"""
"""Chains that grew since their last checkpoint, found by hopping along the index."""


class TrailBroken(Exception):
    """The entries since the last checkpoint do not follow from it: nothing is signed."""


def key_file() -> Path:
    """Return where the signing key lies."""
    return Path(settings.TIDEGATE_AUDIT_KEY_FILE)


def export_file() -> Path:
    """Return where checkpoints are exported to."""
    return Path(settings.TIDEGATE_AUDIT_EXPORT_FILE)


def checkpoint() -> list[Checkpoint]:
    """Sign the head of every chain that grew, store it, and append it to the export file.

    The entries since the last checkpoint are verified first: a signature never covers what
    does not follow. Rows are written before lines; a crash between leaves rows that the next
    run exports.

    Raises:
        KeyUnusable: there is no key to sign with.
        TrailBroken: a chain was changed; the other chains are signed all the same.
    """
    private = keys.load_private(key_file())
    key_id = keys.key_id(private.public_key())
    made: list[Checkpoint] = []
    broken: list[verification.Finding] = []
    with transaction.atomic():
        _lock()
        number = Checkpoint.objects.aggregate(last=Max("number"))["last"] or 0
        for chain, seq, signed in _grown():
            since = verification.verify_tail(chain=chain, after=signed, until=seq)
            if isinstance(since, verification.Finding):
                broken.append(since)
                continue
            number += 1
            row = Checkpoint(
                number=number,
                chain=chain,
                seq=seq,
                hash=since,
                entries=seq,
                at=now(),
                root=_root(chain, seq),
                key_id=key_id,
            )
            row.signature = private.sign(canonical.encode(row.document()))
            row.save(force_insert=True)
            made.append(row)
    _export_missing()
    if broken:
        raise TrailBroken("; ".join(map(str, broken)))
    return made


def checkpoint_if_due() -> list[Checkpoint]:
    """Sign when a chain grew by so many entries since its last checkpoint, or the last is old.

    `TIDEGATE_AUDIT_CHECKPOINT_ENTRIES` and `…_SECONDS` say how many and how old. Raises as
    `checkpoint`.
    """
    last = Checkpoint.objects.order_by("-number").values_list("at", flat=True).first()
    seconds = settings.TIDEGATE_AUDIT_CHECKPOINT_SECONDS
    is_old = last is None or now() - last >= timedelta(seconds=seconds)
    if is_old or _grew_by(settings.TIDEGATE_AUDIT_CHECKPOINT_ENTRIES):
        return checkpoint()
    return []


def _grew_by(entries: int) -> bool:
    return any(head - signed >= entries for _, head, signed in _grown())


def _root(chain: str, size: int) -> bytes:
    """Return the root of a chain's Merkle tree, and keep what it completes."""
    trees.grow(chain, size)
    return merkle.root(size, trees.Tree(chain))


def _grown() -> Iterator[tuple[str, int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(_HEADS)
        yield from cursor.fetchall()


def _export_missing() -> None:
    """Append the checkpoints the file lacks; under the lock, so that lines come in order."""
    path = export_file()
    with transaction.atomic():
        _lock()
        missing = Checkpoint.objects.filter(number__gt=export.last_number(path))
        if rows := list(missing.order_by("number")):
            export.append(path, rows)


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
