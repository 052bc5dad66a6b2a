"""Proofs that auditors are given: an entry is in a signed tree, a tree is the start of a later one.

Only what a checkpoint with a root covers can be proven; what is newer waits for the next one.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Final

from django.db.models import QuerySet

from tidegate.audit import merkle
from tidegate.audit.models import Checkpoint, Entry
from tidegate.audit.trees import Tree
from tidegate.primitives.errors import NotFound

LARGEST_EXPORT: Final = 20_000
"""Entries in one answer; `manage.py audit_export` writes any number to a file."""
_CHUNK: Final = 1_000


def head_of(chain: str, *, size: int | None = None) -> Checkpoint:
    """Return a chain's newest checkpoint with a root, or the one of that many entries.

    Raises:
        NotFound: there is none.
    """
    found = Checkpoint.objects.filter(chain=chain, root__isnull=False)
    if size is not None:
        found = found.filter(entries=size)
    head = found.order_by("-seq").first()
    if head is None:
        raise NotFound("There is no such signed tree of this chain.", code="tree_not_found")
    return head


def inclusion_of(entry: Entry, head: Checkpoint) -> list[str]:
    """Return the path from an entry to a head's root, in hexadecimal, the lowest first.

    Raises:
        NotFound: the head was signed before the entry.
    """
    if entry.seq > head.entries:
        raise NotFound("The entry is newer than this signed tree.", code="tree_not_found")
    proof = merkle.inclusion(entry.seq - 1, head.entries, Tree(entry.chain))
    return [one.hex() for one in proof]


def consistency_of(first: Checkpoint, second: Checkpoint) -> list[str]:
    """Return the proof that a chain's earlier tree is the beginning of a later one."""
    proof = merkle.consistency(first.entries, second.entries, Tree(first.chain))
    return [one.hex() for one in proof]


def statement_of(head: Checkpoint) -> dict[str, Any]:
    """Return a signed head as it is given away."""
    return {
        "type": "head",
        "document": head.document(),
        "signature": bytes(head.signature).hex(),
    }


def export_lines(entries: QuerySet[Entry]) -> Iterator[str]:
    """Yield an export as JSON Lines, see `offline`: heads, the links between them, then entries.

    Of every chain among the entries its newest head is given, and its first, so that who has an
    older export sees that history was not rewritten since.
    """
    chains = list(entries.order_by("chain").values_list("chain", flat=True).distinct())
    newest: dict[str, Checkpoint] = {}
    for chain in chains:
        heads = _heads(chain)
        if not heads:
            continue
        newest[chain] = heads[-1]
        yield from (_line(statement_of(head)) for head in heads)
        for first, second in pairwise(heads):
            yield _line(
                {
                    "type": "consistency",
                    "chain": chain,
                    "first": first.entries,
                    "second": second.entries,
                    "proof": consistency_of(first, second),
                }
            )
    pending = 0
    trees = {chain: Tree(chain) for chain in newest}
    for entry in entries.order_by("chain", "seq").iterator(chunk_size=_CHUNK):
        head = newest.get(entry.chain)
        if head is None or entry.seq > head.entries:
            pending += 1
            continue
        proof = merkle.inclusion(entry.seq - 1, head.entries, trees[entry.chain])
        yield _line(
            {
                "type": "entry",
                "document": entry.document(),
                "hash": bytes(entry.hash).hex(),
                "size": head.entries,
                "proof": [one.hex() for one in proof],
                # For people: what is proved is the document, where these are sealed.
                **({"opened": _opened(entry)} if entry.sealed() else {}),
            }
        )
    if pending:
        yield _line({"type": "pending", "count": pending})


def _heads(chain: str) -> Sequence[Checkpoint]:
    found = Checkpoint.objects.filter(chain=chain, root__isnull=False).order_by("seq")
    ends = [found.first(), found.last()]
    return list({head.number: head for head in ends if head is not None}.values())


def _opened(entry: Entry) -> dict[str, Any]:
    """Return what the sealed fields say, as far as their keys are there."""
    return {name: getattr(entry, name) for name in entry.sealed()}


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"
