"""Credits over the API."""

from typing import Any

import pytest
from django.test import override_settings

from tests import factories as make
from tests.fakes.gate import FakeGate
from tests.integration.api.caller import Caller, keyed, post, problem, rows, signed_in
from tidegate.contracts.moderation import VerdictName

pytestmark = pytest.mark.django_db

WELCOME = 10_000


def credits_of(caller: Caller, **query: str) -> Any:
    answer = caller.client.get(f"/api/v1/organisations/{caller.organisation.pk}/credits", query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_an_organisation_begins_with_its_welcome(caller: Caller) -> None:
    assert credits_of(caller) == {
        "available": WELCOME,
        "reserved": 0,
        "items": [],
        "has_more": False,
        "next": None,
    }


def test_every_movement_is_listed_page_by_page(caller: Caller) -> None:
    job = caller.asks(caller.job()).json()
    caller.client.post(f"/api/v1/jobs/{job['id']}/cancel")
    found = credits_of(caller, limit="2")
    newest, before = found["items"]
    assert (found["available"], found["reserved"], found["has_more"]) == (WELCOME, 0, True)
    assert (newest["kind"], newest["reason"]) == ("release", "cancelled_before_start")
    assert (newest["from_pot"], newest["to_pot"]) == ("reserved", "available")
    assert newest["subject_id"] == before["subject_id"] == job["id"]
    assert (before["kind"], before["amount"]) == ("reserve", 1)
    assert (before["available"], before["reserved"]) == (WELCOME - 1, 1)
    (oldest,) = credits_of(caller, limit="2", cursor=found["next"])["items"]
    assert (oldest["number"], oldest["kind"], oldest["amount"]) == (1, "grant", WELCOME)


def test_only_members_see_the_credits(caller: Caller) -> None:
    path = f"/api/v1/organisations/{caller.organisation.pk}/credits"
    stranger = make.make_account()
    _, text = make.make_key(stranger.organisation)
    problem(keyed(text).get(path), 404, "organisation_not_found")
    problem(signed_in(make.make_user(staff=["auditor"])).get(path), 404, "organisation_not_found")
    _, text = make.make_key(caller.organisation, scopes=["jobs:read"])
    problem(keyed(text).get(path), 403, "scope_missing")


@override_settings(TIDEGATE_WELCOME_CREDITS=1)
def test_a_job_that_cannot_be_paid_is_a_problem_and_leaves_nothing(caller: Caller) -> None:
    caller.asks(caller.job())
    before = rows()
    answer = caller.asks(caller.job())
    assert problem(answer, 402, "insufficient_credits") == []
    assert (answer.json()["needed"], answer.json()["available"]) == (1, 0)
    assert rows() == before


def test_a_model_says_what_its_price_is_made_of(caller: Caller) -> None:
    price = caller.client.get("/api/v1/models/tidegate-image").json()["price"]
    assert price == {
        "base": 1.0,
        "terms": [
            {
                "credits": 3.0,
                "per": [
                    {"of": "steps", "unit": 20.0, "power": 1},
                    {"of": "size", "unit": 256.0, "power": 2},
                ],
            }
        ],
    }


def test_a_job_says_what_it_costs_until_it_is_settled(caller: Caller) -> None:
    job = caller.asks(caller.job(outputs=2, parameters={"max_tokens": 121})).json()
    path = f"/api/v1/jobs/{job['id']}"
    waiting = {"estimated": 4, "charged": 0, "refunded": 0, "refund_reason": ""}
    assert job["cost"] == caller.client.get(path).json()["cost"] == waiting
    (listed,) = caller.client.get("/api/v1/jobs").json()["items"]
    assert listed["cost"] == waiting
    given_back = caller.client.post(f"{path}/cancel").json()["cost"]
    assert given_back == {
        "estimated": 4,
        "charged": 0,
        "refunded": 4,
        "refund_reason": "cancelled_before_start",
    }


@pytest.mark.parametrize(
    ("verdict", "decision", "reasons"),
    [
        ("release", "accepted", []),
        ("hold", "held", ["violence"]),
        ("block", "refused", ["violence"]),
        ("unavailable", "undecided", []),
    ],
)
def test_a_preview_says_what_would_happen_and_stores_nothing(
    caller: Caller, gate: FakeGate, verdict: VerdictName, decision: str, reasons: list[str]
) -> None:
    gate.prompt_verdict = verdict
    before = rows()
    answer = post(caller.client, "/api/v1/jobs?dry_run=true", caller.job(outputs=3))
    assert answer.status_code == 200, answer.content
    found = answer.json()
    assert (found["model"], found["outputs"], found["cost"]) == ("smollm2-135m", 3, 3)
    assert (found["prompt_decision"], found["prompt_reasons"]) == (decision, reasons)
    left = WELCOME if decision == "refused" else WELCOME - 3
    assert (found["available"], found["available_after"]) == (WELCOME, left)
    assert found["is_affordable"] is True
    assert (found["queue"] is None) == (decision == "refused")
    assert rows() == before


@override_settings(TIDEGATE_WELCOME_CREDITS=2)
def test_a_preview_says_that_it_cannot_be_paid(caller: Caller) -> None:
    found = post(caller.client, "/api/v1/jobs?dry_run=true", caller.job(outputs=3)).json()
    assert (found["is_affordable"], found["available_after"]) == (False, 2)


def test_a_preview_costs_what_the_job_then_costs(caller: Caller) -> None:
    wanted = caller.job(parameters={"max_tokens": 500}, outputs=2)
    preview = post(caller.client, "/api/v1/jobs?dry_run=true", wanted).json()
    assert caller.asks(wanted).json()["cost"]["estimated"] == preview["cost"]
    assert credits_of(caller)["available"] == preview["available_after"]


def test_a_preview_is_asked_for_in_words(caller: Caller) -> None:
    answer = post(caller.client, "/api/v1/jobs?dry_run=perhaps", caller.job())
    assert problem(answer, 400, "invalid_input") == ["/dry_run"]
