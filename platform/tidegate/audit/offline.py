"""Verify an export of the audit trail, offline: `python offline.py EXPORT --public-key KEY.pem`.

Needs this file, Python 3.11 and the package `cryptography`; nothing of Tidegate, and no network.
The public key must come from where the export did not: it is what everything here rests on.

An export is JSON Lines: signed heads, entries with the path that leads from each to its head's root
(RFC 9162, section 2.1), and proofs that one head's tree is the beginning of the next one's. Every
entry is hashed anew from its content. Ends with 0 when everything holds, with 1 and what does not.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

SHOWN = 20


@dataclass(slots=True)
class Outcome:
    """What was checked and what is wrong: each problem names its line."""

    heads: dict[tuple[str, int], Mapping[str, Any]] = field(default_factory=dict)
    seen: dict[str, set[int]] = field(default_factory=dict)
    linked: set[tuple[str, int, int]] = field(default_factory=set)
    pending: int = 0
    problems: list[str] = field(default_factory=list)

    def entries(self) -> int:
        """Return how many entries were proven."""
        return sum(map(len, self.seen.values()))


def leaf(data: bytes) -> bytes:
    """Return the hash of a leaf: SHA-256 of 0x00 and its data."""
    return sha256(b"\x00" + data).digest()


def node(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node: SHA-256 of 0x01, left and right."""
    return sha256(b"\x01" + left + right).digest()


def is_included(
    data: bytes, index: int, size: int, proof: Sequence[bytes], expected: bytes
) -> bool:
    """Whether a path leads from an entry's hash to a root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    at, last, hashed = index, size - 1, leaf(data)
    for sibling in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            hashed = node(sibling, hashed)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            hashed = node(hashed, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and hashed == expected


def is_consistent(first: int, second: int, proof: Sequence[bytes], old: bytes, new: bytes) -> bool:
    """Whether a proof shows that an old root's tree is the beginning of a new root's (2.1.4.2)."""
    if first == second:
        return not proof and old == new
    if not 0 < first < second or not proof:
        return False
    path = list(proof)
    if first & (first - 1) == 0:
        path.insert(0, old)
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            before, after = node(sibling, before), node(sibling, after)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            after = node(after, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and before == old and after == new


def canonical(document: Mapping[str, Any]) -> bytes:
    """Return the bytes that are hashed and signed: JSON, UTF-8, keys sorted, no spaces."""
    return json.dumps(
        document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def check(lines: Iterable[str], public_key: bytes) -> Outcome:
    """Check every line of an export against a PEM public key."""
    outcome = Outcome()
    key = _loaded(public_key)
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        try:
            line = json.loads(text)
            problem = _CHECKS[line["type"]](line, outcome, key)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            problem = f"is no line of an export ({type(error).__name__}: {error})"
        if problem:
            outcome.problems.append(f"line {number}: {problem}")
    for chain, first, second in _unlinked(outcome):
        outcome.problems.append(f"nothing links head {first} of {chain} to head {second}")
    if not outcome.heads:
        outcome.problems.append("there is no signed head: nothing is proven")
    return outcome


def _check_head(line: Mapping[str, Any], outcome: Outcome, key: Any) -> str:
    document = line["document"]
    outcome.heads[document["chain"], int(document["entries"])] = document
    if document["seq"] != document["entries"]:
        return f"the head counts {document['entries']} entries and ends with {document['seq']}"
    if document["key_id"] != _key_id(key):
        return "the head is signed with another key"
    if not _is_signed(key, bytes.fromhex(line["signature"]), canonical(document)):
        return "the head's signature is wrong"
    return ""


def _check_entry(line: Mapping[str, Any], outcome: Outcome, key: Any) -> str:
    del key
    document, hashed = line["document"], bytes.fromhex(line["hash"])
    chain, seq, size = document["chain"], int(document["seq"]), int(line["size"])
    where = f"entry {seq} of {chain}"
    if sha256(canonical(document)).digest() != hashed:
        return f"{where} was changed: its content has another hash"
    head = outcome.heads.get((chain, size))
    if head is None:
        return f"{where} names a head of {size} entries that is not here"
    proof = [bytes.fromhex(one) for one in line["proof"]]
    if not is_included(hashed, seq - 1, size, proof, bytes.fromhex(head["root"])):
        return f"{where} is not in the tree that was signed"
    outcome.seen.setdefault(chain, set()).add(seq)
    return ""


def _check_consistency(line: Mapping[str, Any], outcome: Outcome, key: Any) -> str:
    del key
    chain, first, second = line["chain"], int(line["first"]), int(line["second"])
    old, new = (bytes.fromhex(outcome.heads[chain, size]["root"]) for size in (first, second))
    proof = [bytes.fromhex(one) for one in line["proof"]]
    if not is_consistent(first, second, proof, old, new):
        return (
            f"the tree of {chain} with {first} entries is not the beginning of that with {second}"
        )
    outcome.linked.add((chain, first, second))
    return ""


def _check_pending(line: Mapping[str, Any], outcome: Outcome, key: Any) -> str:
    del key
    outcome.pending += int(line["count"])
    return ""


_CHECKS = {
    "head": _check_head,
    "entry": _check_entry,
    "consistency": _check_consistency,
    "pending": _check_pending,
}


def _unlinked(outcome: Outcome) -> list[tuple[str, int, int]]:
    """Return neighbouring heads of a chain without a proof between them."""
    sizes: dict[str, list[int]] = {}
    for chain, size in sorted(outcome.heads):
        sizes.setdefault(chain, []).append(size)
    steps = [
        (chain, first, second)
        for chain, found in sizes.items()
        for first, second in pairwise(found)
    ]
    return [step for step in steps if step not in outcome.linked]


def _loaded(pem: bytes) -> Any:
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    return load_pem_public_key(pem)


def _key_id(key: Any) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()


def _is_signed(key: Any, signature: bytes, message: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _summary(outcome: Outcome) -> list[str]:
    said = []
    for (chain, size), head in sorted(outcome.heads.items()):
        said.append(f"{chain}: checkpoint {head['number']} of {head['at']}, {size} entries, signed")
    for chain, seen in sorted(outcome.seen.items()):
        largest = max((size for one, size in outcome.heads if one == chain), default=0)
        is_all = seen == set(range(1, largest + 1))
        which = "all of its entries: nothing is left out" if is_all else f"{len(seen)} entries"
        said.append(f"{chain}: {which}, each proven")
    if outcome.pending:
        said.append(f"{outcome.pending} newer entries were not signed yet and are not here")
    return said


def main(arguments: Sequence[str] | None = None) -> int:
    """Check a file and say what was found."""
    parser = argparse.ArgumentParser(description="Verify an export of the audit trail, offline.")
    parser.add_argument("export", type=Path, help="the export, JSON Lines")
    parser.add_argument("--public-key", type=Path, required=True, help="PEM file, from elsewhere")
    options = parser.parse_args(arguments)
    try:
        with options.export.open(encoding="utf-8") as lines:
            outcome = check(lines, options.public_key.read_bytes())
    except (OSError, ValueError) as error:
        sys.stderr.write(f"it could not be read: {error}\n")
        return 2
    sys.stdout.write("".join(f"{line}\n" for line in _summary(outcome)))
    for problem in outcome.problems[:SHOWN]:
        sys.stdout.write(f"BAD {problem}\n")
    if outcome.problems:
        sys.stdout.write(f"the export does not verify: {len(outcome.problems)} problems\n")
        return 1
    sys.stdout.write(f"the export verifies: {outcome.entries()} entries\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
