"""Strikes, restrictions and notices over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests import factories as make
from tests.integration.api.caller import post, problem, signed_in, staff_key

if TYPE_CHECKING:
    from tests.integration.api.caller import Caller
    from tidegate.accounts.models import User
    from tidegate.projects.models import Project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(caller: Caller) -> Project:
    return make.make_project()


@pytest.fixture
def author(project: Project) -> User:
    return project.created_by


@pytest.fixture
def senior(caller: Caller) -> Any:
    return signed_in(make.make_user(staff=["senior_reviewer"]))


@pytest.fixture
def strike(author: User, project: Project) -> str:
    from moderation.app.models import Strike
    from tests.integration.moderation import conduct

    conduct.decided(conduct.held_of(author, project, "child_safety"))
    return str(Strike.objects.get().pk)


def test_staff_list_and_void_a_strike_and_what_rested_on_it_is_lifted(
    senior: Any, author: User, strike: str
) -> None:
    listed = senior.get(f"/api/v1/strikes?author_id={author.pk}").json()["items"]
    assert [(one["id"], one["hazard"], one["points"], one["counts"]) for one in listed] == [
        (strike, "child_safety", 12, True)
    ]
    (restriction,) = senior.get(f"/api/v1/restrictions?author_id={author.pk}").json()["items"]
    assert (restriction["kind"], restriction["points"], restriction["is_in_force"]) == (
        "suspended",
        12,
        True,
    )
    problem(post(senior, f"/api/v1/strikes/{strike}/void", {}), 400, "invalid_input")
    voided = post(senior, f"/api/v1/strikes/{strike}/void", {"reason": "a mistake"}).json()
    assert (voided["counts"], voided["void_reason"]) == (False, "a mistake")
    (after,) = senior.get("/api/v1/restrictions").json()["items"]
    assert (after["is_in_force"], after["ended_because"]) == (False, "lifted")
    problem(
        post(senior, f"/api/v1/strikes/{author.pk}/void", {"reason": "no"}), 404, "strike_not_found"
    )


def test_a_restriction_is_imposed_told_and_lifted(
    senior: Any, author: User, project: Project
) -> None:
    body = {"author_id": str(author.pk), "kind": "suspended", "hours": 5, "reason": "as agreed"}
    imposed = post(senior, "/api/v1/restrictions", body)
    assert imposed.status_code == 201
    problem(post(senior, "/api/v1/restrictions", body), 409, "restriction_in_force")
    client = signed_in(author)
    job = {
        "project_id": str(project.pk),
        "model": "tidegate-image",
        "prompt": "a calm harbour",
    }
    refused = post(client, "/api/v1/jobs", job)
    problem(refused, 403, "author_suspended")
    assert refused.json()["until"] == imposed.json()["until"].replace("Z", "+00:00")
    public = {"organisation_id": str(project.organisation_id), "name": "New", "audience": "public"}
    problem(post(client, "/api/v1/projects", public), 403, "not_public_now")
    standing = client.get("/api/v1/me/standing").json()
    assert [one["kind"] for one in standing["restrictions"]] == ["suspended"]
    assert standing["restrictions"][0]["reason"] == "as agreed"
    at = f"/api/v1/restrictions/{imposed.json()['id']}/lift"
    assert not post(senior, at, {"reason": "enough"}).json()["is_in_force"]
    assert post(client, "/api/v1/jobs", job).status_code in {201, 202}


def test_an_author_reads_their_own_strikes_and_no_hazard_about_children(
    author: User, strike: str
) -> None:
    standing = signed_in(author).get("/api/v1/me/standing").json()
    assert standing["points"] == 12
    (own,) = standing["strikes"]
    assert (own["id"], own["hazard"]) == (strike, "rules")
    assert "author_id" not in own
    other = signed_in(make.make_user()).get("/api/v1/me/standing").json()
    assert other == {"points": 0, "strikes": [], "restrictions": []}


def test_strangers_reviewers_and_foreign_keys_are_kept_out(
    caller: Caller, author: User, strike: str
) -> None:
    stranger, reviewer = (
        signed_in(make.make_user()),
        signed_in(make.make_user(staff=["reviewer"])),
    )
    for path in ("strikes", "restrictions", "takedown-notices"):
        problem(stranger.get(f"/api/v1/{path}"), 403, "review_staff_only")
        assert reviewer.get(f"/api/v1/{path}").status_code == 200
    problem(
        post(reviewer, f"/api/v1/strikes/{strike}/void", {"reason": "no"}), 403, "senior_staff_only"
    )
    key = staff_key("senior_reviewer", make.make_organisation())
    assert key.get("/api/v1/strikes").json()["items"] == []
    problem(post(key, f"/api/v1/strikes/{strike}/void", {"reason": "no"}), 404, "strike_not_found")
    body = {"author_id": str(author.pk), "kind": "suspended", "reason": "no"}
    problem(post(key, "/api/v1/restrictions", body), 403, "staff_scope")


def test_a_notice_is_recorded_and_listed(caller: Caller) -> None:
    reviewer = signed_in(make.make_user(staff=["reviewer"]))
    asset = make.make_asset()
    body = {
        "asset_id": str(asset.pk),
        "claimant": "Ann Ltd",
        "basis": "copyright",
        "reason": "our picture",
    }
    answer = post(reviewer, "/api/v1/takedown-notices", body)
    assert (answer.status_code, answer.json()["held_at_once"]) == (201, True)
    listed = reviewer.get(f"/api/v1/takedown-notices?asset_id={asset.pk}").json()["items"]
    assert [one["claimant"] for one in listed] == ["Ann Ltd"]


def test_a_report_takes_a_reason_and_old_clients_need_none(caller: Caller) -> None:
    client, asset = signed_in(make.make_user()), make.make_asset()
    body = {"asset_id": str(asset.pk), "kind": "report", "note": "that is mine"}
    for reason, status in (("copyright", 201), ("envy", 400), (None, 201)):
        given = body if reason is None else {**body, "reason": reason}
        assert post(client, "/api/v1/interactions", given).status_code == status
    like = {"asset_id": str(asset.pk), "kind": "like", "reason": "copyright"}
    problem(post(client, "/api/v1/interactions", like), 400, "invalid_input")
