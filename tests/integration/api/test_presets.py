"""Presets over HTTP: kept, filled, published, and named on what came of them."""

from typing import Any

from generation.app.models import Job
from tests import factories as make
from tests.integration.api.caller import Caller, keyed, post, problem, signed_in
from tidegate.assets.models import Asset

BODY = {
    "name": "Harbour",
    "model": "smollm2-135m",
    "prompt": "a {mood} harbour",
    "parameters": {"max_tokens": 24},
    "variables": [{"name": "mood", "type": "text", "maximum": 20, "default": "calm"}],
}


def keeps(caller: Caller, **fields: Any) -> dict[str, Any]:
    body = {**BODY, "organisation_id": str(caller.organisation.pk), **fields}
    response = post(caller.client, "/api/v1/presets", body)
    assert response.status_code == 201, response.content
    made: dict[str, Any] = response.json()
    assert response.headers["Location"] == f"/api/v1/presets/{made['id']}"
    return made


def test_a_preset_is_kept_changed_published_and_withdrawn(caller: Caller) -> None:
    made = keeps(caller)
    assert (made["version"], made["publication"], made["may_edit"]) == (1, "private", True)
    path = f"/api/v1/presets/{made['id']}"
    changed = post(caller.client, f"{path}/versions", {**BODY, "name": "Port", "latest": 1})
    assert (changed.status_code, changed.json()["version"]) == (201, 2)
    problem(post(caller.client, f"{path}/versions", {**BODY, "latest": 1}), 409, "preset_changed")
    versions = caller.client.get(f"{path}/versions").json()["items"]
    assert [item["name"] for item in versions] == ["Port", "Harbour"]
    assert caller.client.get(path, {"version": 1}).json()["name"] == "Harbour"

    other = Caller()
    problem(other.client.get(path), 404, "preset_not_found")
    answer = post(caller.client, f"{path}/publish", {"version": 1}).json()
    assert (answer["publication"], answer["version"]) == ("public", 1)
    seen = other.client.get(path).json()
    assert (seen["name"], seen["latest_version"], seen["may_edit"]) == ("Harbour", 1, False)
    assert seen["organisation_id"] is None
    assert len(other.client.get(f"{path}/versions").json()["items"]) == 1
    found = other.client.get("/api/v1/presets", {"scope": "public"}).json()["items"]
    assert [item["id"] for item in found] == [made["id"]]
    assert other.client.get("/api/v1/presets", {"scope": "user"}).json()["items"] == []
    problem(post(other.client, f"{path}/withdraw"), 403, "preset_not_yours")
    assert post(caller.client, f"{path}/withdraw").status_code == 200
    problem(other.client.get(path), 404, "preset_not_found")

    assert post(caller.client, f"{path}/archive").json()["is_archived"]
    assert caller.client.get("/api/v1/presets").json()["items"] == []
    listed = caller.client.get("/api/v1/presets", {"archived": "true"}).json()["items"]
    assert len(listed) == 1
    assert not post(caller.client, f"{path}/restore").json()["is_archived"]


def test_jobs_batches_and_previews_take_a_preset(caller: Caller) -> None:
    made = keeps(caller)
    body = {"project_id": str(caller.project.pk), "preset": made["id"]}
    asked = {**body, "variables": {"mood": "stormy"}, "seed": 5}
    preview = post(caller.client, "/api/v1/jobs?dry_run=true", asked).json()
    assert (preview["prompt"], preview["seed"]) == ("a stormy harbour", 5)
    job = caller.asks(asked).json()
    assert (job["prompt"], job["model"]) == ("a stormy harbour", "smollm2-135m")
    assert job["parameters"]["max_tokens"] == 24
    assert job["preset"] == {
        "id": made["id"],
        "version": 1,
        "name": "Harbour",
        "author": caller.user.display_name,
    }
    assert caller.client.get(f"/api/v1/jobs/{job['id']}").json()["preset"] == job["preset"]
    lines = [{"preset": made["id"]}, {"preset": made["id"], "parameters": {"max_tokens": 16}}]
    batch = post(
        caller.client, "/api/v1/job-batches", {"project_id": body["project_id"], "jobs": lines}
    ).json()
    assert [one["prompt"] for one in batch["jobs"]] == ["a calm harbour"] * 2
    assert [one["parameters"]["max_tokens"] for one in batch["jobs"]] == [24, 16]
    wrong = caller.asks({**asked, "variables": {"mood": 7}, "model": "tidegate-image"})
    assert set(problem(wrong, 400, "invalid_input")) == {"/model", "/variables/mood"}
    assert problem(caller.asks({**body, "preset": None}), 400, "invalid_input") == ["/model"]


def test_an_asset_credits_the_preset_while_one_may_see_it(caller: Caller) -> None:
    made = keeps(caller)
    job_id = caller.asks({"project_id": str(caller.project.pk), "preset": made["id"]}).json()["id"]
    version = Job.objects.get(pk=job_id).preset_version_id
    assert version is not None
    asset = make.make_asset(caller.project, owner=caller.user, visibility="released")
    Asset.objects.filter(pk=asset.pk).update(
        preset_version_id=version, parameters={"steps": 9, "negative_prompt": "rain"}
    )
    path = f"/api/v1/assets/{asset.pk}"
    own = caller.client.get(path).json()
    assert (own["preset"]["name"], own["parameters"]) == (
        "Harbour",
        {"steps": 9, "negative_prompt": "rain"},
    )
    other = Caller()
    seen = other.client.get(path).json()
    assert (seen["preset"], seen["parameters"]) == (None, {"steps": 9})
    post(caller.client, f"/api/v1/presets/{made['id']}/publish")
    assert other.client.get(path).json()["preset"] == own["preset"]


def test_review_staff_take_presets_down(caller: Caller) -> None:
    made = keeps(caller)
    path = f"/api/v1/presets/{made['id']}"
    post(caller.client, f"{path}/publish")
    reviewer, other = signed_in(make.make_user(staff=["reviewer"])), Caller()
    reason = {"reason": "names a person"}
    problem(post(caller.client, f"{path}/take-down", reason), 403, "scope_missing")
    problem(post(signed_in(other.user), f"{path}/take-down", reason), 403, "preset_staff_only")
    assert post(reviewer, f"{path}/take-down", reason).status_code == 200
    problem(other.client.get(path), 404, "preset_not_found")
    assert caller.client.get(path).json()["taken_down_because"] == "names a person"
    problem(post(caller.client, f"{path}/publish"), 409, "preset_taken_down")
    problem(post(reviewer, f"{path}/take-down", {"reason": ""}), 400, "invalid_input")
    assert post(reviewer, f"{path}/reinstate", {"reason": "they agreed"}).status_code == 200
    assert other.client.get(path).status_code == 200


def test_wrong_words_are_refused_with_their_place(caller: Caller) -> None:
    body = {**BODY, "organisation_id": str(caller.organisation.pk)}
    for fields, pointer in (
        ({"prompt": "a {mood harbour"}, "/prompt"),
        ({"variables": [{"name": "Mood", "type": "text"}]}, "/variables/0/name"),
        ({"variables": [{"name": "mood", "default": ["x"]}]}, "/variables/0/default"),
        ({"variables": [{"name": "mood", "maximum": "many"}]}, "/variables/0/maximum"),
        ({"lists": {"a": ["\0"]}}, "/lists/a/0"),
        ({"scope": "public"}, "/scope"),
        ({"parameters": {"system": "x" * 5000}}, "/parameters/system"),
    ):
        response = post(caller.client, "/api/v1/presets", {**body, **fields})
        assert pointer in problem(response, 400, "invalid_input"), (fields, response.content)
    blind = keyed(make.make_key(caller.organisation, scopes=frozenset({"jobs:write"}))[1])
    problem(post(blind, "/api/v1/presets", body), 403, "scope_missing")
