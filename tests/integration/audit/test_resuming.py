"""Verifying only what came since the last time finds what a full verification would find there."""

from pathlib import Path

import pytest

from tests.integration.audit.support import append, complaint, tamper, verify
from tidegate.audit.checkpoints import checkpoint

pytestmark = pytest.mark.django_db(transaction=True)


def test_only_what_is_new_is_read() -> None:
    append(20)
    append(3, chain="platform")
    checkpoint()
    verify()
    append(4)
    checkpoint()
    assert "4 entries in 2 chains, 1 checkpoints" in verify("--incremental")
    assert "0 entries in 2 chains, 0 checkpoints" in verify("--incremental")


def test_the_first_time_everything_is_read() -> None:
    append(5)
    checkpoint()
    assert "5 entries in 1 chains, 1 checkpoints" in verify("--incremental")


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("UPDATE audit_entry SET reason = 'other' WHERE seq = 7", "seq 7: was changed"),
        ("DELETE FROM audit_entry WHERE seq = 7", "seq 7: missing"),
        ("DELETE FROM audit_entry WHERE seq >= 4", "seq 4: the end was cut off; it had 5"),
        ("UPDATE audit_entry SET hash = sha256('x') WHERE seq = 5", "seq 5: "),
        ("DELETE FROM audit_entry", "seq 1: the whole chain is gone; it had 5 entries"),
        ("UPDATE audit_checkpoint SET signature = '' WHERE seq = 8", "signature of checkpoint 2"),
    ],
)
def test_what_was_done_to_it_since_is_found(sql: str, said: str) -> None:
    append(5)
    checkpoint()
    verify()
    append(3)
    checkpoint()
    tamper(sql)
    assert said in complaint("--incremental")
    # A trail that does not verify is not remembered as one that did.
    assert said in complaint("--incremental")


def test_what_is_older_waits_for_the_full_verification() -> None:
    append(5)
    verify()
    append(2)
    tamper("UPDATE audit_entry SET reason = 'other' WHERE seq = 2")
    assert "the audit trail verifies" in verify("--incremental")
    assert "seq 2: was changed" in complaint()


def test_a_damaged_state_is_named_and_not_trusted(audit_files: Path) -> None:
    append(1)
    audit_files.with_name("verified.json").write_text('{"chains": 3}')
    assert "does not say where the chains stood" in complaint("--incremental")
    verify()
    assert "the audit trail verifies" in verify("--incremental")
