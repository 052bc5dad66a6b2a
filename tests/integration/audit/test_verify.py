"""Every way to falsify the trail that we know of, and the sentence each of them gets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from tests.integration.audit.support import append, complaint, tamper, verify
from tidegate.audit import canonical, keys
from tidegate.audit.checkpoints import TrailBroken, checkpoint, checkpoint_if_due
from tidegate.audit.models import Checkpoint, Entry
from tidegate.primitives.ids import new_id

pytestmark = pytest.mark.django_db(transaction=True)

CHAIN = "organisation:a"


def rehash(after: int) -> None:
    """Compute every hash behind `after` anew, as a careful forger would."""
    previous = canonical.GENESIS
    for entry in Entry.objects.filter(chain=CHAIN).order_by("seq"):
        if entry.seq > after:
            entry.prev_hash = previous
            digest = canonical.digest(entry.document())
            tamper(
                "UPDATE audit_entry SET prev_hash = %s, hash = %s WHERE id = %s",
                previous,
                digest,
                entry.id,
            )
            previous = digest
        else:
            previous = bytes(entry.hash)


def test_an_empty_trail_verifies() -> None:
    assert "0 entries in 0 chains" in verify()


def test_a_whole_trail_verifies_and_says_how_fast() -> None:
    append(20)
    append(3, chain="platform")
    checkpoint()
    append(2)
    printed = verify()
    assert "25 entries in 2 chains, 2 checkpoints, 2 exported" in printed
    assert "entries/s" in printed


@pytest.mark.parametrize(
    "column",
    ["reason = 'other'", "actor_label = 'Eve'", "after = '{}'", "before = NULL",
     "at = at + interval '1 microsecond'", "action = 'asset.created'", "subject_id = '99'",
     "correlation_id = gen_random_uuid()", "id = gen_random_uuid()"],
)  # fmt: skip
def test_an_edited_entry_is_found(column: str) -> None:
    append(5)
    tamper(f"UPDATE audit_entry SET {column} WHERE seq = 3")  # noqa: S608
    assert "seq 3: was changed" in complaint()


def test_a_deleted_entry_is_found() -> None:
    append(5)
    tamper("DELETE FROM audit_entry WHERE seq = 3")
    assert "seq 3: missing" in complaint()


def test_a_deleted_beginning_is_found() -> None:
    append(5)
    tamper("DELETE FROM audit_entry WHERE seq < 3")
    assert "seq 1: missing" in complaint()


def test_two_entries_that_changed_places_are_found() -> None:
    append(5)
    tamper("UPDATE audit_entry SET seq = 99 WHERE seq = 2")
    tamper("UPDATE audit_entry SET seq = 2 WHERE seq = 3")
    tamper("UPDATE audit_entry SET seq = 3 WHERE seq = 99")
    assert "seq 2: does not follow" in complaint()


def test_an_entry_put_in_between_is_found() -> None:
    append(4)
    tamper("UPDATE audit_entry SET seq = seq + 1 WHERE seq = 4")
    tamper("UPDATE audit_entry SET seq = seq + 1 WHERE seq = 3")
    forged = Entry.objects.get(seq=2)
    forged.pk, forged.seq, forged.prev_hash = new_id(), 3, bytes(forged.hash)
    forged.hash = canonical.digest(forged.document())
    with pytest.raises(IntegrityError, match="never_forks"), transaction.atomic():
        forged.save(force_insert=True)
    tamper("ALTER TABLE audit_entry DROP CONSTRAINT audit_entry_chain_never_forks")
    try:
        forged.save(force_insert=True)
        said = complaint()
    finally:
        tamper("DELETE FROM audit_entry WHERE seq = 3")
        tamper(
            "ALTER TABLE audit_entry ADD CONSTRAINT audit_entry_chain_never_forks"
            " UNIQUE (chain, prev_hash)"
        )
    assert "seq 4: does not follow" in said


def test_a_cut_off_end_is_found_by_the_checkpoint() -> None:
    append(5)
    checkpoint()
    tamper("DELETE FROM audit_entry WHERE seq > 3")
    assert "seq 4: the end was cut off; it had 5 entries" in complaint("--without-export")


def test_a_chain_rewritten_and_hashed_anew_is_found_by_the_checkpoint() -> None:
    append(5)
    checkpoint()
    tamper("UPDATE audit_entry SET reason = 'other' WHERE seq = 2")
    rehash(1)
    assert "seq 5: is not the entry that was signed" in complaint("--without-export")


def test_a_checkpoint_moved_to_the_rewritten_chain_has_a_wrong_signature() -> None:
    append(5)
    checkpoint()
    tamper("UPDATE audit_entry SET reason = 'other' WHERE seq = 2")
    rehash(1)
    tamper("UPDATE audit_checkpoint SET hash = (SELECT hash FROM audit_entry WHERE seq = 5)")
    assert "the signature of checkpoint 1 is wrong" in complaint("--without-export")


def test_a_checkpoint_signed_with_another_key_is_found(tmp_path: Path) -> None:
    append(5)
    checkpoint()
    keys.create(tmp_path / "other.pem")
    said = complaint("--public-key", str(tmp_path / "other.pem"))
    assert "signed with another key" in said


def test_a_checkpoint_without_a_signature_is_found() -> None:
    append(5)
    checkpoint()
    tamper("UPDATE audit_checkpoint SET signature = ''")
    assert "the signature of checkpoint 1 is wrong" in complaint("--without-export")


def test_a_removed_checkpoint_is_found_by_the_gap() -> None:
    for _ in range(3):
        append(2)
        checkpoint()
    tamper("DELETE FROM audit_checkpoint WHERE number = 2")
    assert "checkpoint 2 was removed" in complaint("--without-export")


def test_an_older_state_put_back_is_found_by_the_export_file() -> None:
    append(5)
    checkpoint()
    append(5)
    checkpoint()
    tamper("DELETE FROM audit_entry WHERE seq > 5")
    tamper("DELETE FROM audit_checkpoint WHERE seq > 5")
    assert "the audit trail verifies" in verify("--without-export")
    said = complaint()
    assert "the end was cut off; it had 10 entries" in said
    assert f"checkpoints#2: the database ends before checkpoint 2 ({CHAIN} up to entry 10)" in said


def test_a_chain_that_is_wholly_gone_is_found_by_the_export_file() -> None:
    append(5)
    append(2, chain="platform")
    checkpoint()
    tamper(f"DELETE FROM audit_entry WHERE chain = '{CHAIN}'")  # noqa: S608
    tamper("DELETE FROM audit_checkpoint")
    assert "the whole chain is gone; it had 5 entries" in complaint()


def test_a_missing_export_file_is_a_fault_once_there_are_checkpoints(audit_files: Path) -> None:
    append(1)
    checkpoint()
    audit_files.unlink()
    assert "is gone" in complaint()


def test_a_forged_line_of_the_export_file_is_found(audit_files: Path) -> None:
    append(3)
    checkpoint()
    audit_files.write_text(audit_files.read_text().replace('"seq":3', '"seq":2'))
    assert "the signature of export line 1 is wrong" in complaint()


def test_half_a_line_left_by_a_crash_does_no_harm(audit_files: Path) -> None:
    append(1)
    checkpoint()
    with audit_files.open("a") as file:
        file.write('{"at":"2026-01-01')
    append(1)
    checkpoint()
    assert "2 checkpoints, 2 exported" in verify()


def test_a_checkpoint_that_was_not_exported_is_exported_by_the_next(
    audit_files: Path,
) -> None:
    append(1)
    checkpoint()
    lines = audit_files.read_text()
    append(1)
    checkpoint()
    audit_files.write_text(lines)  # as if the process had died before it wrote the second line
    assert "2 checkpoints, 1 exported" in verify()
    append(1)
    checkpoint()
    assert "3 checkpoints, 3 exported" in verify()


def test_a_checkpoint_is_due_by_entries_or_by_time(settings: Any) -> None:
    settings.TIDEGATE_AUDIT_CHECKPOINT_SECONDS = 3_600
    settings.TIDEGATE_AUDIT_CHECKPOINT_ENTRIES = 5
    append(1)
    assert len(checkpoint_if_due()) == 1  # there was none at all
    append(4)
    assert checkpoint_if_due() == []
    append(1)
    assert [row.seq for row in checkpoint_if_due()] == [6]
    append(1)
    settings.TIDEGATE_AUDIT_CHECKPOINT_SECONDS = 0
    assert [row.seq for row in checkpoint_if_due()] == [7]
    assert checkpoint_if_due() == []
    assert "the audit trail verifies" in verify()


def test_nothing_is_signed_twice() -> None:
    append(1)
    assert len(checkpoint()) == 1
    assert checkpoint() == []


def test_what_does_not_follow_is_never_signed_and_other_chains_still_are() -> None:
    append(3)
    checkpoint()
    append(3)
    append(1, chain="platform")
    tamper("UPDATE audit_entry SET reason = 'other' WHERE seq = 5")
    with pytest.raises(TrailBroken, match="organisation:a#5"):
        checkpoint()
    assert set(Checkpoint.objects.values_list("chain", "seq")) == {(CHAIN, 3), ("platform", 1)}


def test_an_edit_of_the_signed_entry_itself_stops_the_next_signature() -> None:
    append(3)
    checkpoint()
    tamper("UPDATE audit_entry SET reason = 'other' WHERE seq = 3")
    append(1)
    with pytest.raises(TrailBroken):
        checkpoint()


def test_the_command_signs_and_a_missing_key_is_named(tmp_path: Path) -> None:
    append(1)
    call_command("audit_checkpoint")
    assert Checkpoint.objects.count() == 1
    (tmp_path / "audit.pem").unlink()
    with pytest.raises(CommandError, match=r"audit\.pem cannot be read"):
        call_command("audit_checkpoint")
