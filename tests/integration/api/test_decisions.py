"""Decisions over HTTP: what is offered, what is refused and why, undo, reversal, and bulk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests import factories as make
from tests.integration.api.caller import post, problem, signed_in
from tests.integration.moderation.conftest import detectors, engine  # noqa: F401  # fixtures

if TYPE_CHECKING:
    from moderation.app.models import Case

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]


def held(content: str = "some violencemaybe here") -> Case:
    from tests.integration.moderation import stage

    return stage.held(content=content)[1]


def staff(*roles: str) -> Any:
    return signed_in(make.make_user(staff=roles))


def test_a_client_learns_what_can_be_done_and_what_it_needs() -> None:
    offered = staff("reviewer").get("/api/v1/decision-actions").json()
    assert offered["undo_seconds"] == 10
    actions = {one["name"]: one for one in offered["actions"]}
    assert list(actions) == [
        "release",
        "rate",
        "label",
        "block",
        "remove",
        "restrict_author",
        "second_level",
        "refer_to_legal",
    ]
    assert actions["restrict_author"]["may"] == ["policy_admin", "senior_reviewer"]
    copyright_ = next(one for one in offered["reasons"] if one["code"] == "copyright")
    assert [one["name"] for one in copyright_["needs"]] == ["work"]
    assert copyright_["title"]["zh"]


def test_a_decision_with_its_reason_is_listed_and_can_be_undone() -> None:
    case, client = held(), staff("reviewer")
    at = f"/api/v1/cases/{case.pk}"
    bare = {"action": "block", "reason": "x", "reason_code": "copyright"}
    assert problem(post(client, f"{at}/decision", bare), 400, "invalid_input") == ["/details/work"]
    given = {
        "action": "block",
        "reason": "It copies a film.",
        "reason_code": "copyright",
        "details": {"work": "The Film"},
    }
    assert post(client, f"{at}/decision", given).json()["outcome"] == "block"
    (made,) = client.get(f"{at}/decisions").json()
    assert (made["action"], made["details"]) == ("block", {"work": "The Film"})
    assert made["undo_until"] is not None
    again = post(client, f"/api/v1/decisions/{made['id']}/undo", {}).json()
    assert (again["state"], again["is_mine"]) == ("claimed", True)
    (made,) = client.get(f"{at}/decisions").json()
    assert (made["undo_until"], made["reversal_reason"]) == (None, "undone at once")
    problem(
        post(staff("reviewer"), f"/api/v1/decisions/{made['id']}/undo", {}), 403, "not_own_decision"
    )


def test_marks_stand_on_the_asset_for_everybody() -> None:
    case, client = held(), staff("reviewer")
    given = {"action": "label", "reason": "Stage.", "details": {"labels": ["fiction"]}}
    post(client, f"/api/v1/cases/{case.pk}/decision", given)
    asset = client.get(f"/api/v1/assets/{case.asset_id}").json()
    assert (asset["rating"], asset["labels"]) == ("", ["fiction"])


def test_a_grave_decision_waits_at_the_senior_desk() -> None:
    case = held()
    answer = post(
        staff("reviewer"),
        f"/api/v1/cases/{case.pk}/decision",
        {"action": "remove", "reason": "Never again."},
    ).json()
    assert (answer["state"], answer["desk"]) == ("open", "senior")
    refused = post(staff("reviewer"), f"/api/v1/cases/{case.pk}/claim", {})
    problem(refused, 403, "other_desk")
    assert refused.json()["desk"] == "senior"
    agreed = post(
        staff("senior_reviewer"),
        f"/api/v1/cases/{case.pk}/decision",
        {"action": "remove", "reason": "I agree."},
    ).json()
    assert (agreed["state"], agreed["outcome"]) == ("decided", "block")


def test_senior_staff_take_a_decision_back() -> None:
    case, reviewer = held(), staff("reviewer")
    post(reviewer, f"/api/v1/cases/{case.pk}/decision", {"action": "block", "reason": "x"})
    (made,) = reviewer.get(f"/api/v1/cases/{case.pk}/decisions").json()
    at = f"/api/v1/decisions/{made['id']}/reversal"
    problem(post(reviewer, at, {"reason": "so"}), 403, "senior_staff_only")
    senior = staff("senior_reviewer")
    problem(post(senior, at, {"reason": ""}), 400, "invalid_input")
    assert post(senior, at, {"reason": "A mistake."}).json()["state"] == "open"


def test_many_cases_are_decided_and_taken_back_over_http() -> None:
    from moderation.app.services import advance_bulks

    cases = [held(f"violencemaybe {at}") for at in range(3)]
    asked = {"case_ids": [str(case.pk) for case in cases], "action": "block"}
    refused = post(staff("reviewer"), "/api/v1/bulk-decisions/preview", asked)
    problem(refused, 403, "senior_staff_only")
    senior = staff("senior_reviewer")
    preview = post(senior, "/api/v1/bulk-decisions/preview", asked).json()
    assert (preview["decided"], len(preview["lines"])) == (3, 3)
    problem(
        post(senior, "/api/v1/bulk-decisions", {**asked, "reason": "x", "digest": "0" * 64}),
        409,
        "preview_stale",
    )
    begun = post(
        senior,
        "/api/v1/bulk-decisions",
        {**asked, "reason": "A wave.", "digest": preview["digest"]},
    )
    assert (begun.status_code, begun.json()["state"]) == (202, "running")
    advance_bulks(seconds=10)
    at = f"/api/v1/bulk-decisions/{begun.json()['id']}"
    assert (senior.get(at).json()["state"], senior.get(at).json()["decided"]) == ("done", 3)
    assert len(senior.get("/api/v1/bulk-decisions").json()) == 1
    assert post(senior, f"{at}/reversal", {"reason": "Wrong."}).status_code == 202
    advance_bulks(seconds=10)
    assert senior.get(at).json()["state"] == "reversed"
    problem(staff("reviewer").get(at), 403, "senior_staff_only")


@pytest.mark.parametrize(
    ("field", "value", "pointer"),
    [
        ("case_ids", [], "/case_ids"),
        ("case_ids", ["x"], "/case_ids/0"),
        ("case_ids", "all", "/case_ids"),
        ("action", "nothing", "/action"),
        ("details", [], "/details"),
        ("reason_code", 5, "/reason_code"),
    ],
)
def test_nonsense_in_a_bulk_names_its_field(field: str, value: object, pointer: str) -> None:
    asked = {"case_ids": [str(held().pk)], "action": "block", field: value}
    answer = post(staff("senior_reviewer"), "/api/v1/bulk-decisions/preview", asked)
    assert problem(answer, 400, "invalid_input") == [pointer]
