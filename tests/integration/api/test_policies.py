"""Policies over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from moderation.app import services
from moderation.core import policy as policies
from tests import factories as make
from tests.integration.api.caller import post, problem, signed_in

if TYPE_CHECKING:
    from tests.integration.api.caller import Caller

pytestmark = pytest.mark.django_db

AT = "/api/v1/policies"
SOURCE = policies.DEFAULT_POLICY.read_text(encoding="utf-8").replace("name: default", "name: new")


@pytest.fixture
def admin(caller: Caller) -> Any:
    from moderation.app import in_force

    digest = in_force.lists_digest()
    services.activate_policy(policy=policies.load(lists_digest=digest), lists_digest=digest)
    return signed_in(make.make_user(staff=["policy_admin"]))


@pytest.fixture
def version(admin: Any) -> str:
    answer = post(admin, AT, {"text": SOURCE, "reason": "a new name"})
    assert answer.status_code == 201
    return str(answer.json()["id"])


def test_a_policy_is_proposed_read_and_moved_on(admin: Any, version: str) -> None:
    read = admin.get(f"{AT}/{version}").json()
    assert (read["state"], read["name"], read["text"]) == ("draft", "new", SOURCE)
    assert {"-name: default", "+name: new"} <= set(read["diff"])
    moved = post(admin, f"{AT}/{version}/state", {"to": "shadow", "reason": "try it"})
    assert (moved.status_code, moved.json()["state"]) == (200, "shadow")
    listed = admin.get(f"{AT}?state=shadow").json()["items"]
    assert [one["id"] for one in listed] == [version]
    body = {"to": "approved", "reason": "mine"}
    problem(post(admin, f"{AT}/{version}/state", body), 403, "own_policy")
    other = signed_in(make.make_user(staff=["policy_admin"]))
    problem(post(other, f"{AT}/{version}/state", body), 409, "policy_untried")
    problem(
        post(other, f"{AT}/{version}/state", {**body, "to": "active"}), 409, "invalid_policy_move"
    )
    problem(post(other, f"{AT}/{version}/roll-back", {"reason": "x"}), 409, "invalid_policy_move")
    assert admin.get(f"{AT}/{version}/disagreements").json()["items"] == []


def test_a_text_that_cannot_be_obeyed_says_where(admin: Any) -> None:
    wrong = SOURCE.replace("hold_at: 3", "hold_at: many")
    answer = post(admin, AT, {"text": wrong, "reason": "x"})
    assert problem(answer, 400, "invalid_input") == ["/text"]
    error = answer.json()["errors"][0]
    assert error["code"] == "policy_invalid"
    assert "reports.hold_at" in error["message"]
    problem(admin.get(f"{AT}?state=lost"), 400, "invalid_input")


def test_a_backtest_is_started_read_and_given_up(admin: Any, version: str) -> None:
    period = {"since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"}
    started = post(admin, f"{AT}/{version}/backtests", period)
    assert started.status_code == 201
    key = started.json()["id"]
    services.advance_backtests(seconds=5)
    read = admin.get(f"/api/v1/policy-backtests/{key}").json()
    assert (read["state"], read["figures"]["decisions"]) == ("finished", 0)
    cancelled = post(admin, f"/api/v1/policy-backtests/{key}/cancel", {})
    assert cancelled.json()["state"] == "finished"
    assert len(admin.get(f"{AT}/{version}/backtests").json()["items"]) == 1
    problem(admin.get(f"/api/v1/policy-backtests/{version}"), 404, "backtest_not_found")


def test_a_retro_run_is_previewed_and_not_started_by_a_draft(admin: Any, version: str) -> None:
    started = post(admin, f"{AT}/{version}/retro-runs", {"reason": "stricter"})
    assert started.status_code == 201
    at = f"/api/v1/retro-runs/{started.json()['id']}"
    services.advance_retro_runs(seconds=5)
    assert admin.get(at).json()["state"] == "ready"
    body = {"to": "running", "reason": "go"}
    problem(post(admin, f"{at}/state", body), 409, "policy_not_approved")
    given_up = post(admin, f"{at}/state", {**body, "to": "cancelled"})
    assert given_up.json()["state"] == "cancelled"
    assert len(admin.get(f"{AT}/{version}/retro-runs").json()["items"]) == 1
    problem(admin.get(f"/api/v1/retro-runs/{version}"), 404, "retro_run_not_found")


def test_reviewers_read_and_others_do_not_even_that(admin: Any, version: str) -> None:
    reviewer = signed_in(make.make_user(staff=["reviewer"]))
    assert reviewer.get(f"{AT}/{version}").status_code == 200
    body = {"text": SOURCE, "reason": "x"}
    problem(post(reviewer, AT, body), 403, "policy_admin_only")
    problem(signed_in(make.make_user()).get(AT), 403, "review_staff_only")
    problem(admin.get(f"{AT}/{make.make_user().pk}"), 404, "policy_not_found")
