"""Merkle trees against the definition of RFC 9162 and the vectors of Certificate Transparency."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.audit import merkle

# From the reference implementation's tests (google/certificate-transparency, merkle_tree_test).
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
SIZES = st.integers(min_value=1, max_value=300)


def naive(leaves: Sequence[bytes]) -> bytes:
    """The definition, word for word."""
    if not leaves:
        return merkle.EMPTY
    if len(leaves) == 1:
        return merkle.leaf(leaves[0])
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return merkle.node(naive(leaves[:split]), naive(leaves[split:]))


def subtrees(leaves: Sequence[bytes]) -> merkle.Complete:
    return lambda level, index: naive(leaves[index << level : index + 1 << level])


def numbered(size: int) -> list[bytes]:
    return [number.to_bytes(32, "big") for number in range(size)]


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_certificate_transparency(size: int) -> None:
    leaves = LEAVES[:size]
    assert merkle.root(size, subtrees(leaves)).hex() == ROOTS[size - 1]
    growing = merkle.Growing()
    for data in leaves:
        growing.append(merkle.leaf(data))
    assert growing.root().hex() == ROOTS[size - 1]


def test_a_known_inclusion_proof() -> None:
    path = merkle.inclusion(0, 8, subtrees(LEAVES))
    assert [one.hex() for one in path] == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]


def test_a_tree_without_leaves_has_the_root_of_nothing() -> None:
    assert merkle.root(0, subtrees([])) == merkle.Growing().root() == merkle.EMPTY


@given(SIZES, st.data())
def test_every_leaf_is_shown_to_be_included_and_nothing_else_is(
    size: int, data: st.DataObject
) -> None:
    leaves = numbered(size)
    index = data.draw(st.integers(min_value=0, max_value=size - 1))
    root = naive(leaves)
    proof = merkle.inclusion(index, size, subtrees(leaves))
    assert merkle.is_included(leaves[index], index, size, proof, root)
    assert not merkle.is_included(b"another", index, size, proof, root)
    assert not merkle.is_included(leaves[index], index, size, [*proof, root], root)
    assert not merkle.is_included(leaves[index], index, size, proof, merkle.EMPTY)
    if proof:
        assert not merkle.is_included(leaves[index], index, size, proof[:-1], root)
        other = (index + 1) % size
        assert not merkle.is_included(leaves[index], other, size, proof, root)


@given(SIZES, st.data())
def test_a_tree_is_shown_to_be_the_beginning_of_a_larger_one(
    second: int, data: st.DataObject
) -> None:
    leaves = numbered(second)
    first = data.draw(st.integers(min_value=1, max_value=second))
    old, new = naive(leaves[:first]), naive(leaves)
    proof = merkle.consistency(first, second, subtrees(leaves))
    assert merkle.is_consistent(first, second, proof, old, new)
    changed = naive([b"changed", *leaves[1:first]])
    assert not merkle.is_consistent(first, second, proof, changed, new)
    assert not merkle.is_consistent(first, second, [*proof, old], old, new)
    if proof:
        assert not merkle.is_consistent(first, second, proof[:-1], old, new)
        assert not merkle.is_consistent(first, second, proof, old, old)


def test_what_is_not_there_has_no_proof() -> None:
    with pytest.raises(ValueError, match="has no leaf 3"):
        merkle.inclusion(3, 3, subtrees(numbered(3)))
    for first, second in ((0, 3), (4, 3)):
        with pytest.raises(ValueError, match="no tree of"):
            merkle.consistency(first, second, subtrees(numbered(3)))
    assert not merkle.is_included(b"", 3, 3, [], merkle.EMPTY)
    assert not merkle.is_consistent(3, 2, [b""], b"", b"")
