"""Whatever is wrong with a request: the right status, a code, where, and nothing half-done."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tests import factories as make
from tests.fakes.gate import FakeGate
from tests.integration.api.caller import Caller, keyed, post, problem, rows, signed_in, staff_key
from tidegate.accounts import services as accounts
from tidegate.accounts.models import ApiKey
from tidegate.primitives.clock import now
from tidegate.primitives.ids import new_id

pytestmark = pytest.mark.django_db

DEEP = 30_000


@pytest.mark.parametrize(
    ("fields", "code", "pointer"),
    [
        ({"model": "gpt-9"}, "invalid_input", "/model"),
        ({"model": ""}, "invalid_input", "/model"),
        ({"model": None}, "invalid_input", "/model"),
        ({"model": ["smollm2-135m"]}, "invalid_input", "/model"),
        ({"prompt": ""}, "invalid_input", "/prompt"),
        ({"prompt": " \n\t "}, "invalid_input", "/prompt"),
        ({"prompt": "x" * 2001}, "invalid_input", "/prompt"),
        ({"prompt": "x" * 900_000}, "invalid_input", "/prompt"),
        ({"prompt": "a\x00b"}, "invalid_input", "/prompt"),
        ({"prompt": "a\x07b"}, "invalid_input", "/prompt"),
        ({"prompt": "half \ud83d of a pair"}, "invalid_unicode", "/prompt"),
        ({"prompt": 5}, "invalid_input", "/prompt"),
        ({"prompt": {"text": "x"}}, "invalid_input", "/prompt"),
        ({"prompt": None}, "invalid_input", "/prompt"),
        ({"project_id": "mine"}, "invalid_input", "/project_id"),
        ({"project_id": 7}, "invalid_input", "/project_id"),
        ({"seed": -1}, "invalid_input", "/seed"),
        ({"seed": 2**53}, "invalid_input", "/seed"),
        ({"seed": 1.5}, "invalid_input", "/seed"),
        ({"seed": "1"}, "invalid_input", "/seed"),
        ({"seed": True}, "invalid_input", "/seed"),
        ({"priority": 11}, "invalid_input", "/priority"),
        ({"priority": [0]}, "invalid_input", "/priority"),
        ({"parameters": []}, "invalid_input", "/parameters"),
        ({"parameters": "max_tokens=5"}, "invalid_input", "/parameters"),
        ({"parameters": {"max_tokens": 0}}, "invalid_input", "/parameters/max_tokens"),
        ({"parameters": {"max_tokens": 10**400}}, "invalid_input", "/parameters/max_tokens"),
        ({"parameters": {"max_tokens": "12"}}, "invalid_input", "/parameters/max_tokens"),
        ({"parameters": {"max_tokens": 1.5}}, "invalid_input", "/parameters/max_tokens"),
        ({"parameters": {"temperature": 2.01}}, "invalid_input", "/parameters/temperature"),
        ({"parameters": {"temperature": True}}, "invalid_input", "/parameters/temperature"),
        ({"parameters": {"temperature": {}}}, "invalid_input", "/parameters/temperature"),
        ({"parameters": {"system": "x" * 2001}}, "invalid_input", "/parameters/system"),
        ({"parameters": {"system": "\udc00"}}, "invalid_unicode", "/parameters/system"),
        ({"parameters": {"a/b~c": 1}}, "invalid_input", "/parameters/a~1b~0c"),
        ({"parameters": {"\ud800": 1}}, "invalid_unicode", "/parameters/?"),
    ],
)
def test_a_job_with_a_wrong_field_is_refused_at_that_field(
    caller: Caller, gate: FakeGate, fields: dict[str, Any], code: str, pointer: str
) -> None:
    before = rows()
    response = caller.asks(caller.job(**fields))
    assert problem(response, 400, code) == [pointer]
    assert rows() == before
    assert gate.prompts == []


def test_every_wrong_field_is_named_at_once(caller: Caller) -> None:
    response = caller.asks(
        caller.job(prompt=None, parameters={"max_tokens": 0, "colour": "red"}, priority=99)
    )
    assert set(problem(response, 400, "invalid_input")) == {"/prompt", "/priority"}
    response = caller.asks(caller.job(prompt=" ", parameters={"max_tokens": 0, "colour": "red"}))
    assert set(problem(response, 400, "invalid_input")) == {
        "/prompt",
        "/parameters/max_tokens",
        "/parameters/colour",
    }


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "invalid_input"),
        (b"{", 400, "parse_error"),
        (b"not json", 400, "parse_error"),
        (b'{"prompt": "x",}', 400, "parse_error"),
        (b'{"seed": NaN}', 400, "parse_error"),
        (b'{"seed": -Infinity}', 400, "parse_error"),
        (b'{"seed": ' + b"9" * 5000 + b"}", 400, "parse_error"),
        (b'{"prompt": "\xff\xfe"}', 400, "not_utf8"),
        ("{}".encode("utf-16"), 400, "not_utf8"),
        (b"[]", 400, "invalid_input"),
        (b'"a string"', 400, "invalid_input"),
        (b"null", 400, "invalid_input"),
        (b"[" * DEEP + b"]" * DEEP, 400, "too_deep"),
        (b'{"parameters":' * DEEP + b"1" + b"}" * DEEP, 400, "too_deep"),
        (b'{"prompt": "' + b"x" * 1_048_576 + b'"}', 413, "too_large"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_a_body_that_is_no_request_is_refused_whole(
    caller: Caller, body: bytes, status: int, code: str
) -> None:
    before = rows()
    problem(caller.asks(body), status, code)
    assert rows() == before


def test_infinity_by_overflow_is_out_of_range(caller: Caller) -> None:
    body = json.dumps(caller.job()).replace("}", ', "parameters": {"temperature": 1e999}}')
    assert problem(caller.asks(body.encode()), 400, "invalid_input") == ["/parameters/temperature"]


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "??"],
)
def test_only_json_is_read(caller: Caller, content_type: str) -> None:
    response = caller.client.post("/api/v1/jobs", b"prompt=x", content_type=content_type)
    problem(response, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("delete", "/api/v1/jobs"),
        ("put", "/api/v1/assets"),
        ("patch", "/api/v1/feed"),
        ("get", "/api/v1/interactions"),
        ("get", "/api/v1/sign-in"),
        ("trace", "/api/v1/me"),
    ],
)
def test_a_method_that_nobody_may_use_is_405_whoever_asks(
    caller: Caller, method: str, path: str
) -> None:
    for client in (Client(), caller.client, signed_in(caller.user)):
        response = getattr(client, method)(path)
        problem(response, 405, "method_not_allowed")
        assert "OPTIONS" in response.headers["Allow"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/nothing",
        "/api/v2/jobs",
        "/api/v1/jobs/",
        "/api/v1/jobs/not-an-id",
        "/api/v1/x\x00y",
    ],
)
def test_an_unknown_address_is_a_problem_too(caller: Caller, path: str) -> None:
    for method in ("get", "post", "delete"):
        problem(getattr(caller.client, method)(path), 404, "not_found")


def test_an_unreadable_accept_is_406(caller: Caller) -> None:
    response = caller.client.get("/api/v1/me", headers={"Accept": "application/x-protobuf"})
    problem(response, 406, "not_acceptable")
    assert caller.client.get("/api/v1/me?format=yaml").status_code == 200


def test_a_host_that_is_not_ours_is_a_problem(caller: Caller) -> None:
    response = caller.client.get("/api/v1/me", headers={"Host": "evil.example"})
    problem(response, 400, "bad_request")


def test_headers_past_all_reason_are_refused(caller: Caller) -> None:
    response = caller.client.get("/api/v1/me", headers={"X-Big": "x" * 70_000})
    problem(response, 431, "headers_too_large")
    problem(caller.client.get("/api/v1/me?q=" + "x" * 70_000), 431, "headers_too_large")
    assert caller.client.get("/api/v1/me", headers={"X-Big": "x" * 8_000}).status_code == 200


def test_media_answers_with_problems_too(caller: Caller) -> None:
    file = make.make_asset().renditions.get()
    where = f"/media/{file.pk}"
    problem(Client().get(f"/media/{new_id()}"), 404, "media_not_found")
    problem(Client().get("/media/not-an-id"), 404, "not_found")
    problem(Client().get(where, headers={"Range": "bytes=9999-"}), 416, "range_not_satisfiable")
    refused = Client().delete(where)
    problem(refused, 405, "method_not_allowed")
    assert refused.headers["Allow"] == "GET, HEAD"
    _, text = make.make_key(caller.organisation, scopes={"jobs:read"})
    problem(keyed(text).get(where), 404, "media_not_found")


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "/limit"),
        ("limit=101", "/limit"),
        ("limit=-1", "/limit"),
        ("limit=1e1", "/limit"),
        ("limit=٣", "/limit"),
        ("limit=0000019999", "/limit"),
        ("limit=000001" + "9" * 5000, "/limit"),
        ("limit=", "/limit"),
        ("cursor=nonsense", "/cursor"),
        ("cursor=" + "A" * 5000, "/cursor"),
        ("cursor=%00", "/cursor"),
        ("cursor=a:b:c", "/cursor"),
    ],
)
def test_a_page_that_cannot_be_is_refused(caller: Caller, query: str, pointer: str) -> None:
    for path in ("jobs", "assets", "projects", "organisations", "feed"):
        response = caller.client.get(f"/api/v1/{path}?{query}")
        assert response.status_code == 400, path
        assert [error["pointer"] for error in response.json()["errors"]] == [pointer], path


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ("jobs?state=asleep", "/state"),
        ("jobs?project_id=mine", "/project_id"),
        ("jobs?project_id=%00", "/project_id"),
        ("assets?visibility=secret", "/visibility"),
        ("assets?modality=smell", "/modality"),
        ("assets?owner=you", "/owner"),
        ("assets?project_id=1", "/project_id"),
    ],
)
def test_a_filter_that_cannot_be_is_refused(caller: Caller, path: str, pointer: str) -> None:
    response = caller.client.get(f"/api/v1/{path}")
    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] == pointer


def test_a_cursor_serves_its_own_query_only(caller: Caller) -> None:
    for _ in range(2):
        caller.asks(caller.job())
    cursor = caller.client.get("/api/v1/jobs?limit=1").json()["next"]
    assert caller.client.get("/api/v1/jobs", {"limit": 1, "cursor": cursor}).status_code == 200
    for path in ("/api/v1/assets", "/api/v1/feed"):
        assert problem(caller.client.get(path, {"cursor": cursor}), 400, "invalid_cursor") == [
            "/cursor"
        ]
    narrowed = caller.client.get("/api/v1/jobs", {"state": "queued", "cursor": cursor})
    problem(narrowed, 400, "invalid_cursor")


def test_a_foreign_project_does_not_exist_and_one_to_look_into_makes_nothing(
    caller: Caller,
) -> None:
    foreign = make.make_project(audience="public")
    looked = make.make_project()
    make.make_collaborator(looked, "viewer", caller.user)
    person = signed_in(caller.user)
    before = rows()
    for project in (str(foreign.pk), str(new_id())):
        problem(caller.asks(caller.job(project_id=project)), 404, "project_not_found")
    body = caller.job(project_id=str(looked.pk))
    problem(post(person, "/api/v1/jobs", body), 403, "may_not_generate")
    # The key belongs to another organisation: for it the project does not exist.
    problem(caller.asks(body), 404, "project_not_found")
    assert rows() == before


def test_a_key_that_opens_nothing_says_why_to_its_holder_only(caller: Caller) -> None:
    revoked, revoked_text = make.make_key(caller.organisation)
    accounts.revoke_key(viewer=make.viewer_of(caller.user), key_id=revoked.pk)
    expired, expired_text = make.make_key(caller.organisation)
    ApiKey.objects.filter(pk=expired.pk).update(expires_at=now() - timedelta(seconds=1))
    guessed = revoked_text[:-1] + ("a" if revoked_text[-1] != "a" else "b")
    before = rows()
    for text, code in (
        (revoked_text, "key_revoked"),
        (expired_text, "key_expired"),
        (guessed, "key_unknown"),
        ("tg_abcdefgh_" + "x" * 32, "key_unknown"),
        ("tg_", "key_unknown"),
        ("", "key_unknown"),
        ("k" * 8000, "key_unknown"),
        ("tg_\xff\x00", "key_unknown"),
    ):
        for path in ("/api/v1/jobs", "/api/v1/models", f"/api/v1/assets/{new_id()}"):
            response = keyed(text).get(path)
            problem(response, 401, code)
            assert response.headers["WWW-Authenticate"].startswith("Bearer")
        assert keyed(text).get(f"/media/{new_id()}").status_code == 401
    assert rows() == before


def test_without_key_or_session_one_is_asked_to_sign_in(caller: Caller) -> None:
    for header in ({}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer"}):
        response = Client(headers=header).get("/api/v1/jobs")
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_key_without_the_scope_is_refused_even_where_strangers_may_look(caller: Caller) -> None:
    asset = make.make_asset()
    _, text = make.make_key(caller.organisation, scopes={"jobs:write"})
    assert Client().get(f"/api/v1/assets/{asset.pk}").status_code == 200
    for path in (f"/api/v1/assets/{asset.pk}", "/api/v1/assets", "/api/v1/feed", "/api/v1/jobs"):
        problem(keyed(text).get(path), 403, "scope_missing")
    for path, body in (
        ("/api/v1/interactions", {"asset_id": str(asset.pk), "kind": "like"}),
        (f"/api/v1/assets/{asset.pk}/withdraw", {}),
        (f"/api/v1/organisations/{caller.organisation.pk}/keys", {"name": "k", "scopes": []}),
        ("/api/v1/organisations", {"name": "Mine"}),
    ):
        problem(post(keyed(text), path, body), 403, "scope_missing")


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("organisations", {"name": ""}, "/name"),
        ("organisations", {"name": "x" * 81}, "/name"),
        ("organisations", {"name": 5}, "/name"),
        ("organisations", {"name": "a\x00"}, "/name"),
        ("projects", {"organisation_id": "{org}", "name": "   "}, "/name"),
        ("projects", {"organisation_id": "{org}", "name": "P", "audience": "all"}, "/audience"),
        ("projects", {"organisation_id": 12, "name": "P"}, "/organisation_id"),
        ("organisations/{org}/members", {"email": "nobody", "role": "member"}, "/email"),
        ("organisations/{org}/members", {"email": "a@b.example", "role": "king"}, "/role"),
        ("organisations/{org}/keys", {"name": "k", "scopes": []}, "/scopes"),
        ("organisations/{org}/keys", {"name": "k", "scopes": ["root"]}, "/scopes/0"),
        ("organisations/{org}/keys", {"name": "k", "scopes": "jobs:read"}, "/scopes"),
        (
            "organisations/{org}/keys",
            {"name": "k", "scopes": ["jobs:read"], "expires_at": "2020-01-01T00:00:00Z"},
            "/expires_at",
        ),
        (
            "organisations/{org}/keys",
            {"name": "k", "scopes": ["jobs:read"], "expires_at": "0001-01-01T00:00:00+14:00"},
            "/expires_at",
        ),
        ("projects/{project}/collaborators", {"email": "a@b.example", "role": "x"}, "/role"),
        ("interactions", {"asset_id": "x", "kind": "like"}, "/asset_id"),
        ("interactions", {"asset_id": "{org}", "kind": "\ud800"}, "/kind"),
        ("interactions", {"asset_id": "{org}", "kind": "love"}, "/kind"),
        ("interactions", {"asset_id": "{org}", "kind": "report", "note": "x" * 1001}, "/note"),
    ],
)
def test_other_resources_name_the_wrong_field(
    caller: Caller, path: str, body: dict[str, Any], pointer: str
) -> None:
    named = {"org": str(caller.organisation.pk), "project": str(caller.project.pk)}
    person = signed_in(caller.user)
    filled = {
        key: value.format(**named) if isinstance(value, str) and "{" in value else value
        for key, value in body.items()
    }
    before = rows()
    response = post(person, f"/api/v1/{path.format(**named)}", filled)
    code = "invalid_unicode" if body.get("kind") == "\ud800" else "invalid_input"
    assert problem(response, 400, code) == [pointer]
    assert rows() == before


def test_what_is_not_there_cannot_be_liked_withdrawn_or_cancelled(caller: Caller) -> None:
    hidden = make.make_asset(visibility="held")
    seen = make.make_asset()
    before = rows()
    for asset_id in (hidden.pk, new_id()):
        body = {"asset_id": str(asset_id), "kind": "like"}
        problem(post(caller.client, "/api/v1/interactions", body), 404, "asset_not_found")
        problem(post(caller.client, f"/api/v1/assets/{asset_id}/withdraw"), 404, "asset_not_found")
    problem(post(caller.client, f"/api/v1/assets/{seen.pk}/withdraw"), 403, "owner_only")
    problem(post(caller.client, f"/api/v1/jobs/{new_id()}/cancel"), 404, "job_not_found")
    assert rows() == before


def test_an_owner_cannot_restore_what_the_gate_holds(caller: Caller) -> None:
    for visibility in ("pending", "held", "blocked", "released"):
        asset = make.make_asset(caller.project, owner=caller.user, visibility=visibility)
        before = rows()
        problem(
            post(caller.client, f"/api/v1/assets/{asset.pk}/restore"),
            409,
            "asset_move_not_allowed",
        )
        assert rows() == before


def test_a_case_is_decided_once_and_by_who_holds_it(caller: Caller) -> None:
    from moderation.app.models import Case

    asset = make.make_asset(caller.project, owner=caller.user, visibility="held")
    case = Case.objects.create(
        asset=asset, organisation_id=asset.organisation_id, because="hold", severity=1
    )
    first = signed_in(make.make_user(staff=["reviewer"]))
    second = signed_in(make.make_user(staff=["reviewer"]))
    at = f"/api/v1/cases/{case.pk}"
    assert post(first, f"{at}/claim").status_code == 200
    before = rows()
    held = post(second, f"{at}/claim")
    problem(held, 409, "case_held")
    assert held.json()["holder"]
    problem(second.delete(f"{at}/claim"), 409, "case_held")
    ruling = {"action": "release", "reason": "harmless"}
    problem(post(second, f"{at}/decision", ruling), 409, "case_held")
    for wrong, pointer in (
        ({"action": "maybe", "reason": "x"}, "/action"),
        ({"action": "block", "reason": " "}, "/reason"),
        ({"action": "block", "reason": "x" * 2001}, "/reason"),
        ({"action": "block", "reason": "x", "list_hashes": "yes"}, "/list_hashes"),
    ):
        assert problem(post(first, f"{at}/decision", wrong), 400, "invalid_input") == [pointer]
    assert rows() == before
    assert post(first, f"{at}/decision", ruling).json()["outcome"] == "release"
    decided = rows()
    assert post(first, f"{at}/decision", ruling).status_code == 200
    problem(post(second, f"{at}/decision", ruling), 409, "case_decided")
    problem(post(first, f"{at}/decision", {"action": "block", "reason": "no"}), 409, "case_decided")
    problem(post(second, f"{at}/claim"), 409, "case_decided")
    assert rows() == decided


def test_cases_are_for_review_staff_and_never_for_the_author(caller: Caller) -> None:
    from moderation.app.models import Case

    reviewer = make.make_user(staff=["reviewer"])
    asset = make.make_asset(owner=reviewer, visibility="held")
    case = Case.objects.create(
        asset=asset, organisation_id=asset.organisation_id, because="hold", severity=1
    )
    problem(signed_in(caller.user).get("/api/v1/cases"), 403, "review_staff_only")
    problem(signed_in(caller.user).get(f"/api/v1/cases/{case.pk}"), 403, "review_staff_only")
    problem(caller.client.get("/api/v1/cases"), 403, "scope_missing")
    problem(post(signed_in(reviewer), f"/api/v1/cases/{case.pk}/claim"), 403, "own_asset")
    problem(signed_in(caller.user).get("/api/v1/audit"), 403, "not_auditor")
    confined = staff_key("reviewer", make.make_organisation())
    problem(confined.get(f"/api/v1/cases/{case.pk}"), 404, "case_not_found")
    problem(post(confined, f"/api/v1/cases/{case.pk}/claim"), 404, "case_not_found")
    for query in ("cursor=nonsense", "cursor=AAAA", "cursor=WzFd", "state=lost", "limit=0"):
        assert confined.get(f"/api/v1/cases?{query}").status_code == 400


def test_a_refused_prompt_is_a_job_that_says_so_and_makes_nothing(
    caller: Caller, gate: FakeGate
) -> None:
    gate.prompt_verdict = "block"
    job = caller.asks(caller.job()).json()
    assert (job["state"], job["error_code"], job["asset_ids"]) == ("refused", "prompt_refused", [])
    assert caller.client.get(f"/api/v1/jobs/{job['id']}").json()["state"] == "refused"


def test_a_crash_is_a_problem_that_tells_nothing(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    from generation.app import services

    def crash(**_: object) -> None:
        raise RuntimeError("the secret reason")

    monkeypatch.setattr(services, "submit_request", crash)
    caller.client.raise_request_exception = False
    response = caller.asks(caller.job())
    problem(response, 500, "internal_error")
    assert "secret" not in response.content.decode()
