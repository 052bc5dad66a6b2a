"""Compositions as an integration asks for them."""

from typing import Any

import pytest

from tests.fakes.gate import FakeGate
from tests.integration.api.caller import Caller

pytestmark = pytest.mark.django_db


def body(caller: Caller, **fields: Any) -> dict[str, Any]:
    return {
        "project_id": str(caller.project.pk),
        "recipe": "illustrated-story",
        "inputs": {"subject": "a small boat"},
        "seed": 7,
    } | fields


def post(caller: Caller, path: str, data: dict[str, Any] | None = None) -> Any:
    return caller.client.post(path, data or {}, content_type="application/json")


def test_a_recipe_says_what_its_form_is_in_the_readers_language(caller: Caller) -> None:
    (listed,) = [
        one
        for one in caller.client.get("/api/v1/recipes").json()["items"]
        if one["name"] == "illustrated-story"
    ]
    read = caller.client.get("/api/v1/recipes/illustrated-story", headers={"Accept-Language": "zh"})
    assert listed["inputs_schema"]["properties"]["subject"]["title"] == "What it is about"
    assert read.json()["inputs_schema"]["properties"]["subject"]["title"] == "故事的主题"
    gone = caller.client.get("/api/v1/recipes/nothing")
    assert (gone.status_code, gone.json()["code"]) == (404, "recipe_not_found")


def test_one_request_is_accepted_read_listed_and_cancelled(caller: Caller) -> None:
    made = post(caller, "/api/v1/compositions", body(caller))
    assert made.status_code == 202, made.json()
    told = made.json()
    assert made.headers["Location"] == told["urls"]["self"]
    assert [(part["name"], part["state"]) for part in told["parts"]] == [
        ("story", "queued"),
        ("picture", "queued"),
        ("narration", "waiting"),
        ("film", "waiting"),
    ]
    assert told["whole"] is None
    assert caller.client.get(told["urls"]["self"]).json() == told
    (listed,) = caller.client.get("/api/v1/compositions?state=running").json()["items"]
    assert listed == told
    ended = post(caller, told["urls"]["cancel"]).json()
    assert ended["state"] == "cancelled"
    assert [part["state"] for part in ended["parts"]] == ["cancelled"] * 2 + ["not_made"] * 2
    assert ended["charged"] == 0


def test_a_dry_run_says_what_it_costs_at_most(caller: Caller, gate: FakeGate) -> None:
    gate.prompt_verdict = "hold"
    told = post(caller, "/api/v1/compositions?dry_run=true", body(caller)).json()
    assert told["cost_at_most"] == sum(part["each"] * part["times"] for part in told["parts"])
    assert (told["prompt_decision"], told["is_affordable"]) == ("held", True)
    assert caller.client.get("/api/v1/compositions").json()["items"] == []


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"inputs": {}}, "/inputs/subject", "required"),
        ({"inputs": {"subject": "x", "colour": "red"}}, "/inputs/colour", "unknown_parameter"),
        ({"inputs": {"subject": 5}}, "/inputs/subject", "invalid"),
        ({"recipe": "nothing"}, "/recipe", "unknown_recipe"),
        ({"inputs": "red"}, "/inputs", "not_a_dict"),
    ],
)
def test_what_is_wrong_is_pointed_at(
    caller: Caller, fields: dict[str, Any], pointer: str, code: str
) -> None:
    refused = post(caller, "/api/v1/compositions", body(caller, **fields))
    assert refused.status_code == 400
    assert (pointer, code) in {
        (error["pointer"], error["code"]) for error in refused.json()["errors"]
    }
