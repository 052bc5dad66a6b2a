"""Proofs over HTTP: a tree head, an entry in it, one tree in another, an export."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import factories as make
from tests.integration.api.caller import problem, signed_in
from tests.integration.audit.support import append

if TYPE_CHECKING:
    from pytest_django import Settings

    from tests.integration.api.caller import Caller

pytestmark = pytest.mark.django_db(transaction=True)

CHAIN = "organisation:a"


@pytest.fixture
def auditor(caller: Caller, tmp_path: Path, settings: Settings) -> Any:
    from tidegate.audit import keys
    from tidegate.audit.checkpoints import checkpoint

    settings.TIDEGATE_AUDIT_KEY_FILE = tmp_path / "audit.pem"
    settings.TIDEGATE_AUDIT_EXPORT_FILE = tmp_path / "checkpoints.jsonl"
    keys.create(tmp_path / "audit.pem")
    append(5)
    checkpoint()
    append(4)
    checkpoint()
    return signed_in(make.make_user(staff=["auditor"]))


def test_an_entry_is_proven_to_be_in_the_newest_tree(auditor: Any) -> None:
    from tidegate.audit import offline

    head = auditor.get(f"/api/v1/audit/tree-head?chain={CHAIN}").json()
    assert head["document"]["entries"] == 9
    told = auditor.get(f"/api/v1/audit/proof/3?chain={CHAIN}").json()
    assert told["head"] == head
    assert offline.is_included(
        bytes.fromhex(told["hash"]),
        told["seq"] - 1,
        head["document"]["entries"],
        [bytes.fromhex(one) for one in told["proof"]],
        bytes.fromhex(head["document"]["root"]),
    )
    older = auditor.get(f"/api/v1/audit/proof/3?chain={CHAIN}&size=5").json()
    assert older["head"]["document"]["entries"] == 5


def test_history_is_proven_to_have_been_added_to_only(auditor: Any) -> None:
    from tidegate.audit import offline

    told = auditor.get(f"/api/v1/audit/consistency?chain={CHAIN}&from=5").json()
    old, new = told["first"]["document"], told["second"]["document"]
    assert (old["entries"], new["entries"]) == (5, 9)
    assert offline.is_consistent(
        5,
        9,
        [bytes.fromhex(one) for one in told["proof"]],
        bytes.fromhex(old["root"]),
        bytes.fromhex(new["root"]),
    )


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("tree-head?chain=nobody", 404, "tree_not_found"),
        ("tree-head?chain=%00", 404, "tree_not_found"),
        (f"tree-head?chain={CHAIN}&size=7", 404, "tree_not_found"),
        (f"tree-head?chain={CHAIN}&size=many", 400, "out_of_range"),
        (f"proof/99?chain={CHAIN}", 404, "tree_not_found"),
        (f"proof/7?chain={CHAIN}&size=5", 404, "tree_not_found"),
        (f"consistency?chain={CHAIN}&from=9&to=5", 404, "tree_not_found"),
        ("export?correlation_id=nonsense", 400, "invalid_uuid"),
    ],
)
def test_what_cannot_be_proven_is_said(auditor: Any, address: str, status: int, code: str) -> None:
    problem(auditor.get(f"/api/v1/audit/{address}"), status, code)


def test_an_export_verifies_and_is_remembered(auditor: Any) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    from tidegate.audit import keys, offline
    from tidegate.audit.checkpoints import key_file
    from tidegate.audit.models import Entry

    answer = auditor.get(f"/api/v1/audit/export?chain={CHAIN}")
    lines = answer.content.decode().splitlines()
    pem = keys.load_public(key_file()).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    outcome = offline.check(lines, pem)
    assert outcome.problems == []
    assert outcome.entries() == 9
    taken = Entry.objects.get(action="trail.exported")
    assert taken.after == {"entries": 9, "chain": CHAIN}
    assert [json.loads(line)["type"] for line in lines[:3]] == ["head", "head", "consistency"]


def test_only_auditors_and_nobody_beyond_their_key(auditor: Any) -> None:
    reviewer: Any = signed_in(make.make_user(staff=["reviewer"]))
    for address in ("tree-head", "proof/1", "consistency?from=1", "export"):
        problem(reviewer.get(f"/api/v1/audit/{address}"), 403, "not_auditor")
