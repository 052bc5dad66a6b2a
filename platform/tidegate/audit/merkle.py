"""Merkle trees by RFC 9162, section 2.1: roots, and proofs that need no more than a few hashes.

A chain is a log: its entry number `i` (from 1) is the leaf `i - 1`, and the leaf's data are the 32
bytes of the entry's hash. An inclusion proof shows that an entry is in the tree of a signed root; a
consistency proof that the tree of an older root is the beginning of a newer one. What checks them
is in `offline`, which auditors run by itself.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256

from tidegate.audit.offline import is_consistent, is_included, leaf, node

__all__ = [
    "EMPTY",
    "Growing",
    "consistency",
    "inclusion",
    "is_consistent",
    "is_included",
    "leaf",
    "node",
    "root",
]

EMPTY = sha256().digest()
"""The root of a tree without leaves."""

Complete = Callable[[int, int], bytes]
"""The hash of the complete subtree of 2**level leaves that begins at leaf index * 2**level."""


class Growing:
    """The root of leaves that come one after the other; keeps no more than one hash per level.

    `completed` is told the level, index and hash of every subtree of more than one leaf as it
    becomes complete.
    """

    def __init__(self, completed: Callable[[int, int, bytes], None] | None = None) -> None:
        self.size = 0
        self._peaks: list[tuple[int, bytes]] = []
        self._completed = completed

    def append(self, hashed: bytes) -> None:
        """Add the hash of a leaf."""
        level = 0
        while self._peaks and self._peaks[-1][0] == level:
            hashed = node(self._peaks.pop()[1], hashed)
            level += 1
            if self._completed is not None:
                self._completed(level, self.size >> level, hashed)
        self._peaks.append((level, hashed))
        self.size += 1

    def root(self) -> bytes:
        """Return the root of what was added so far."""
        return _folded([hashed for _, hashed in self._peaks])


def root(size: int, complete: Complete) -> bytes:
    """Return the root of the first `size` leaves."""
    return _range(0, size, complete) if size else EMPTY


def inclusion(index: int, size: int, complete: Complete) -> list[bytes]:
    """Return the path from a leaf (from 0) to the root of `size` leaves, the lowest hash first.

    Raises:
        ValueError: the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    return _path(index, 0, size, complete)


def consistency(first: int, second: int, complete: Complete) -> list[bytes]:
    """Return the proof that the tree of `first` leaves is the beginning of that of `second`.

    Raises:
        ValueError: not 0 < first <= second.
    """
    if not 0 < first <= second:
        raise ValueError(f"no tree of {first} leaves grows to one of {second}")
    return [] if first == second else _subproof(first, 0, second, complete, is_whole=True)


def _path(index: int, start: int, end: int, complete: Complete) -> list[bytes]:
    if end - start == 1:
        return []
    middle = start + _split(end - start)
    if index < middle:
        return [*_path(index, start, middle, complete), _range(middle, end, complete)]
    return [*_path(index, middle, end, complete), _range(start, middle, complete)]


def _subproof(
    first: int, start: int, end: int, complete: Complete, *, is_whole: bool
) -> list[bytes]:
    if first == end:
        return [] if is_whole else [_range(start, end, complete)]
    middle = start + _split(end - start)
    if first <= middle:
        lower = _subproof(first, start, middle, complete, is_whole=is_whole)
        return [*lower, _range(middle, end, complete)]
    upper = _subproof(first, middle, end, complete, is_whole=False)
    return [*upper, _range(start, middle, complete)]


def _range(start: int, end: int, complete: Complete) -> bytes:
    """Return the root of the leaves from `start` to before `end`, out of complete subtrees."""
    peaks = []
    while start < end:
        level = (end - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        peaks.append(complete(level, start >> level))
        start += 1 << level
    return _folded(peaks)


def _folded(peaks: Sequence[bytes]) -> bytes:
    """Return the root over complete subtrees that become smaller to the right."""
    if not peaks:
        return EMPTY
    hashed = peaks[-1]
    for peak in reversed(peaks[:-1]):
        hashed = node(peak, hashed)
    return hashed


def _split(size: int) -> int:
    """Return the largest power of two below a size."""
    return 1 << (size - 1).bit_length() - 1
