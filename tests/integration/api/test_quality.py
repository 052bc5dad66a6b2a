"""Quality over HTTP: figures, known answers, and thresholds as drafts."""

from __future__ import annotations

from typing import Any

import pytest

from tests import factories as make
from tests.integration.api.caller import post, problem, signed_in
from tests.integration.moderation.conftest import detectors, engine  # noqa: F401  # fixtures

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]


def staff(*roles: str) -> Any:
    return signed_in(make.make_user(staff=roles))


def decided() -> Any:
    from moderation.app import services
    from tests.integration.moderation import stage

    _, case = stage.held()
    return services.decide_case(
        case_id=case.pk, viewer=stage.staff("reviewer"), action="block", reason="So."
    )


def test_the_figures_are_for_senior_staff_and_auditors() -> None:
    decided()
    problem(staff("reviewer").get("/api/v1/quality"), 403, "senior_staff_only")
    for role in ("senior_reviewer", "auditor", "policy_admin"):
        seen = staff(role).get("/api/v1/quality?days=365")
        assert seen.status_code == 200
    figures = seen.json()
    assert figures["days"] == 365
    assert figures["overall"] is None
    called = next(
        one
        for one in figures["calls"]
        if (one["surface"], one["detector"], one["hazard"]) == ("text", "text_hazards", "violence")
    )
    assert called["counts"] == {"tp": 1, "fp": 0, "tn": 0, "fn": 0, "unsure": 0}
    assert called["missing"] == {"labels": 49, "harmful": 9, "harmless": 10}
    assert called["suggestion"] is None
    assert staff("auditor").get("/api/v1/quality?days=x").json()["days"] == 90


def test_known_answers_are_made_listed_and_retired() -> None:
    case, senior = decided(), staff("senior_reviewer")
    given = {"case_id": str(case.pk), "answer": "release", "explanation": "Satire."}
    problem(post(staff("reviewer"), "/api/v1/golden-items", given), 403, "senior_staff_only")
    problem(post(senior, "/api/v1/golden-items", {**given, "answer": "?"}), 400, "invalid_input")
    made = post(senior, "/api/v1/golden-items", given)
    assert made.status_code == 201
    at = f"/api/v1/golden-items/{made.json()['id']}/retirement"
    assert post(senior, at, {}).json()["retired_at"]
    assert len(staff("auditor").get("/api/v1/golden-items").json()) == 1
    missing = "/api/v1/golden-items/00000000-0000-7000-8000-000000000000/retirement"
    problem(post(senior, missing, {}), 404, "golden_not_found")


def test_a_threshold_becomes_a_draft(engine: Any) -> None:  # noqa: F811  # the fixture
    from tests.integration.moderation.policies import shipped

    given = {
        "surface": "text",
        "detector": "text_hazards",
        "hazard": "violence",
        "hold_at": 0.7,
        "reason": "People found it right.",
    }
    admin = staff("policy_admin")
    problem(post(admin, "/api/v1/quality/thresholds", given), 409, "no_policy_in_force")
    shipped(engine)
    senior = post(staff("senior_reviewer"), "/api/v1/quality/thresholds", given)
    problem(senior, 403, "policy_admin_only")
    draft = post(admin, "/api/v1/quality/thresholds", given)
    assert draft.status_code == 201
    assert draft.json()["state"] == "draft"
    wrong = post(admin, "/api/v1/quality/thresholds", {**given, "hazard": "boredom"})
    assert problem(wrong, 400, "invalid_input") == ["/hazard"]


def test_a_decision_says_whether_the_checks_were_right() -> None:
    from moderation.app.models import CallVerdict
    from tests.integration.moderation import stage

    _, case = stage.held()
    body = {"action": "release", "reason": "Fiction.", "calls": "right"}
    reviewer = staff("reviewer")
    at = f"/api/v1/cases/{case.pk}/decision"
    assert problem(post(reviewer, at, {**body, "calls": "so-so"}), 400, "invalid_input") == [
        "/calls"
    ]
    assert post(reviewer, at, body).status_code == 200
    assert CallVerdict.objects.filter(outcome="tp", hazard="violence").exists()
