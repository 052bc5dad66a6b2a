"""Jobs and batches over HTTP: several outputs, remixes, last moments."""

from datetime import timedelta

import pytest

from generation.app.models import Job
from tests import factories as make
from tests.fakes.gate import FakeGate
from tests.integration.api.caller import Caller, post, problem, signed_in
from tidegate.primitives.clock import now

pytestmark = pytest.mark.django_db


def test_a_job_says_how_far_each_of_its_outputs_is(caller: Caller) -> None:
    answer = caller.asks(caller.job(outputs=3, seed=7))
    assert answer.status_code == 202
    job = answer.json()
    assert [(one["index"], one["seed"], one["state"]) for one in job["outputs"]] == [
        (0, 7, "waiting"),
        (1, 8, "waiting"),
        (2, 9, "waiting"),
    ]
    read = caller.client.get(job["urls"]["self"]).json()
    assert read["outputs"] == job["outputs"]
    assert read["queue"]["position"] == 0
    assert read["queue"]["starts_in_seconds"] is None


def test_cancel_after_is_a_moment_of_the_job(caller: Caller) -> None:
    before = now()
    answer = caller.asks(caller.job(), **{"Cancel-After": "5m"})
    assert answer.status_code == 202
    job = Job.objects.get(pk=answer.json()["id"])
    assert job.cancel_at is not None
    assert timedelta(minutes=5) <= job.cancel_at - before < timedelta(minutes=6)


@pytest.mark.parametrize(
    ("value", "pointer"),
    [("soon", "/Cancel-After"), ("4s", "/cancel_after"), ("200h", "/Cancel-After")],
)
def test_a_wrong_cancel_after_is_refused(caller: Caller, value: str, pointer: str) -> None:
    answer = caller.asks(caller.job(), **{"Cancel-After": value})
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert not Job.objects.exists()


def test_a_remix_shows_its_parent_only_while_one_may_see_it(caller: Caller) -> None:
    parent = make.make_asset()
    job = caller.asks(caller.job(parent=str(parent.pk))).json()
    assert job["parent_id"] == str(parent.pk)
    assert caller.client.get(job["urls"]["self"]).json()["parent_id"] == str(parent.pk)
    type(parent).objects.filter(pk=parent.pk).update(visibility="held")
    assert caller.client.get(job["urls"]["self"]).json()["parent_id"] is None


def test_what_one_may_not_see_is_no_parent(caller: Caller) -> None:
    hidden = make.make_asset(make.make_project(audience="private"))
    answer = caller.asks(caller.job(parent=str(hidden.pk)))
    assert problem(answer, 400, "invalid_input") == ["/parent"]


def test_a_batch_answers_for_each_line_and_can_be_read_and_cancelled(
    caller: Caller, gate: FakeGate
) -> None:
    gate.prompt_verdict, gate.only = "block", "cruelty"
    lines = [caller.job(prompt=prompt) for prompt in ("a harbour", "cruelty", "an orchard")]
    for line in lines:
        del line["project_id"]
    answer = post(
        caller.client,
        "/api/v1/job-batches",
        {"project_id": str(caller.project.pk), "jobs": lines},
    )
    assert answer.status_code == 202, answer.content
    batch = answer.json()
    assert batch["states"] == {"queued": 2, "refused": 1}
    assert [job["prompt"] for job in batch["jobs"]] == ["a harbour", "cruelty", "an orchard"]
    where = answer.headers["Location"]
    assert caller.client.get(where).json()["id"] == batch["id"]
    stranger = signed_in(make.make_user())
    problem(stranger.get(where), 404, "batch_not_found")
    problem(post(stranger, f"{where}/cancel"), 404, "batch_not_found")
    for _ in range(2):
        cancelled = post(caller.client, f"{where}/cancel")
        assert cancelled.status_code == 202
        assert cancelled.json()["states"] == {"cancelled": 2, "refused": 1}


def test_one_wrong_line_and_no_line_is_accepted(caller: Caller) -> None:
    answer = post(
        caller.client,
        "/api/v1/job-batches",
        {
            "project_id": str(caller.project.pk),
            "jobs": [
                {"model": "smollm2-135m", "prompt": "a harbour"},
                {"model": "smollm2-135m", "prompt": " "},
                {"model": "smollm2-135m", "prompt": "x", "parameters": {"wings": 2}},
            ],
        },
    )
    assert problem(answer, 400, "invalid_input") == ["/jobs/1/prompt", "/jobs/2/parameters/wings"]
    assert not Job.objects.exists()
