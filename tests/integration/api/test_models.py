"""Models over HTTP: the public catalogue, and the registry for who runs it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from jsonschema import Draft202012Validator

from generation.app.registry.snapshot import forget
from tests import factories
from tidegate.accounts.services import appoint_staff

pytestmark = pytest.mark.django_db

NAME = "tidegate-image"


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    forget()
    yield
    forget()


def signed_in(*staff: str) -> Client:
    client = Client()
    client.force_login(factories.make_user(staff=staff))
    return client


def entry(**changes: Any) -> dict[str, Any]:
    return {
        "entry": {
            "name": "another",
            "title": "Another",
            "modality": "image",
            "triton_model": "another",
            "licence": "CC-BY-NC-4.0",
            "use_restrictions": ["No commercial use of outputs."],
            "languages": ["en"],
            "description": "Another model.",
            "cost_credits": 1,
            "limits": {"prompt_characters": 10, "deadline_seconds": 5, "wait_seconds": 60},
            **changes,
        }
    }


def test_a_model_comes_with_a_schema_that_forms_are_drawn_from() -> None:
    model = Client().get(f"/api/v1/models/{NAME}").json()
    schema = model["parameters_schema"]
    Draft202012Validator.check_schema(schema)
    assert set(schema["properties"]) == {item["name"] for item in model["parameters"]}
    assert model["safety"] == ["prompt", "image", "text-in-image"]
    assert len(model["version"]) == 12
    assert model["retires_at"] is None


def test_the_words_are_in_the_language_of_the_request() -> None:
    model = Client().get(f"/api/v1/models/{NAME}", headers={"Accept-Language": "zh-Hans"}).json()
    assert model["title"] == model["parameters_schema"]["title"] == "Tidegate 图像"


def test_an_operator_adds_a_model_and_everybody_finds_it() -> None:
    operator = signed_in("policy_admin")
    answer = operator.post("/api/v1/registry/models", entry(), "application/json")
    assert answer.status_code == 201
    found = Client().get("/api/v1/models/another").json()
    assert found["version"] == answer.json()["version"]
    assert found["use_restrictions"] == ["No commercial use of outputs."]
    (version,) = operator.get("/api/v1/registry/models/another").json()["versions"]
    assert version["is_open"]
    assert version["entry"]["title"] == "Another"


def test_a_malformed_entry_is_a_problem_that_names_its_field() -> None:
    operator = signed_in("policy_admin")
    answer = operator.post("/api/v1/registry/models", entry(limits={}), "application/json")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/entry"
    assert "prompt_characters" in answer.json()["errors"][0]["message"]


def test_a_model_without_a_handler_for_a_phase_stays_disabled() -> None:
    operator = signed_in("policy_admin")
    unsafe = entry(safety={"output": ["smell"]})
    assert operator.post("/api/v1/registry/models", unsafe, "application/json").status_code == 201
    answer = operator.post(
        "/api/v1/registry/models/another/enable", {"reason": "please"}, "application/json"
    )
    assert answer.status_code == 409
    assert (answer.json()["code"], answer.json()["phases"]) == ("phase_not_handled", ["smell"])
    assert Client().get("/api/v1/models/another").status_code == 404


def test_switching_aliases_and_the_end_of_a_model() -> None:
    operator = signed_in("policy_admin")
    first = operator.post("/api/v1/registry/models", entry(), "application/json").json()
    second = operator.post(
        "/api/v1/registry/models", entry(title="Better"), "application/json"
    ).json()
    base = "/api/v1/registry/models/another"
    aliases = {
        "stable": first["version"],
        "canary": second["version"],
        "canary_percent": 5,
        "reason": "try",
    }
    shown = operator.put(f"{base}/aliases", aliases, "application/json").json()
    assert (shown["canary"], shown["canary_percent"]) == (second["version"], 5)
    end = {"retires_at": "2999-01-01T00:00:00Z", "successor": NAME, "reason": "a better one"}
    assert operator.put(f"{base}/deprecation", end, "application/json").status_code == 200
    ending = Client().get("/api/v1/models/another")
    assert ending.json()["successor"] == NAME
    assert ending.headers["Sunset"] == "Tue, 01 Jan 2999 00:00:00 GMT"
    assert ending.headers["Deprecation"].startswith("@")
    off = operator.post(f"{base}/disable", {"reason": "hands"}, "application/json").json()
    assert (off["is_enabled"], off["because"], off["reason"]) == (False, "operator", "hands")
    assert Client().get("/api/v1/models/another").status_code == 404


def test_a_server_that_is_away_is_shown_as_such() -> None:
    (server,) = signed_in("auditor").get("/api/v1/servers").json()["items"]
    assert not server["is_live"]
    assert server["problem"]


def test_a_key_needs_the_scope_and_its_maker_the_role() -> None:
    account = factories.make_account()
    appoint_staff(viewer=factories.SYSTEM, user_id=account.user.pk, role="policy_admin")
    for scopes, status in ((["jobs:read"], 403), (["models:manage"], 200)):
        _, text = factories.make_key(account.organisation, scopes=scopes)
        answer = Client().get("/api/v1/servers", headers={"Authorization": f"Bearer {text}"})
        assert answer.status_code == status, answer.content


@pytest.mark.parametrize("staff", [(), ("reviewer",)])
def test_the_registry_is_closed_to_others(staff: tuple[str, ...]) -> None:
    client = signed_in(*staff)
    assert client.get("/api/v1/servers").status_code == 403
    assert client.get("/api/v1/registry/models").status_code == 403
    answer = client.post("/api/v1/registry/models", entry(), "application/json")
    assert answer.status_code == 403
