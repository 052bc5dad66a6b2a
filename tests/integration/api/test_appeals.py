"""Appeals over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests import factories as make
from tests.integration.api.caller import post, problem, signed_in

if TYPE_CHECKING:
    from tests.integration.api.caller import Caller
    from tidegate.assets.models import Asset

pytestmark = pytest.mark.django_db


@pytest.fixture
def blocked(caller: Caller) -> Asset:
    from tests.integration.moderation import conduct

    case = conduct.held_of(make.make_user(), make.make_project(), "violence")
    conduct.decided(case)
    return case.asset


def test_an_author_asks_whether_appeals_and_reads_the_answer(blocked: Asset) -> None:
    from tests.integration.moderation import stage

    author: Any = signed_in(blocked.owner)
    standing = author.get(f"/api/v1/assets/{blocked.pk}/appeal").json()
    assert (standing["may_appeal"], standing["refusal"], standing["appeal"]) == (True, "", None)
    assert standing["until"]
    given = {"asset_id": str(blocked.pk), "reason": "It is a stage fight."}
    problem(post(author, "/api/v1/appeals", {**given, "reason": ""}), 400, "invalid_input")
    made = post(author, "/api/v1/appeals", given)
    assert made.status_code == 201
    appeal = made.json()
    assert (appeal["party"], appeal["state"], appeal["closed_at"]) == ("author", "open", None)
    assert post(author, "/api/v1/appeals", given).json()["id"] == appeal["id"]
    problem(post(author, "/api/v1/appeals", {**given, "reason": "More."}), 409, "appeal_made")
    reviewer: Any = signed_in(make.make_user(staff=["reviewer"]))
    next_case = post(reviewer, "/api/v1/cases/next", {"because": "appeal"}).json()
    assert next_case["id"] == appeal["case_id"]
    evidence = reviewer.get(f"/api/v1/cases/{appeal['case_id']}").json()
    assert [one["words"] for one in evidence["appeals"]] == ["It is a stage fight."]
    decision = {"action": "release", "reason": "It is."}
    post(reviewer, f"/api/v1/cases/{appeal['case_id']}/decision", decision)
    (listed,) = author.get("/api/v1/appeals").json()["items"]
    assert (listed["id"], listed["state"]) == (appeal["id"], "overturned")
    assert stage.visibility(blocked) == "released"
    problem(post(author, "/api/v1/appeals", given), 409, "nothing_to_appeal")


def test_strangers_find_nothing(blocked: Asset) -> None:
    stranger: Any = signed_in(make.make_user())
    given = {"asset_id": str(blocked.pk), "reason": "Because."}
    problem(post(stranger, "/api/v1/appeals", given), 404, "asset_not_found")
    problem(stranger.get(f"/api/v1/assets/{blocked.pk}/appeal"), 404, "asset_not_found")
    assert stranger.get("/api/v1/appeals").json()["items"] == []


def test_no_case_is_no_content(caller: Caller) -> None:
    reviewer: Any = signed_in(make.make_user(staff=["reviewer"]))
    assert post(reviewer, "/api/v1/cases/next", {}).status_code == 204
    problem(post(reviewer, "/api/v1/cases/next", {"modality": "smell"}), 400, "invalid_input")
    other: Any = signed_in(make.make_user())
    problem(post(other, "/api/v1/cases/next", {}), 403, "review_staff_only")
