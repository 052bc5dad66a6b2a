"""Proving the trail: every entry, every link, every signature, against an outside copy."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db.models import QuerySet

from tidegate.audit import canonical, export, keys
from tidegate.audit.models import Checkpoint, Entry

_CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, and where: `seq` is 0 where the whole chain is meant."""

    chain: str
    seq: int
    why: str

    def __str__(self) -> str:
        return f"{self.chain}#{self.seq}: {self.why}"


@dataclass(frozen=True, slots=True)
class Report:
    """What was looked at and what was found, first things first."""

    entries: int
    chains: int
    checkpoints: int
    exported: int
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class _Statement:
    """A checkpoint from either source, to be met while reading its chain."""

    seq: int
    hash: str
    origin: str


def verify(*, public_key: Ed25519PublicKey, export_path: Path | None) -> Report:
    """Read the whole trail in order and compare it with every checkpoint there is.

    `export_path` of None leaves the outside copy out: then a database restored to an older
    state, checkpoints included, looks whole.

    Raises:
        ExportUnreadable: the file is missing or damaged.
    """
    # Outside copy first, entries last: what is appended meanwhile is then not missed.
    exported = list(export.read(export_path)) if export_path is not None else []
    rows = list(Checkpoint.objects.order_by("chain", "seq").iterator(chunk_size=_CHUNK))
    findings = [
        *_signatures(public_key, rows, exported),
        *_gaps(rows),
        *(_differences(rows, exported) if export_path is not None else ()),
    ]
    statements = _statements(rows, exported)
    reader = _Reader(statements)
    for entry in Entry.objects.order_by("chain", "seq").iterator(chunk_size=_CHUNK):
        reader.read(entry)
    reader.end()
    found = sorted([*reader.findings, *findings], key=lambda one: (one.chain, one.seq))
    return Report(reader.entries, reader.chains, len(rows), len(exported), tuple(found))


def verify_tail(*, chain: str, after: int, until: int) -> bytes | Finding:
    """Verify a chain from its checkpoint at `after` (0: from its start) to `until`.

    Returns the hash at `until`, or the first thing that is wrong.
    """
    signed = Checkpoint.objects.filter(chain=chain, seq=after).first() if after else None
    link = _Link(chain)
    tail: QuerySet[Entry] = Entry.objects.filter(chain=chain, seq__gte=after, seq__lte=until)
    if signed is not None:
        link.seq, link.hash = after - 1, None
    for entry in tail.order_by("seq").iterator(chunk_size=_CHUNK):
        if finding := link.follow(entry):
            return finding
        if signed is not None and entry.seq == after and bytes(signed.hash) != link.hash:
            return Finding(chain, after, "the entry is not the one that was signed")
    if link.seq != until or link.hash is None:
        return Finding(chain, link.seq + 1, "the entry is missing")
    return link.hash


class _Link:
    """The end of a chain, as far as it was followed. A hash of None takes any predecessor."""

    def __init__(self, chain: str) -> None:
        self.chain = chain
        self.seq = 0
        self.hash: bytes | None = canonical.GENESIS

    def follow(self, entry: Entry) -> Finding | None:
        """Go on to the next entry, or say why it does not follow; then go on from it anyway."""
        expected_seq, expected_hash = self.seq + 1, self.hash
        self.seq, self.hash = entry.seq, bytes(entry.hash)
        if entry.seq != expected_seq:
            return Finding(self.chain, expected_seq, f"missing; the next is #{entry.seq}")
        if expected_hash is not None and bytes(entry.prev_hash) != expected_hash:
            return Finding(self.chain, entry.seq, "does not follow the entry before it")
        if canonical.digest(entry.document()) != self.hash:
            return Finding(self.chain, entry.seq, "was changed: its content has another hash")
        return None


class _Reader:
    """Follows every chain in one pass and meets every checkpoint on the way."""

    def __init__(self, statements: dict[str, list[_Statement]]) -> None:
        self.findings: list[Finding] = []
        self.entries = self.chains = 0
        self._statements = statements
        self._link: _Link | None = None
        self._due: Iterator[_Statement] = iter(())
        self._next: _Statement | None = None

    def read(self, entry: Entry) -> None:
        if self._link is None or self._link.chain != entry.chain:
            self._leave()
            self._link = _Link(entry.chain)
            self._due = iter(self._statements.pop(entry.chain, []))
            self._next = next(self._due, None)
            self.chains += 1
        self.entries += 1
        if finding := self._link.follow(entry):
            self.findings.append(finding)
        while self._next is not None and self._next.seq <= entry.seq:
            if self._next.seq == entry.seq and self._next.hash != bytes(entry.hash).hex():
                why = f"is not the entry that was signed ({self._next.origin})"
                self.findings.append(Finding(entry.chain, entry.seq, why))
            self._next = next(self._due, None)

    def end(self) -> None:
        self._leave()
        for chain, statements in self._statements.items():
            last = statements[-1]
            why = f"the whole chain is gone; it had {last.seq} entries ({last.origin})"
            self.findings.append(Finding(chain, 1, why))

    def _leave(self) -> None:
        """Look whether the chain reaches as far as its last checkpoint says."""
        if self._link is None or self._next is None:
            return
        last = [self._next, *self._due][-1]
        why = f"the end was cut off; it had {last.seq} entries ({last.origin})"
        self.findings.append(Finding(self._link.chain, self._link.seq + 1, why))


def _statements(
    rows: Sequence[Checkpoint], exported: Sequence[export.Exported]
) -> dict[str, list[_Statement]]:
    statements: dict[str, list[_Statement]] = {}
    for row in rows:
        statement = _Statement(row.seq, bytes(row.hash).hex(), f"checkpoint {row.number}")
        statements.setdefault(row.chain, []).append(statement)
    for line in exported:
        statement = _Statement(line.seq, str(line.document["hash"]), f"export line {line.line}")
        statements.setdefault(line.chain, []).append(statement)
    for found in statements.values():
        found.sort(key=lambda statement: statement.seq)
    return statements


def _signatures(
    public_key: Ed25519PublicKey,
    rows: Sequence[Checkpoint],
    exported: Sequence[export.Exported],
) -> Iterator[Finding]:
    known = keys.key_id(public_key)
    stated: list[tuple[str, dict[str, Any], bytes]] = [
        (f"checkpoint {row.number}", row.document(), bytes(row.signature)) for row in rows
    ]
    stated += [(f"export line {line.line}", line.document, line.signature) for line in exported]
    for origin, document, signature in stated:
        chain, seq = str(document["chain"]), int(document["seq"])
        if document["key_id"] != known:
            yield Finding(chain, seq, f"{origin} is signed with another key")
        elif not keys.is_signed(public_key, signature, canonical.encode(document)):
            yield Finding(chain, seq, f"the signature of {origin} is wrong")
        elif document["entries"] != seq:
            yield Finding(chain, seq, f"{origin} counts {document['entries']} entries")


def _gaps(rows: Sequence[Checkpoint]) -> Iterator[Finding]:
    """Look for checkpoints taken out of the table."""
    last = 0
    for row in sorted(rows, key=lambda row: row.number):
        if row.number != last + 1:
            yield Finding(row.chain, row.seq, f"checkpoint {last + 1} was removed from the table")
        last = row.number


def _differences(
    rows: Sequence[Checkpoint], exported: Sequence[export.Exported]
) -> Iterator[Finding]:
    """Compare the table with the file; rows newer than the file's end are on their way to it."""
    table = {row.number: row for row in rows}
    lines = {line.number: line for line in exported}
    for number, line in lines.items():
        row = table.get(number)
        if row is None:
            yield Finding(line.chain, line.seq, f"checkpoint {number} was removed from the table")
        elif row.document() != line.document or bytes(row.signature) != line.signature:
            yield Finding(line.chain, line.seq, f"checkpoint {number} is not the one exported")
    end = max(lines, default=0)
    for number, row in table.items():
        if number < end and number not in lines:
            yield Finding(row.chain, row.seq, f"checkpoint {number} is not in the export file")
