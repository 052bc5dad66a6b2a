"""The Merkle tree of a chain, kept so that neither a checkpoint nor a proof reads all of it.

Of every 256 leaves, 65,536 leaves and so on the root of their complete subtree is a row, written
when a checkpoint covers it. What lies between is hashed again from at most 128 rows or entries.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from tidegate.audit import merkle
from tidegate.audit.models import Entry, TreeNode

STEP: Final = 8
"""Levels between two that are kept: subtrees of 2**8, 2**16 … leaves."""
_WIDE: Final = 1 << STEP


class Tree:
    """Reads hashes of complete subtrees of a chain's first entries, as `merkle.Complete`.

    Raises:
        LookupError: entries or kept nodes are missing: the chain was cut, or has no such size.
    """

    def __init__(self, chain: str) -> None:
        self._chain = chain
        # A proof asks for neighbours that lie in the same rows.
        self._below = lru_cache(maxsize=64)(self._read_below)

    def __call__(self, level: int, index: int) -> bytes:
        """Return the root of the 2**level leaves that begin at leaf index * 2**level."""
        kept = level // STEP * STEP
        if level == kept and level:
            (hashed,) = _kept(self._chain, level, index, 1)
            return hashed
        first = index << (level - kept)
        block, offset = divmod(first, _WIDE)
        hashes = self._below(kept, block)[offset : offset + (1 << (level - kept))]
        if len(hashes) < 1 << (level - kept):
            raise LookupError(f"{self._chain} has no {level - kept} levels at {first}")
        return _folded(hashes)

    def _read_below(self, level: int, block: int) -> list[bytes]:
        """Return up to 256 neighbouring hashes of a kept level; of leaves at level 0."""
        start = block * _WIDE
        return _kept(self._chain, level, start, _WIDE) if level else _leaves(self._chain, start)


def grow(chain: str, size: int) -> int:
    """Write the nodes that the first `size` entries complete; return how many were written."""
    written = 0
    level, complete = STEP, size >> STEP
    while complete:
        have = TreeNode.objects.filter(chain=chain, level=level).count()
        for index in range(have, complete):
            start = index * _WIDE
            below = (
                _leaves(chain, start) if level == STEP else _kept(chain, level - STEP, start, _WIDE)
            )
            TreeNode.objects.create(chain=chain, level=level, index=index, hash=_folded(below))
            written += 1
        level, complete = level + STEP, complete >> STEP
    return written


def chains_with_nodes() -> frozenset[str]:
    """Return the chains that keep nodes: those of 256 entries and more."""
    return frozenset(TreeNode.objects.values_list("chain", flat=True).distinct())


def kept_nodes(chain: str) -> dict[tuple[int, int], bytes]:
    """Return every kept node of a chain by level and index."""
    rows = TreeNode.objects.filter(chain=chain).values_list("level", "index", "hash")
    return {(level, index): bytes(hashed) for level, index, hashed in rows}


def _leaves(chain: str, start: int) -> list[bytes]:
    rows = Entry.objects.filter(chain=chain, seq__gt=start, seq__lte=start + _WIDE)
    return [merkle.leaf(bytes(one)) for one in rows.order_by("seq").values_list("hash", flat=True)]


def _kept(chain: str, level: int, first: int, count: int) -> list[bytes]:
    rows = TreeNode.objects.filter(
        chain=chain, level=level, index__gte=first, index__lt=first + count
    )
    found = [bytes(one) for one in rows.order_by("index").values_list("hash", flat=True)]
    if not found:
        raise LookupError(f"{chain} keeps no node {first} of level {level}")
    return found


def _folded(hashes: Sequence[bytes]) -> bytes:
    while len(hashes) > 1:
        hashes = [
            merkle.node(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=True)
        ]
    return hashes[0]
