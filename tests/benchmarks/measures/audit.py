"""The trail: how fast entries are appended, with and without the chain, and verified."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from django.db import connection, connections, transaction

from tests.benchmarks.figures import Result, Target
from tests.benchmarks.stand import Stand
from tidegate.audit import canonical, keys, resuming, verification
from tidegate.audit.actions import Action
from tidegate.audit.models import Entry
from tidegate.audit.services import record
from tidegate.primitives.actor import Actor
from tidegate.primitives.clock import now
from tidegate.primitives.ids import new_id

_ENTRIES: Final = 200_000
_APPENDED: Final = 2_000
_WRITERS: Final = 8
_NEW: Final = 1_000
_ACTOR: Final = Actor("staff", "0198a3f2-5c1e-7b6a-9d3e-4f2a1b7c8d10", "Ada Reviewer")


def measure(stand: Stand) -> Result:
    """Append with 1 and 8 writers to one chain and without it, then verify a long chain."""
    result = Result("audit")
    for writers in (1, _WRITERS):
        chained = _rate(_chained, writers)
        bare = _rate(_bare, writers)
        result.figures[f"append_{writers}_writers_entries_per_s"] = chained
        result.figures[f"append_{writers}_writers_without_chain_entries_per_s"] = bare
        result.figures[f"append_{writers}_writers_ratio"] = chained / bare
    _fill(_ENTRIES)
    with TemporaryDirectory() as folder:
        key = Path(folder) / "audit.pem"
        keys.create(key)
        public = keys.load_public(key)
        started = time.perf_counter()
        report = verification.verify(public_key=public, export_path=None)
        full = report.entries / (time.perf_counter() - started)
        for _ in range(_NEW):
            _chained(0)
        started = time.perf_counter()
        since = resuming.verify_since(dict(report.places), public_key=public)
        seconds = time.perf_counter() - started
    result.figures["verify_entries"] = report.entries
    result.figures["verify_full_entries_per_s"] = full
    result.figures["verify_incremental_seconds"] = seconds
    result.figures["verify_incremental_entries"] = since.entries
    result.targets.append(Target("entries verified per second", 50_000, full, at_least=True))
    result.notes.append(
        f"{_APPENDED} entries each, every one a transaction of its own; without the chain: the same"
        " row inserted without lock and hash. The rows of checkpoints are signed with the stack's"
        " key, so their signatures are not among what is verified."
    )
    return result


def _rate(append: Callable[[int], None], writers: int) -> float:
    """Return entries per second of so many threads."""

    def work(writer: int) -> None:
        try:
            for _ in range(_APPENDED // writers):
                append(writer)
        finally:
            connections.close_all()

    started = time.perf_counter()
    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(work, range(writers)))
    return _APPENDED / (time.perf_counter() - started)


def _chained(writer: int) -> None:
    with transaction.atomic():
        record(
            Action.ASSET_MOVED,
            chain="benchmark",
            actor=_ACTOR,
            subject_type="assets.asset",
            subject_id=str(writer),
            before={"state": "held"},
            after={"state": "released", "version": 3},
            reason="the checks found nothing",
        )


def _bare(writer: int) -> None:
    """Insert the same row, in a chain of its own, so that nobody waits for anybody."""
    key = new_id()
    with transaction.atomic():
        _entry(f"bare:{key}", 1, canonical.GENESIS, str(writer)).save(force_insert=True)


def _entry(chain: str, seq: int, link: bytes, subject: str) -> Entry:
    entry = Entry(
        chain=chain,
        seq=seq,
        at=now(),
        action=Action.ASSET_MOVED.value,
        actor_kind=_ACTOR.kind,
        actor_id=_ACTOR.id,
        actor_label=_ACTOR.label,
        subject_type="assets.asset",
        subject_id=subject,
        before={"state": "held"},
        after={"state": "released", "version": 3},
        reason="the checks found nothing",
        correlation_id=new_id(),
        prev_hash=link,
    )
    entry.hash = canonical.digest(entry.document())
    return entry


def _fill(count: int) -> None:
    """Write a long chain many rows at a time, as a year of use would have."""
    link, rows = canonical.GENESIS, []
    for seq in range(1, count + 1):
        entry = _entry("benchmark:long", seq, link, str(seq))
        link = bytes(entry.hash)
        rows.append(entry)
    Entry.objects.bulk_create(rows, batch_size=2_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE audit_entry")
