"""`/organisations/…/rules` and `/projects/…/rules`: read, set, tried, removed."""

import pytest
from django.test import Client

from moderation.app.models import OrganisationRules
from moderation.app.services import organisations
from tests import factories as make
from tests.fakes.detectors import FakeDetectors
from tests.fakes.engine import engine_around
from tests.integration.api.caller import keyed, signed_in
from tidegate.projects.models import Project

pytestmark = pytest.mark.django_db

STRICT = "name: ours\nthresholds: {any: {violence: {hold_at: 0.2}}}\n"
LOOSE = STRICT.replace("0.2", "0.9") + "threshold: {}\n"


@pytest.fixture(autouse=True)
def _engine(monkeypatch: pytest.MonkeyPatch) -> None:
    made = engine_around(FakeDetectors())
    monkeypatch.setattr(organisations, "engine", lambda: made)


@pytest.fixture
def project() -> Project:
    return make.make_project()


@pytest.fixture
def admin(project: Project) -> Client:
    return signed_in(make.make_member(project.organisation, "admin"))


@pytest.mark.parametrize("of", ["organisations", "projects"])
def test_rules_are_set_read_and_removed(admin: Client, project: Project, of: str) -> None:
    path = f"/api/v1/{of}/{project.organisation_id if of == 'organisations' else project.pk}/rules"
    assert admin.get(path).json()["code"] == "rules_not_found"

    body = {"document": STRICT, "reason": "We make books for children."}
    answer = admin.put(path, body, content_type="application/json")

    assert answer.status_code == 200, answer.content
    assert answer.json()["document"] == STRICT
    assert answer.json()["project_id"] == (str(project.pk) if of == "projects" else None)
    assert admin.get(path).json() == answer.json()
    removed = admin.delete(path, {"reason": "No longer."}, content_type="application/json")
    assert removed.status_code == 204
    assert admin.get(path).status_code == 404


@pytest.mark.parametrize("of", ["organisations", "projects"])
def test_a_dry_check_says_what_would_count_and_keeps_nothing(
    admin: Client, project: Project, of: str
) -> None:
    path = f"/api/v1/{of}/{project.organisation_id if of == 'organisations' else project.pk}/rules"

    answer = admin.post(f"{path}/check", {"document": STRICT}, content_type="application/json")

    assert answer.status_code == 200, answer.content
    assert "hold_at: 0.2" in answer.json()["policy"]
    assert len(answer.json()["policy_version"]) == 64
    assert not OrganisationRules.objects.exists()


def test_every_mistake_is_told_with_its_line(admin: Client, project: Project) -> None:
    path = f"/api/v1/organisations/{project.organisation_id}/rules"
    body = {"document": LOOSE, "reason": "Why not."}

    for answer in (
        admin.put(path, body, content_type="application/json"),
        admin.post(f"{path}/check", {"document": LOOSE}, content_type="application/json"),
    ):
        assert answer.status_code == 400
        (error,) = answer.json()["errors"]
        assert error["pointer"] == "/document"
        assert error["message"].startswith("line 3, column 1: threshold: there is no such key")


def test_a_key_reads_rules_and_sets_none(admin: Client, project: Project) -> None:
    path = f"/api/v1/organisations/{project.organisation_id}/rules"
    body = {"document": STRICT, "reason": "We make books for children."}
    assert admin.put(path, body, content_type="application/json").status_code == 200
    key = keyed(make.make_key(project.organisation, scopes=["organisations:read"])[1])

    assert key.get(path).status_code == 200
    assert key.put(path, body, content_type="application/json").status_code == 403
