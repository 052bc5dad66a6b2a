"""What auditors take away verifies by itself, without Tidegate; what was changed does not."""

import json
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.management import CommandError, call_command

from tests.integration.audit.support import append
from tidegate.audit import keys, offline, proofs
from tidegate.audit.checkpoints import checkpoint, key_file
from tidegate.audit.models import Entry
from tidegate.primitives.errors import NotFound

pytestmark = pytest.mark.django_db(transaction=True)

CHAIN = "organisation:a"


@pytest.fixture
def public_key(audit_files: Path) -> Path:
    pem = keys.load_public(key_file()).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    path = audit_files.with_name("public.pem")
    path.write_bytes(pem)
    return path


@pytest.fixture
def exported(audit_files: Path) -> list[dict[str, Any]]:
    """An export of two chains with two checkpoints each, and two entries that are not signed."""
    for count in (3, 4):
        append(count)
        append(count, chain="platform")
        checkpoint()
    append(2)
    return [json.loads(line) for line in proofs.export_lines(Entry.objects.all())]


def ran(lines: list[dict[str, Any]], public_key: Path) -> subprocess.CompletedProcess[str]:
    """Run the script as an auditor does: by itself, away from the project."""
    folder = public_key.parent
    script, export = folder / "verify_export.py", folder / "export.jsonl"
    script.write_text(Path(offline.__file__).read_text())
    export.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return subprocess.run(
        [sys.executable, "-I", script.name, export.name, "--public-key", public_key.name],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_export_verifies_without_the_product(
    exported: list[dict[str, Any]], public_key: Path
) -> None:
    done = ran(exported, public_key)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the export verifies: 14 entries" in done.stdout
    assert f"{CHAIN}: all of its entries: nothing is left out" in done.stdout
    assert "2 newer entries were not signed yet" in done.stdout


def entry_of(lines: list[dict[str, Any]], seq: int) -> dict[str, Any]:
    return next(
        line
        for line in lines
        if line["type"] == "entry"
        and line["document"]["seq"] == seq
        and line["document"]["chain"] == CHAIN
    )


def edited(lines: list[dict[str, Any]]) -> None:
    entry_of(lines, 3)["document"]["reason"] = "other"


def edited_and_hashed_anew(lines: list[dict[str, Any]]) -> None:
    line = entry_of(lines, 3)
    line["document"]["reason"] = "other"
    line["hash"] = sha256(offline.canonical(line["document"])).hexdigest()


def put_elsewhere(lines: list[dict[str, Any]]) -> None:
    one, other = entry_of(lines, 3), entry_of(lines, 4)
    one["proof"], other["proof"] = other["proof"], one["proof"]


def invented(lines: list[dict[str, Any]]) -> None:
    line = json.loads(json.dumps(entry_of(lines, 7)))
    line["document"]["seq"] = 8
    line["hash"] = sha256(offline.canonical(line["document"])).hexdigest()
    lines.append(line)


def another_root(lines: list[dict[str, Any]]) -> None:
    head = next(line for line in lines if line["type"] == "head")
    head["document"]["root"] = "00" * 32


def fewer_entries(lines: list[dict[str, Any]]) -> None:
    head = [line for line in lines if line["type"] == "head"][1]
    head["document"]["entries"] = head["document"]["seq"] = 6


def unlinked(lines: list[dict[str, Any]]) -> None:
    lines.remove(next(line for line in lines if line["type"] == "consistency"))


def wrongly_linked(lines: list[dict[str, Any]]) -> None:
    next(line for line in lines if line["type"] == "consistency")["proof"][0] = "00" * 32


def headless(lines: list[dict[str, Any]]) -> None:
    lines[:] = [line for line in lines if line["type"] == "entry"]


def broken(lines: list[dict[str, Any]]) -> None:
    lines.append({"type": "rumour"})


@pytest.mark.parametrize(
    ("falsify", "said"),
    [
        (edited, f"entry 3 of {CHAIN} was changed"),
        (edited_and_hashed_anew, f"entry 3 of {CHAIN} is not in the tree that was signed"),
        (put_elsewhere, "is not in the tree that was signed"),
        (invented, f"entry 8 of {CHAIN} is not in the tree"),
        (another_root, "the head's signature is wrong"),
        (fewer_entries, "the head's signature is wrong"),
        (unlinked, f"nothing links head 3 of {CHAIN} to head 7"),
        (wrongly_linked, "is not the beginning of that with 7"),
        (headless, "there is no signed head"),
        (broken, "is no line of an export"),
    ],
)
def test_a_falsified_export_does_not_verify(
    exported: list[dict[str, Any]],
    public_key: Path,
    falsify: Callable[[list[dict[str, Any]]], None],
    said: str,
) -> None:
    falsify(exported)
    done = ran(exported, public_key)
    assert done.returncode == 1
    assert said in done.stdout


def test_a_head_of_somebody_else_is_named(
    exported: list[dict[str, Any]], public_key: Path, tmp_path: Path
) -> None:
    keys.create(tmp_path / "other.pem")
    other = keys.load_public(tmp_path / "other.pem")
    public_key.write_bytes(other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    done = ran(exported, public_key)
    assert done.returncode == 1
    assert "the head is signed with another key" in done.stdout


def test_a_missing_file_is_no_proof(public_key: Path) -> None:
    done = subprocess.run(
        [sys.executable, offline.__file__, "nowhere.jsonl", "--public-key", str(public_key)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "it could not be read" in done.stderr


def test_a_part_says_that_it_is_one(public_key: Path) -> None:
    append(5)
    checkpoint()
    some = Entry.objects.filter(seq__in=[2, 4])
    lines = [json.loads(line) for line in proofs.export_lines(some)]
    done = ran(lines, public_key)
    assert done.returncode == 0, done.stdout
    assert f"{CHAIN}: 2 entries, each proven" in done.stdout


def test_what_was_not_signed_has_no_proof() -> None:
    (first,) = append(1)
    with pytest.raises(NotFound):
        proofs.head_of(CHAIN)
    checkpoint()
    (newer,) = append(1)
    head = proofs.head_of(CHAIN)
    assert proofs.inclusion_of(first, head) == []
    with pytest.raises(NotFound):
        proofs.inclusion_of(newer, head)
    with pytest.raises(NotFound):
        proofs.head_of(CHAIN, size=2)


def test_the_command_writes_a_file_that_verifies(public_key: Path) -> None:
    append(3)
    checkpoint()
    file = public_key.with_name("trail.jsonl")
    call_command("audit_export", str(file), "--chain", CHAIN)
    outcome = offline.check(file.read_text().splitlines(), public_key.read_bytes())
    assert (outcome.problems, outcome.entries()) == ([], 3)
    assert Entry.objects.filter(chain="platform", action="trail.exported").count() == 1
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("audit_export", str(file))
