"""The tree of a chain: grown at checkpoints, kept in rows, verified, and the proofs it gives."""

import pytest
from django.db import IntegrityError, connection, transaction

from tests.integration.audit.support import append, complaint, tamper, verify
from tidegate.audit import canonical, merkle, trees
from tidegate.audit.checkpoints import checkpoint
from tidegate.audit.models import Checkpoint, Entry, TreeNode
from tidegate.primitives.clock import now
from tidegate.primitives.ids import new_id

pytestmark = pytest.mark.django_db(transaction=True)

CHAIN = "organisation:a"


def long_chain(size: int) -> list[bytes]:
    """Append entries as the service would, many at a time; return the chain's hashes."""
    previous = Entry.objects.filter(chain=CHAIN).order_by("-seq").first()
    link = canonical.GENESIS if previous is None else bytes(previous.hash)
    first = 1 if previous is None else previous.seq + 1
    rows = []
    for seq in range(first, first + size):
        row = Entry(
            chain=CHAIN,
            seq=seq,
            at=now(),
            action="asset.moved",
            actor_kind="system",
            actor_id="moderation",
            subject_type="assets.asset",
            subject_id=str(seq),
            after={"seq": seq},
            correlation_id=new_id(),
            prev_hash=link,
        )
        link = row.hash = canonical.digest(row.document())
        rows.append(row)
    Entry.objects.bulk_create(rows)
    return [
        bytes(one)
        for one in Entry.objects.filter(chain=CHAIN).order_by("seq").values_list("hash", flat=True)
    ]


def root_of(hashes: list[bytes]) -> bytes:
    growing = merkle.Growing()
    for one in hashes:
        growing.append(merkle.leaf(one))
    return growing.root()


def test_checkpoints_commit_to_the_tree_and_keep_what_it_completes() -> None:
    hashes = long_chain(600)
    (first,) = checkpoint()
    assert bytes(first.root or b"") == root_of(hashes)
    assert TreeNode.objects.filter(chain=CHAIN, level=8).count() == 2
    hashes = long_chain(200)
    (second,) = checkpoint()
    assert bytes(second.root or b"") == root_of(hashes)
    assert TreeNode.objects.filter(chain=CHAIN, level=8).count() == 3
    assert "800 entries in 1 chains, 2 checkpoints, 2 exported" in verify()


@pytest.mark.parametrize("seq", [1, 256, 257, 512, 513, 600])
def test_every_entry_is_shown_to_be_in_every_later_tree(seq: int) -> None:
    hashes = long_chain(600)
    checkpoint()
    tree = trees.Tree(CHAIN)
    for size in (600, max(seq, 300)):
        proof = merkle.inclusion(seq - 1, size, tree)
        root = merkle.root(size, tree)
        assert root == root_of(hashes[:size])
        assert merkle.is_included(hashes[seq - 1], seq - 1, size, proof, root)
        assert len(proof) <= 10


def test_every_older_tree_is_shown_to_be_the_beginning() -> None:
    hashes = long_chain(600)
    checkpoint()
    tree = trees.Tree(CHAIN)
    for first in (1, 255, 256, 257, 511, 512, 599):
        proof = merkle.consistency(first, 600, tree)
        old, new = root_of(hashes[:first]), root_of(hashes)
        assert merkle.is_consistent(first, 600, proof, old, new)


def test_a_proof_reads_no_more_than_a_few_blocks(
    django_assert_max_num_queries: object,
) -> None:
    long_chain(2_000)
    checkpoint()
    with django_assert_max_num_queries(8):  # type: ignore[operator]  # pytest-django's fixture
        merkle.inclusion(777, 2_000, trees.Tree(CHAIN))


def test_a_chain_from_before_there_were_trees_gets_its_own_at_the_next_checkpoint() -> None:
    append(3)
    checkpoint()
    # As an older release wrote it: without a root, and signed without one.
    tamper("UPDATE audit_checkpoint SET root = NULL")
    assert "the signature of checkpoint 1 is wrong" in complaint("--without-export")
    tamper("DELETE FROM audit_checkpoint")
    hashes = long_chain(300)
    (made,) = checkpoint()
    assert bytes(made.root or b"") == root_of(hashes)


def test_a_kept_node_that_was_changed_is_found() -> None:
    long_chain(300)
    checkpoint()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_tree_node DISABLE TRIGGER audit_tree_node_append_only")
        cursor.execute("UPDATE audit_tree_node SET hash = sha256('x')")
        cursor.execute("ALTER TABLE audit_tree_node ENABLE TRIGGER audit_tree_node_append_only")
    assert "the kept node 0 of level 8 is not what the entries make" in complaint()


@pytest.mark.parametrize(
    "sql", ["UPDATE audit_tree_node SET hash = ''", "DELETE FROM audit_tree_node"]
)
def test_the_database_refuses_to_change_a_node(sql: str) -> None:
    long_chain(256)
    checkpoint()
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)


def test_a_root_that_does_not_fit_its_entries_is_found_even_when_it_is_signed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    append(3)
    monkeypatch.setattr(merkle, "root", lambda *_: bytes(32))
    checkpoint()
    assert "the tree up to it is not the one that was signed (checkpoint 1)" in complaint()


def test_a_tree_of_missing_entries_has_no_proof() -> None:
    append(3)
    with pytest.raises(LookupError):
        merkle.root(4, trees.Tree(CHAIN))
    assert Checkpoint.objects.count() == 0
