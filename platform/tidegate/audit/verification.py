"""Proving the trail: every entry, every link, every signature, against an outside copy."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tidegate.audit import canonical, export, keys, merkle, reading, trees
from tidegate.audit.models import Checkpoint
from tidegate.audit.reading import Read

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
class Place:
    """An entry of a chain, by its number and hash."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Report:
    """What was looked at and what was found, first things first.

    `places` is how far every chain was read.
    """

    entries: int
    chains: int
    checkpoints: int
    exported: int
    findings: tuple[Finding, ...]
    places: Mapping[str, Place]


@dataclass(slots=True)
class _Statement:
    """A checkpoint from either source, to be met while reading its chain."""

    seq: int
    hash: str
    origin: str
    root: str | None = None


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
    for entry in reading.entries():
        reader.read(entry)
    reader.end()
    found = sorted([*reader.findings, *findings], key=lambda one: (one.chain, one.seq))
    return Report(
        reader.entries,
        len(reader.places),
        len(rows),
        len(exported),
        tuple(found),
        reader.places,
    )


def verify_tail(*, chain: str, after: int, until: int, since: str | None = None) -> bytes | Finding:
    """Verify a chain from its checkpoint at `after` (0: from its start) to `until`.

    With `since`, from the entry at `after` whose hash this must be, checkpoint or not. Returns the
    hash at `until`, or the first thing that is wrong.
    """
    signed = since if after else None
    if after and since is None:
        row = Checkpoint.objects.filter(chain=chain, seq=after).first()
        signed = None if row is None else bytes(row.hash).hex()
    link = _Link(chain)
    if signed is not None:
        link.seq, link.hash = after - 1, None
    for entry in reading.entries("chain = %s AND seq BETWEEN %s AND %s", (chain, after, until)):
        if finding := link.follow(entry):
            return finding
        if signed is not None and entry.seq == after and signed != link.hash:
            why = "signed" if since is None else "there when it last verified"
            return Finding(chain, after, f"the entry is not the one that was {why}")
    if link.seq != until or link.hash is None:
        return Finding(chain, link.seq + 1, "the entry is missing")
    return bytes.fromhex(link.hash)


class _Link:
    """The end of a chain, as far as it was followed. A hash of None takes any predecessor."""

    def __init__(self, chain: str) -> None:
        self.chain = chain
        self.seq = 0
        self.hash: str | None = canonical.GENESIS.hex()

    def follow(self, entry: Read) -> Finding | None:
        """Go on to the next entry, or say why it does not follow; then go on from it anyway."""
        expected_seq, expected_hash = self.seq + 1, self.hash
        self.seq, self.hash = entry.seq, entry.hash
        if entry.seq != expected_seq:
            return Finding(self.chain, expected_seq, f"missing; the next is #{entry.seq}")
        if expected_hash is not None and entry.prev_hash != expected_hash:
            return Finding(self.chain, entry.seq, "does not follow the entry before it")
        if entry.digest != entry.hash:
            return Finding(self.chain, entry.seq, "was changed: its content has another hash")
        return None


class _Reader:
    """Follows every chain in one pass and meets every checkpoint on the way."""

    def __init__(self, statements: dict[str, list[_Statement]]) -> None:
        self.findings: list[Finding] = []
        self.entries = 0
        self.places: dict[str, Place] = {}
        self._statements = statements
        self._link: _Link | None = None
        self._tree = merkle.Growing()
        self._kept: dict[tuple[int, int], bytes] = {}
        # Most chains are too short for any, and there may be thousands.
        self._with_nodes = trees.chains_with_nodes()
        self._due: Iterator[_Statement] = iter(())
        self._next: _Statement | None = None

    def read(self, entry: Read) -> None:
        if self._link is None or self._link.chain != entry.chain:
            self._leave()
            self._link = _Link(entry.chain)
            self._tree = merkle.Growing(self._compare)
            self._kept = trees.kept_nodes(entry.chain) if entry.chain in self._with_nodes else {}
            self._due = iter(self._statements.pop(entry.chain, []))
            self._next = next(self._due, None)
        self.entries += 1
        if finding := self._link.follow(entry):
            self.findings.append(finding)
        self._tree.append(merkle.leaf(bytes.fromhex(entry.hash)))
        while self._next is not None and self._next.seq <= entry.seq:
            if self._next.seq == entry.seq and self._next.hash != entry.hash:
                why = f"is not the entry that was signed ({self._next.origin})"
                self.findings.append(Finding(entry.chain, entry.seq, why))
            elif self._next.root not in {None, self._tree.root().hex()}:
                why = f"the tree up to it is not the one that was signed ({self._next.origin})"
                self.findings.append(Finding(entry.chain, entry.seq, why))
            self._next = next(self._due, None)

    def _compare(self, level: int, index: int, hashed: bytes) -> None:
        """Compare a subtree that the entries complete with the row that is kept of it."""
        if self._kept.get((level, index), hashed) != hashed and self._link is not None:
            why = f"the kept node {index} of level {level} is not what the entries make"
            self.findings.append(Finding(self._link.chain, (index + 1) << level, why))

    def end(self) -> None:
        self._leave()
        for chain, statements in self._statements.items():
            last = statements[-1]
            why = f"the whole chain is gone; it had {last.seq} entries ({last.origin})"
            self.findings.append(Finding(chain, 1, why))

    def _leave(self) -> None:
        """Look whether the chain reaches as far as its last checkpoint says."""
        if self._link is not None and self._link.hash is not None:
            self.places[self._link.chain] = Place(self._link.seq, self._link.hash)
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
        root = None if row.root is None else bytes(row.root).hex()
        statement = _Statement(row.seq, bytes(row.hash).hex(), f"checkpoint {row.number}", root)
        statements.setdefault(row.chain, []).append(statement)
    for line in exported:
        statement = _Statement(
            line.seq,
            str(line.document["hash"]),
            f"export line {line.line}",
            line.document.get("root"),
        )
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
    newest = max(table, default=0)
    if lost := sorted(number for number in lines if number > newest):
        # As after the restore of an older backup: one cause, said once and before all else.
        first = lines[lost[0]]
        yield Finding(
            "checkpoints",
            first.number,
            f"the database ends before checkpoint {first.number} ({first.chain} up to entry"
            f" {first.seq}), the first of {len(lost)} that only the export file has:"
            " it was cut off, or an older backup was restored",
        )
    for number, line in lines.items():
        row = table.get(number)
        if row is None and number > newest:
            continue
        if row is None:
            yield Finding(line.chain, line.seq, f"checkpoint {number} was removed from the table")
        elif row.document() != line.document or bytes(row.signature) != line.signature:
            yield Finding(line.chain, line.seq, f"checkpoint {number} is not the one exported")
    end = max(lines, default=0)
    for number, row in table.items():
        if number < end and number not in lines:
            yield Finding(row.chain, row.seq, f"checkpoint {number} is not in the export file")
