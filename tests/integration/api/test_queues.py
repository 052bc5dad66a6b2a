"""Queues over HTTP: read by staff, written by leads, and the filter of the list."""

from __future__ import annotations

from typing import Any

import pytest

from tests import factories as make
from tests.integration.api.caller import post, problem, signed_in
from tests.integration.moderation.conftest import detectors, engine  # noqa: F401  # fixtures

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]

FILMS = {"name": "films", "title": "Films", "position": 5, "rule": 'modality == "video"'}


@pytest.fixture(autouse=True)
def no_queues() -> None:
    from moderation.app.models import ReviewQueue

    ReviewQueue.objects.all().delete()


def staff(*roles: str) -> Any:
    return signed_in(make.make_user(staff=roles))


def put(client: Any, path: str, body: Any) -> Any:
    return client.put(path, body, content_type="application/json")


def test_queues_are_made_read_changed_and_removed() -> None:
    lead, reviewer = staff("senior_reviewer"), staff("reviewer")
    problem(post(reviewer, "/api/v1/queues", FILMS), 403, "senior_staff_only")
    made = post(lead, "/api/v1/queues", FILMS)
    assert made.status_code == 201
    at = f"/api/v1/queues/{made.json()['id']}"
    assert reviewer.get(at).json()["rule"] == FILMS["rule"]
    listed = reviewer.get("/api/v1/queues").json()
    assert listed["variables"]["reach"] == "int"
    assert [one["name"] for one in listed["queues"]] == ["films"]
    problem(post(lead, "/api/v1/queues", FILMS), 409, "queue_exists")
    wrong = put(lead, at, {**FILMS, "rule": "severity > 1.5"})
    assert problem(wrong, 400, "invalid_input") == ["/rule"]
    assert put(lead, at, {**FILMS, "needs": ["film"]}).json()["needs"] == ["film"]
    assert lead.delete(at).status_code == 204
    assert lead.delete(at).status_code == 204
    problem(reviewer.get(at), 404, "queue_not_found")


def test_a_rule_is_tried_and_the_list_is_narrowed() -> None:
    from tests.integration.moderation import stage

    lead = staff("senior_reviewer")
    post(lead, "/api/v1/queues", FILMS)
    post(lead, "/api/v1/queues", {**FILMS, "name": "rest", "rule": "true", "position": 9})
    _, case = stage.held()
    tried = post(lead, "/api/v1/queues/preview", {"rule": '"violence" in hazards'})
    assert tried.json() == {"taken": 1, "of": 1}
    assert lead.get("/api/v1/cases?queue=films").json()["items"] == []
    (line,) = lead.get("/api/v1/cases?queue=rest").json()["items"]
    assert (line["id"], line["queue"]) == (str(case.pk), "rest")
    assert problem(lead.get("/api/v1/cases?queue=none"), 400, "invalid_input") == ["/queue"]
    assert post(lead, "/api/v1/cases/next", {"queue": "films"}).status_code == 204
    assert post(lead, "/api/v1/cases/next", {"queue": "rest"}).json()["id"] == str(case.pk)


def test_skills_are_said_as_a_whole() -> None:
    reviewer, lead = make.make_user(staff=("reviewer",)), staff("policy_admin")
    at = f"/api/v1/reviewers/{reviewer.pk}/skills"
    assert put(lead, at, {"skills": ["zh", "film"]}).json() == {"skills": ["film", "zh"]}
    assert problem(put(lead, at, {"skills": ["Z!"]}), 400, "invalid_input") == ["/skills"]
    problem(put(staff("reviewer"), at, {"skills": []}), 403, "senior_staff_only")
