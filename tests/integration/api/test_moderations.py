"""`POST /api/v1/moderations`: what is decided, who may ask, and that nothing stays."""

import json
import logging
import socket
from io import BytesIO
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from PIL import Image

from moderation.app import checks, services
from moderation.app.fingerprints import text_digest
from moderation.core.hashes import sha256
from tests import factories as make
from tests.fakes.detectors import NUDE, READS, SUSPECT, FakeDetectors
from tests.fakes.engine import engine_around
from tests.integration.api.caller import Caller, keyed, post, problem, rows, signed_in
from tests.integration.api.checking import PATH, drawn, encoded, openai, ours, url_of
from tests.integration.uploads.drawing import picture
from tidegate.assets import storage
from tidegate.assets.models import Rendition
from tidegate.uploads.models import Upload

pytestmark = pytest.mark.django_db

# A kind of input, its content (for a picture what it is taken for), who is away, the verdict.
Decision = tuple[str, Any, tuple[str, ...], str]
MARK = "quokkaharbourmark"
NOBODYS = "0f0f0f0f-0f0f-4f0f-8f0f-0f0f0f0f0f0f"


@pytest.fixture
def detectors(monkeypatch: pytest.MonkeyPatch) -> FakeDetectors:
    fake = FakeDetectors()
    made = engine_around(fake)
    monkeypatch.setattr(checks, "engine", lambda: made)
    return fake


@pytest.fixture
def asking(detectors: FakeDetectors, caller: Caller) -> Client:
    """A client whose key may check."""
    return caller.client


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something was fetched")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)


DECISIONS: list[Decision] = [
    ("text", "a calm harbour", (), "release"),
    ("text", "hatemaybe", (), "hold"),
    ("text", "hatemark", (), "block"),
    ("text", "buy heroin", (), "hold"),
    ("text", "pay 4242 4242 4242 4242", (), "hold"),
    ("text", "a calm harbour", ("text_hazards",), "unavailable"),
    # What is certain without the detector that is away stays certain.
    ("text", "buy heroin", ("text_hazards",), "hold"),
    ("image", b"", (), "release"),
    ("image", SUSPECT, (), "hold"),
    ("image", NUDE, (), "block"),
    ("image", READS + b"hatemark", (), "block"),
    ("image", READS + b"a birthday", (), "release"),
    ("image", b"", ("image_safety",), "unavailable"),
    ("image", b"", ("image_text",), "unavailable"),
    ("image", READS + b"a birthday", ("text_hazards",), "unavailable"),
    ("image", NUDE, ("image_text",), "block"),
]


@pytest.mark.parametrize("decision", DECISIONS, ids=repr)
def test_our_shape_gives_the_verdict_of_the_gate(
    asking: Client, detectors: FakeDetectors, decision: Decision
) -> None:
    kind, content, down, verdict = decision
    value = drawn(detectors, content) if kind == "image" else content
    detectors.down = set(down)
    response = post(asking, PATH, ours(kind, value))
    assert response.status_code == 200, response.content
    assert [one["verdict"] for one in response.json()["results"]] == [verdict]


@pytest.mark.parametrize("decision", DECISIONS, ids=repr)
def test_openais_shape_flags_what_is_held_or_blocked_and_never_passes_an_outage(
    asking: Client, detectors: FakeDetectors, decision: Decision
) -> None:
    kind, content, down, verdict = decision
    value = drawn(detectors, content) if kind == "image" else content
    detectors.down = set(down)
    response = post(asking, PATH, openai(kind, value))
    if verdict == "unavailable":
        assert problem(response, 503, "not_judged") == []
        assert int(response["Retry-After"]) > 0
        assert "flagged" not in response.content.decode()
    else:
        assert response.status_code == 200, response.content
        assert [one["flagged"] for one in response.json()["results"]] == [verdict != "release"]


def test_one_outage_is_the_answer_of_its_input_alone_in_our_shape(
    asking: Client, detectors: FakeDetectors
) -> None:
    detectors.down = {"image_text"}
    body = {
        "inputs": [
            {"text": "a calm harbour"},
            {"image": encoded(picture())},
            {"text": "hatemark", "surface": "prompt"},
        ]
    }
    results = post(asking, PATH, body).json()["results"]
    assert [one["verdict"] for one in results] == ["release", "unavailable", "block"]
    assert [reason["rule"] for reason in results[1]["reasons"]] == ["detector_failed"]
    assert "deadline_exceeded" not in json.dumps(results), "what a server says of itself"


def test_a_surface_brings_its_own_detectors(asking: Client) -> None:
    text = "prompt_attackmark"
    as_text, as_prompt = post(
        asking, PATH, {"inputs": [{"text": text}, {"text": text, "surface": "prompt"}]}
    ).json()["results"]
    assert (as_text["verdict"], as_text["scores"]["prompt_attack"]) == ("release", None)
    assert (as_prompt["verdict"], as_prompt["scores"]["prompt_attack"]) == ("hold", 0.99)


def test_thirty_two_inputs_are_asked_about_together(
    asking: Client, detectors: FakeDetectors
) -> None:
    body = {"inputs": [{"text": f"harbour number {number}"} for number in range(32)]}
    results = post(asking, PATH, body).json()["results"]
    assert [one["index"] for one in results] == list(range(32))
    assert detectors.batches == [("text_hazards", 32)]
    post(asking, PATH, body)
    assert detectors.batches == [("text_hazards", 32)], "unchanged texts are remembered"


def test_what_is_listed_is_recognised_and_the_list_is_not_shown(
    asking: Client, detectors: FakeDetectors
) -> None:
    admin = make.viewer_of(make.make_user(staff=["policy_admin"]))
    file, words = picture("green", size=(96, 96)), "a text that a court has forbidden"
    for kind, value in (("sha256", sha256(file)), ("text", text_digest(words))):
        services.add_hash(
            kind=kind, value=value, effect="block", viewer=admin, reason="asked for by a court"
        )
    body = {"inputs": [{"image": encoded(file)}, {"text": words.upper()}, {"text": "another"}]}
    response = post(asking, PATH, body)
    results = response.json()["results"]
    assert [one["verdict"] for one in results] == ["block", "block", "release"]
    assert {reason["rule"] for one in results for reason in one["reasons"]} == {"hash_list"}
    assert sha256(file) not in response.content.decode()
    flagged = post(asking, PATH, openai("text", words)).json()["results"][0]
    assert flagged["flagged"]
    assert not any(flagged["categories"].values()), "no hazard is named on the list"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/inputs"),
        ([], ""),
        ("text", ""),
        ({"inputs": []}, "/inputs"),
        ({"inputs": {}}, "/inputs"),
        ({"inputs": "a text"}, "/inputs"),
        ({"inputs": None}, "/inputs"),
        ({"inputs": [{"text": "x"}] * 33}, "/inputs"),
        ({"inputs": [{"text": "x"}, "y"]}, "/inputs/1"),
        ({"inputs": [{}]}, "/inputs/0"),
        ({"inputs": [{"text": "x", "image": ""}]}, "/inputs/0"),
        ({"inputs": [{"text": ""}]}, "/inputs/0/text"),
        ({"inputs": [{"text": 5}]}, "/inputs/0/text"),
        ({"inputs": [{"text": "x"}] * 3 + [{"text": "x" * 12_001}]}, "/inputs/3/text"),
        ({"inputs": [{"text": "x" * 12_000}] * 6}, "/inputs"),
        ({"inputs": [{"text": "x", "surface": "image"}]}, "/inputs/0/surface"),
        ({"inputs": [{"text": "x", "surface": "smell"}]}, "/inputs/0/surface"),
        ({"inputs": [{"image": encoded(picture()), "surface": "text"}]}, "/inputs/0/surface"),
        ({"inputs": [{"image": "no base64!"}]}, "/inputs/0/image"),
        ({"inputs": [{"image": ""}]}, "/inputs/0/image"),
        ({"inputs": [{"image": 5}]}, "/inputs/0/image"),
        ({"inputs": [{"image": "https://elsewhere.test/a.png"}]}, "/inputs/0/image"),
        ({"inputs": [{"image": "file:///etc/passwd"}]}, "/inputs/0/image"),
        ({"inputs": [{"image": encoded(b"not a picture")}]}, "/inputs/0/image"),
        ({"inputs": [{"image": encoded(picture()[:200])}]}, "/inputs/0/image"),
        ({"inputs": [{"asset_id": "mine"}]}, "/inputs/0/asset_id"),
        ({"inputs": [{"asset_id": NOBODYS}]}, "/inputs/0/asset_id"),
        ({"inputs": [{"upload_id": NOBODYS}]}, "/inputs/0/upload_id"),
        ({"input": "x", "inputs": [{"text": "x"}]}, "/input"),
        ({"input": ""}, "/input"),
        ({"input": None}, "/input"),
        ({"input": 5}, "/input"),
        ({"input": {}}, "/input"),
        ({"input": []}, "/input"),
        ({"input": ["x"] * 33}, "/input"),
        ({"input": ["x", ""]}, "/input/1"),
        ({"input": ["x", 5]}, "/input/1"),
        ({"input": [[1, 2]]}, "/input/0"),
        ({"input": ["x" * 12_001]}, "/input/0"),
        ({"input": ["x", {"type": "text", "text": "y"}]}, "/input/0"),
        ({"input": [{"type": "video", "text": "y"}]}, "/input/0/type"),
        ({"input": [{"text": "y"}]}, "/input/0/type"),
        ({"input": [{"type": "text"}]}, "/input/0/text"),
        ({"input": [{"type": "image_url"}]}, "/input/0/image_url"),
        ({"input": [{"type": "image_url", "image_url": "x"}]}, "/input/0/image_url"),
        ({"input": [{"type": "image_url", "image_url": {}}]}, "/input/0/image_url/url"),
        (
            {"input": [{"type": "image_url", "image_url": {"url": encoded(picture())}}]},
            "/input/0/image_url/url",
        ),
        (
            {"input": [{"type": "image_url", "image_url": {"url": url_of(b"no picture")}}]},
            "/input/0/image_url/url",
        ),
        ({"input": "x", "model": 5}, "/model"),
        ({"input": "x", "model": "m" * 201}, "/model"),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_a_wrong_request_is_refused_at_its_place(
    asking: Client, detectors: FakeDetectors, body: Any, pointer: str
) -> None:
    assert problem(post(asking, PATH, body), 400, "invalid_input") == [pointer]
    assert detectors.asked == {}


def test_every_wrong_picture_is_named_at_once(asking: Client) -> None:
    body = {
        "inputs": [
            {"image": encoded(b"nothing")},
            {"text": "fine"},
            {"asset_id": NOBODYS},
        ]
    }
    pointers = problem(post(asking, PATH, body), 400, "invalid_input")
    assert pointers == ["/inputs/0/image", "/inputs/2/asset_id"]


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.test/a.png",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "//elsewhere.test/a.png",
        "data:text/html;base64,PGI+",
        "data:image/png,plain",
        "gopher://x",
    ],
)
def test_nothing_is_fetched(asking: Client, no_network: None, url: str) -> None:
    body = {"input": [{"type": "image_url", "image_url": {"url": url}}]}
    response = post(asking, PATH, body)
    assert problem(response, 400, "invalid_input") == ["/input/0/image_url/url"]
    assert response.json()["errors"][0]["code"] == "remote_image"


def test_an_animation_is_refused_because_only_one_of_its_pictures_would_be_judged(
    asking: Client,
) -> None:
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("white", "black")]
    file = BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    response = post(asking, PATH, ours("image", file.getvalue()))
    assert problem(response, 400, "invalid_input") == ["/inputs/0/image"]
    assert response.json()["errors"][0]["code"] == "animated"


def test_a_picture_or_pictures_with_too_many_pixels_are_refused_at_their_place(
    asking: Client, detectors: FakeDetectors
) -> None:
    def blank(width: int, height: int) -> str:
        file = BytesIO()
        Image.new("1", (width, height)).save(file, "PNG")
        return encoded(file.getvalue())

    body = {"inputs": [{"text": "x"}, {"image": blank(10_000, 4_001)}]}
    assert problem(post(asking, PATH, body), 413, "too_many_pixels") == ["/inputs/1/image"]
    body = {"inputs": [{"image": blank(6_000, 4_000)}, {"image": blank(4_001, 4_000)}]}
    assert problem(post(asking, PATH, body), 400, "invalid_input") == ["/inputs/1/image"]
    assert detectors.asked == {}


def test_a_body_past_its_limit_is_refused_whole(asking: Client) -> None:
    body = b'{"input": "' + b"x" * (24 * 1024 * 1024) + b'"}'
    problem(post(asking, PATH, body), 413, "too_large")


def test_a_key_needs_the_scope_and_people_need_to_sign_in(
    detectors: FakeDetectors, caller: Caller
) -> None:
    body = ours("text", "a calm harbour")
    problem(post(Client(), PATH, body), 401, "not_authenticated")
    _, without = make.make_key(caller.organisation, scopes={"jobs:write", "assets:read"})
    problem(post(keyed(without), PATH, body), 403, "scope_missing")
    _, with_it = make.make_key(caller.organisation, scopes={"moderations:check"})
    assert post(keyed(with_it), PATH, body).status_code == 200
    assert post(signed_in(caller.user), PATH, body).status_code == 200
    refused = signed_in(caller.user, enforce_csrf_checks=True)
    problem(post(refused, PATH, body), 403, "csrf_failed")
    assert sum(detectors.asked.values()) == 1, "the second answer came from memory"


def test_the_scope_is_offered_where_keys_are_issued(caller: Caller) -> None:
    page = signed_in(caller.user).get(f"/organisation/{caller.organisation.pk}")
    assert 'name="scopes" value="moderations:check"' in page.content.decode()


def stored_picture(caller: Caller, **fields: Any) -> Any:
    """Return an asset that is a picture with bytes in the storage."""
    asset = make.make_asset(caller.project, owner=caller.user, modality="image", **fields)
    original = asset.renditions.get(kind=Rendition.Kind.ORIGINAL)
    assert original.blob_id is not None
    return asset, original.blob_id


def test_an_asset_is_named_by_those_who_see_it_only(
    detectors: FakeDetectors, caller: Caller
) -> None:
    held, _ = stored_picture(caller, visibility="held")
    stranger = Caller()
    for client, status in ((caller.client, 200), (stranger.client, 400)):
        response = post(client, PATH, ours("asset_id", str(held.pk)))
        assert response.status_code == status, response.content
    nothing = post(stranger.client, PATH, ours("asset_id", NOBODYS))
    assert response.json()["errors"] == nothing.json()["errors"], "the two look the same"
    _, text = make.make_key(caller.organisation, scopes={"moderations:check"})
    refused = post(keyed(text), PATH, ours("asset_id", str(held.pk)))
    assert problem(refused, 403, "scope_missing") == ["/inputs/0/asset_id"]


def test_an_asset_that_is_no_picture_is_refused(asking: Client, caller: Caller) -> None:
    asset = make.make_asset(caller.project, owner=caller.user)
    response = post(asking, PATH, ours("asset_id", str(asset.pk)))
    assert problem(response, 400, "invalid_input") == ["/inputs/0/asset_id"]
    assert response.json()["errors"][0]["code"] == "not_an_image"


def test_an_asset_whose_bytes_cannot_be_read_is_unavailable(
    asking: Client, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset, _ = stored_picture(caller)

    def away(_: str) -> bytes:
        raise FileNotFoundError

    monkeypatch.setattr(storage, "read", away)
    results = post(asking, PATH, ours("asset_id", str(asset.pk))).json()["results"]
    assert [one["verdict"] for one in results] == ["unavailable"]


def test_an_upload_is_named_by_its_owner_only(detectors: FakeDetectors, caller: Caller) -> None:
    form = {"project_id": str(caller.project.pk), "file": BytesIO(picture("blue"))}
    upload = caller.client.post("/api/v1/uploads", form).json()
    body = ours("upload_id", upload["id"])
    assert post(caller.client, PATH, body).json()["results"][0]["verdict"] == "release"
    reviewer = make.make_user(staff=["reviewer"])
    for client in (Caller().client, signed_in(reviewer)):
        assert problem(post(client, PATH, body), 400, "invalid_input") == ["/inputs/0/upload_id"]
    _, text = make.make_key(caller.organisation, scopes={"moderations:check", "assets:read"})
    assert problem(post(keyed(text), PATH, body), 403, "scope_missing") == ["/inputs/0/upload_id"]
    Upload.objects.update(state="refused", blob=None)
    assert problem(post(caller.client, PATH, body), 400, "invalid_input")


@pytest.mark.django_db(transaction=True)
def test_the_database_is_free_for_others_while_detectors_think(
    asking: Client, detectors: FakeDetectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[object] = []
    answers = FakeDetectors._answers

    def looking(self: FakeDetectors, questions: Any) -> Any:
        held.append(connection.connection)
        return answers(self, questions)

    monkeypatch.setattr(FakeDetectors, "_answers", looking)
    response = post(asking, PATH, {"inputs": [{"text": "x"}, {"image": encoded(picture())}]})
    assert response.status_code == 200
    assert held == [None]


@pytest.mark.parametrize("down", [set(), {"text_hazards"}, {"image_text", "image_safety"}])
def test_nothing_of_the_content_is_stored_or_logged(
    asking: Client, detectors: FakeDetectors, caplog: pytest.LogCaptureFixture, down: set[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    image = drawn(detectors, READS + f"{MARK} hatemark".encode())
    detectors.down = down
    before = rows()
    bodies: list[Any] = [
        {"inputs": [{"text": f"{MARK} hatemark"}, {"image": encoded(image)}]},
        {"inputs": [{"text": f"{MARK} fuck", "surface": "prompt"}, {"image": MARK + "!"}]},
        {"input": [MARK, f"{MARK} sexualmark"]},
        {"input": [{"type": "image_url", "image_url": {"url": f"https://{MARK}.test"}}]},
        {"input": [{"type": "text", "text": MARK}, *openai("image", image)["input"]]},
        f'{{"input": "{MARK}", }}'.encode(),
    ]
    for body in bodies:
        post(asking, PATH, body)
    assert rows() == before
    assert MARK not in caplog.text
    assert encoded(image)[:60] not in caplog.text
    assert mentions(MARK) == []
    assert mentions(sha256(image)) == []


def mentions(word: str) -> list[str]:
    """Return the tables of which some row, written out, holds a word."""
    with connection.cursor() as cursor:
        found = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(
                f'SELECT count(*) FROM "{table}" AS line WHERE line::text LIKE %s',  # noqa: S608
                [f"%{word}%"],
            )
            if cursor.fetchone()[0]:
                found.append(table)
    return found


def test_the_search_for_mentions_finds_what_is_stored(caller: Caller) -> None:
    make.make_asset(caller.project, owner=caller.user, prompt=f"a {MARK}")
    assert mentions(MARK) == ["assets_asset"]
