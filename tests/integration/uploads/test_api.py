"""Uploads over HTTP."""

import hashlib
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests import factories as make
from tests.fakes.gate import FakeGate
from tests.integration.api.caller import Caller, keyed, problem, signed_in
from tests.integration.uploads.drawing import picture
from tidegate.uploads.models import Upload

pytestmark = pytest.mark.django_db

PATH = "/api/v1/uploads"


@pytest.fixture
def caller(gate: FakeGate) -> Caller:
    return Caller()


def form(caller: Caller, data: bytes, name: str = "cat.jpg", **fields: Any) -> Any:
    body = {"project_id": str(caller.project.pk), "file": SimpleUploadedFile(name, data)}
    return caller.client.post(PATH, body | fields)


def raw(
    caller: Caller, data: bytes, content_type: str = "image/jpeg", query: str | None = None
) -> Any:
    where = f"?project_id={caller.project.pk}" if query is None else query
    return caller.client.post(PATH + where, data, content_type=content_type)


def test_a_picture_comes_as_a_form_or_as_the_body_itself_and_is_the_same(caller: Caller) -> None:
    first = form(caller, picture(), name="../../evil.php")
    assert first.status_code == 201
    made = first.json()
    assert first["Location"] == f"{PATH}/{made['id']}"
    assert (made["state"], made["is_screened"], made["reasons"]) == ("accepted", True, [])
    assert made["source_sha256"] == hashlib.sha256(picture()).hexdigest()
    for content_type in ("image/jpeg", "image/png", "application/octet-stream"):
        again = raw(caller, picture(), content_type)
        assert (again.status_code, again.json()["id"]) == (200, made["id"])
    assert caller.client.get(f"{PATH}/{made['id']}").json()["id"] == made["id"]
    listed = caller.client.get(PATH).json()
    assert [item["id"] for item in listed["items"]] == [made["id"]]


def test_the_bytes_come_back_as_they_are_kept_to_their_owner_only(caller: Caller) -> None:
    made = form(caller, picture()).json()
    response = caller.client.get(made["url"])
    assert response.status_code == 200
    assert hashlib.sha256(response.content).hexdigest() == made["sha256"]
    assert response["Content-Type"] == "image/png"
    assert response["Cache-Control"] == "private, no-store"
    assert response["X-Content-Type-Options"] == "nosniff"
    etag = {"If-None-Match": response["ETag"]}
    assert caller.client.get(made["url"], headers=etag).status_code == 304
    assert caller.client.get(made["url"], headers={"Range": "bytes=0-3"}).content == b"\x89PNG"
    reviewer = make.make_user(staff=["reviewer"])
    text = make.make_key(caller.organisation, creator=caller.user, scopes=["assets:read"])[1]
    for other in (Client(), signed_in(reviewer), keyed(text), Caller().client):
        assert problem(other.get(made["url"], headers=etag), 404, "media_not_found") == []


@pytest.mark.parametrize(
    ("verdict", "state"), [("block", "refused"), ("hold", "held"), ("unavailable", "held")]
)
def test_the_answer_says_how_the_check_ended(
    caller: Caller, gate: FakeGate, verdict: Any, state: str
) -> None:
    gate.image_verdict = verdict
    made = form(caller, picture()).json()
    assert (made["state"], made["is_screened"]) == (state, verdict != "unavailable")
    served = caller.client.get(made["url"]).status_code
    assert served == (404 if state == "refused" else 200)


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 400, "required"),
        (b"GIF89a", 400, "picture_unreadable"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 400, "not_a_picture"),
        (picture(size=(12, 12)), 400, "picture_too_small"),
        (b"\xff\xd8\xff" + bytes(12 * 1024 * 1024), 413, "upload_too_large"),
    ],
)
def test_what_is_no_picture_is_refused_however_it_comes(
    caller: Caller, data: bytes, status: int, code: str
) -> None:
    for send in (form, raw):
        answer = send(caller, data)
        if status == 400:
            assert problem(answer, status, "invalid_input") == ["/file"]
            assert [error["code"] for error in answer.json()["errors"]] == [code]
        else:
            assert problem(answer, status, code) == []
    assert not Upload.objects.exists()


def test_the_form_must_be_whole(caller: Caller) -> None:
    homeless = caller.client.post(PATH, {"file": "text"})
    assert problem(homeless, 400, "invalid_input") == ["/project_id"]
    body = {"project_id": str(caller.project.pk), "file": "not a file"}
    assert problem(caller.client.post(PATH, body), 400, "invalid_input") == ["/file"]
    bare = raw(caller, picture(), query="")
    assert problem(bare, 400, "invalid_input") == ["/project_id"]
    wrong = raw(caller, picture(), query="?project_id=mine")
    assert wrong.json()["errors"][0]["pointer"] == "/project_id"
    assert problem(raw(caller, b"{}", "application/json"), 415, "unsupported_media_type") == []


def test_others_projects_and_uploads_do_not_exist(caller: Caller) -> None:
    stranger = Caller()
    made = form(caller, picture()).json()
    theirs = {"project_id": str(caller.project.pk), "file": SimpleUploadedFile("a", picture())}
    assert problem(stranger.client.post(PATH, theirs), 404, "project_not_found") == []
    for send in (stranger.client.get, stranger.client.delete):
        assert problem(send(f"{PATH}/{made['id']}"), 404, "upload_not_found") == []
    assert stranger.client.get(PATH).json()["items"] == []


def test_an_upload_is_given_back_once(caller: Caller) -> None:
    made = form(caller, picture()).json()
    assert caller.client.delete(f"{PATH}/{made['id']}").status_code == 204
    assert problem(caller.client.delete(f"{PATH}/{made['id']}"), 404, "upload_not_found") == []
    assert caller.client.get(made["url"]).status_code == 404


def test_a_key_needs_the_scopes_of_jobs(caller: Caller) -> None:
    def client(*scopes: str) -> Client:
        return keyed(make.make_key(caller.organisation, creator=caller.user, scopes=scopes)[1])

    body = {"project_id": str(caller.project.pk), "file": SimpleUploadedFile("a", picture())}
    assert problem(client("jobs:write").post(PATH, body), 403, "scope_missing") == []
    assert problem(client("assets:read").get(PATH), 403, "scope_missing") == []
    assert client("jobs:read").get(PATH).status_code == 200


def test_a_job_works_on_an_upload_without_words_and_tells_why_it_may_not(caller: Caller) -> None:
    made = form(caller, picture()).json()
    wanted = {
        "project_id": str(caller.project.pk),
        "model": "tidegate-upscale",
        "parameters": {"image": made["id"]},
    }
    job = caller.asks(wanted)
    assert job.status_code == 202
    assert (job.json()["prompt"], job.json()["parameters"]["image"]) == ("", made["id"])
    theirs = Caller()
    wanted["project_id"] = str(theirs.project.pk)
    assert problem(theirs.asks(wanted), 400, "invalid_input") == ["/parameters/image"]
    wanted["model"] = "tidegate-image-edit"
    wanted["project_id"] = str(caller.project.pk)
    assert problem(caller.asks(wanted), 400, "invalid_input") == ["/prompt"]
