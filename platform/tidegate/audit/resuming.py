"""Verifying what came since the last time: the trail grows, and most of it was read before.

Where every chain stood when it last verified lies in a file outside the database. From there on the
entries are read, with their links, and every checkpoint of them; what was verified before is not
read again, so a full verification is still due now and then.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import connection

from tidegate.audit import canonical, keys, merkle, trees, verification
from tidegate.audit.models import Checkpoint
from tidegate.audit.verification import Finding, Place, Report

_HEADS = """
WITH RECURSIVE chains AS (
    (SELECT chain FROM audit_entry ORDER BY chain LIMIT 1)
    UNION ALL
    SELECT (SELECT e.chain FROM audit_entry e WHERE e.chain > c.chain ORDER BY e.chain LIMIT 1)
    FROM chains c WHERE c.chain IS NOT NULL
)
SELECT c.chain, head.seq, encode(head.hash, 'hex')
FROM chains c
CROSS JOIN LATERAL (
    SELECT seq, hash FROM audit_entry e WHERE e.chain = c.chain ORDER BY seq DESC LIMIT 1
) head
WHERE c.chain IS NOT NULL
"""


class StateUnreadable(Exception):
    """The file that says where the chains stood is damaged: verify the whole trail."""


def read_state(path: Path) -> dict[str, Place]:
    """Return where every chain stood; nothing where nothing was verified yet.

    Raises:
        StateUnreadable: the file is there and is no such state.
    """
    try:
        content = json.loads(path.read_bytes())
        return {
            str(chain): Place(int(place["seq"]), str(place["hash"]))
            for chain, place in content["chains"].items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StateUnreadable(f"{path} does not say where the chains stood: {error}") from error


def write_state(path: Path, places: Mapping[str, Place]) -> None:
    """Remember how far every chain was read; whole or not at all."""
    state = {"chains": {chain: {"seq": one.seq, "hash": one.hash} for chain, one in places.items()}}
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    with beside.open("wb") as file:
        file.write(canonical.encode(state) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def verify_since(state: dict[str, Place], *, public_key: Ed25519PublicKey) -> Report:
    """Verify every chain from where it stood."""
    findings: list[Finding] = []
    entries = checkpoints = 0
    heads = _heads()
    for chain, place in state.items():
        if chain not in heads:
            why = f"the whole chain is gone; it had {place.seq} entries when it last verified"
            findings.append(Finding(chain, 1, why))
    for chain, head in heads.items():
        place = state.get(chain, Place(0, canonical.GENESIS.hex()))
        if place == head:
            continue
        found = _follow(chain, place, head)
        entries += max(0, head.seq - place.seq)
        if found is not None:
            findings.append(found)
            continue
        rows = Checkpoint.objects.filter(chain=chain, seq__gt=place.seq).order_by("seq")
        for row in rows.iterator():
            checkpoints += 1
            findings += _checked(row, public_key)
    return Report(entries, len(heads), checkpoints, 0, tuple(findings), heads)


def _follow(chain: str, place: Place, head: Place) -> Finding | None:
    if head.seq < place.seq:
        why = f"the end was cut off; it had {place.seq} entries when it last verified"
        return Finding(chain, head.seq + 1, why)
    found = verification.verify_tail(chain=chain, after=place.seq, until=head.seq, since=place.hash)
    return found if isinstance(found, Finding) else None


def _checked(row: Checkpoint, public_key: Ed25519PublicKey) -> list[Finding]:
    found = verification.verify_tail(chain=row.chain, after=row.seq, until=row.seq)
    findings = [found] if isinstance(found, Finding) else []
    if not keys.is_signed(public_key, bytes(row.signature), canonical.encode(row.document())):
        why = f"the signature of checkpoint {row.number} is wrong"
        findings.append(Finding(row.chain, row.seq, why))
    if row.root is not None and merkle.root(row.seq, trees.Tree(row.chain)) != bytes(row.root):
        why = f"the tree up to it is not the one that was signed (checkpoint {row.number})"
        findings.append(Finding(row.chain, row.seq, why))
    return findings


def _heads() -> dict[str, Place]:
    with connection.cursor() as cursor:
        cursor.execute(_HEADS)
        return {chain: Place(seq, hashed) for chain, seq, hashed in cursor.fetchall()}
