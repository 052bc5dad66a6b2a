"""Hash banks over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests import factories as make
from tests.integration.api.caller import post, problem, signed_in, staff_key

if TYPE_CHECKING:
    from tests.integration.api.caller import Caller

pytestmark = pytest.mark.django_db

A = "ab" * 32
LIST = f"raw_indicator,type,tags\n{A},HASH_PDQ,hazard:hate\n"


@pytest.fixture
def admin(caller: Caller) -> Any:
    return signed_in(make.make_user(staff=["policy_admin"]))


@pytest.fixture
def bank(admin: Any) -> str:
    body = {"name": "a partner's", "effect": "block", "reason": "agreed", "enabled_share": 0.5}
    answer = post(admin, "/api/v1/hash-banks", body)
    assert answer.status_code == 201
    return str(answer.json()["id"])


def put(client: Any, path: str, body: Any) -> Any:
    return client.put(path, body, content_type="application/json")


def test_a_bank_is_made_changed_and_listed(admin: Any, bank: str) -> None:
    at = f"/api/v1/hash-banks/{bank}"
    changed = put(admin, at, {"enabled_share": 1, "fuse_matches": 5, "reason": "all of it"}).json()
    assert (changed["enabled_share"], changed["fuse_matches"], changed["fuse_seconds"]) == (
        1.0,
        5,
        None,
    )
    listed = admin.get("/api/v1/hash-banks").json()["items"]
    assert {"name": "a partner's", "effect": "block", "entries": 0}.items() <= next(
        one for one in listed if one["id"] == bank
    ).items()
    body = {"name": "a partner's", "effect": "block", "reason": "again"}
    problem(post(admin, "/api/v1/hash-banks", body), 409, "bank_name_taken")


def test_an_entry_lives_its_life_over_http(admin: Any, bank: str) -> None:
    body = {"bank_id": bank, "kind": "pdq", "value": A, "hazard": "hate", "reason": "seen"}
    added = post(admin, "/api/v1/hashes", {**body, "owner": "A partner"})
    assert added.status_code == 201
    entry = added.json()
    assert (entry["owner"], entry["is_live"], entry["matches"]) == ("A partner", True, [])
    at = f"/api/v1/hashes/{entry['id']}"
    paused = post(admin, f"{at}/pause", {"reason": "too broad"}).json()
    assert (paused["is_live"], paused["paused_because"]) == (False, "too broad")
    found = admin.get(f"/api/v1/hashes?state=paused&bank_id={bank}&kind=pdq&value=abab").json()
    assert [one["id"] for one in found["items"]] == [entry["id"]]
    assert post(admin, f"{at}/resume", {"reason": "fine"}).json()["is_live"]
    until = {"expires_at": "2040-01-01T00:00:00Z", "reason": "for now"}
    assert put(admin, f"{at}/expiry", until).json()["expires_at"].startswith("2040")
    assert post(admin, f"{at}/removal", {"reason": "a mistake"}).status_code == 204
    problem(admin.get(at), 404, "hash_not_found")


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_list_goes_in_and_out(admin: Any, bank: str, form: str) -> None:
    at = f"/api/v1/hash-banks/{bank}"
    body = {"form": "csv", "list": LIST, "reason": "agreed"}
    counts = post(admin, f"{at}/import", body).json()
    assert counts == {"added": 1, "changed": 0, "unchanged": 0}
    out = admin.get(f"{at}/export?form={form}")
    assert out.headers["Content-Type"].startswith({"csv": "text/csv"}.get(form, "application/json"))
    again = {"form": form, "list": out.content.decode(), "reason": "again"}
    counts = post(admin, f"{at}/import", again).json()
    assert (counts["added"], counts["changed"] + counts["unchanged"]) == (0, 1)
    problem(admin.get(f"{at}/export?form=xml"), 400, "invalid_input")


def test_a_wrong_list_names_its_lines(admin: Any, bank: str) -> None:
    body = {"form": "csv", "list": LIST + "x,HASH_MD5,\n", "reason": "agreed"}
    answer = post(admin, f"/api/v1/hash-banks/{bank}/import", body)
    problem(answer, 400, "invalid_input")
    (error,) = answer.json()["errors"]
    assert error["pointer"] == "/3/type"
    assert admin.get(f"/api/v1/hashes?bank_id={bank}").json()["items"] == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"kind": "md5"}, "/kind"),
        ({"value": "ab"}, "/value"),
        ({"hazard": "boredom"}, "/hazard"),
        ({"reason": ""}, "/reason"),
        ({"bank_id": 1}, "/bank_id"),
        ({"expires_at": "2001-01-01T00:00:00Z"}, "/expires_at"),
        ({"expires_at": "soon"}, "/expires_at"),
    ],
)
def test_a_wrong_entry_is_refused(
    admin: Any, bank: str, body: dict[str, Any], pointer: str
) -> None:
    good = {"bank_id": bank, "kind": "pdq", "value": A, "reason": "seen"}
    answer = post(admin, "/api/v1/hashes", good | body)
    assert answer.status_code == 400
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]


def test_hash_banks_are_for_staff_by_role(caller: Caller, admin: Any, bank: str) -> None:
    body = {"bank_id": bank, "kind": "pdq", "value": A, "reason": "seen"}
    made = {"name": "another", "effect": "hold", "reason": "agreed"}
    nobody = signed_in(caller.user)
    for path in ("/api/v1/hash-banks", "/api/v1/hashes", f"/api/v1/hash-banks/{bank}/export"):
        problem(nobody.get(path), 403, "review_staff_only")
        problem(caller.client.get(path), 403, "scope_missing")
    for role, may_list in (("reviewer", False), ("auditor", False), ("senior_reviewer", True)):
        client = signed_in(make.make_user(staff=[role]))
        assert client.get("/api/v1/hashes").status_code == 200
        problem(post(client, "/api/v1/hash-banks", made), 403, "policy_admin_only")
        added = post(client, "/api/v1/hashes", body)
        assert added.status_code == (201 if may_list else 403)
    key = staff_key("senior_reviewer", make.make_organisation())
    assert key.get("/api/v1/hashes").status_code == 200
    for path in ("hash-banks/{}", "hashes/{}"):
        wrong = path.format("00000000-0000-7000-8000-000000000000")
        method = put if path.startswith("hash-b") else post
        suffix = "" if path.startswith("hash-b") else "/pause"
        answer = method(admin, f"/api/v1/{wrong}{suffix}", {"reason": "x"})
        assert answer.status_code == 404
