"""Asking for jobs."""

from typing import Any

import pytest

from generation.app import selectors, services
from generation.app.models import Job
from tests.factories import make_collaborator, make_key, make_user, viewer_of
from tests.fakes.gate import POLICY, FakeGate
from tests.integration.generation.maker import Maker
from tidegate.accounts.viewers import ANONYMOUS
from tidegate.audit.models import Entry
from tidegate.events.models import Outbox
from tidegate.primitives.errors import InvalidInput, NotAllowed, NotFound

pytestmark = pytest.mark.django_db


def actions(job: Job) -> list[str]:
    entries = Entry.objects.filter(subject_id=str(job.pk)).order_by("seq")
    return list(entries.values_list("action", flat=True))


def announced(job: Job) -> list[str]:
    return list(
        Outbox.objects.filter(key=str(job.pk)).order_by("pk").values_list("type", flat=True)
    )


def test_an_accepted_request_is_a_screened_job_with_trail_event_and_ticket(
    maker: Maker, issued: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        job = maker.asks("  a lighthouse at dawn ")
    job.refresh_from_db()
    assert job.state == Job.State.QUEUED
    assert job.prompt == "a lighthouse at dawn"
    assert job.parameters == {"steps": 20, "guidance": 3.0, "size": 256}
    assert 0 <= job.seed < 2**53
    assert job.screened_at is not None
    assert job.screening_policy == POLICY
    assert actions(job) == ["job.submitted"]
    assert announced(job) == ["tidegate.job.queued.v1"]
    assert issued == ["image"]


def test_a_blocked_prompt_is_a_refused_job_without_a_ticket(
    maker: Maker, gate: FakeGate, issued: list[str]
) -> None:
    gate.prompt_verdict = "block"
    job = maker.asks()
    job.refresh_from_db()
    assert job.state == Job.State.REFUSED
    assert job.refusal == ["violence"]
    assert job.error_code == "prompt_refused"
    assert job.does_retry_help is False
    assert actions(job) == ["job.refused"]
    assert announced(job) == ["tidegate.job.ended.v1"]
    assert issued == []


def test_a_doubtful_prompt_may_run_but_its_text_is_streamed_to_nobody(
    maker: Maker, gate: FakeGate
) -> None:
    gate.prompt_verdict = "hold"
    job = maker.asks(model_name="smollm2-135m")
    assert job.state == Job.State.QUEUED
    assert job.is_prompt_held
    claim = services.claim_job(modality="text", worker="w")
    assert claim is not None
    assert claim.is_text_withheld


def test_while_the_gate_is_away_a_job_waits_unscreened_and_is_never_claimed(
    maker: Maker, gate: FakeGate, issued: list[str]
) -> None:
    gate.prompt_verdict = "unavailable"
    job = maker.asks()
    assert job.state == Job.State.QUEUED
    assert job.screened_at is None
    assert services.claim_job(modality="image", worker="w") is None
    assert services.sweep().screened == 0
    gate.prompt_verdict = "release"
    assert services.sweep().screened == 1
    assert services.claim_job(modality="image", worker="w") is not None
    assert actions(job) == ["job.submitted", "job.screened", "job.started"]


def test_a_prompt_that_is_refused_late_ends_the_job(maker: Maker, gate: FakeGate) -> None:
    gate.prompt_verdict = "unavailable"
    job = maker.asks()
    gate.prompt_verdict = "block"
    services.sweep()
    job.refresh_from_db()
    assert job.state == Job.State.REFUSED
    assert announced(job) == ["tidegate.job.queued.v1", "tidegate.job.ended.v1"]


def test_every_word_that_reaches_the_model_is_screened(maker: Maker, gate: FakeGate) -> None:
    maker.asks("a headline", model_name="smollm2-135m", parameters={"system": "be cruel"})
    assert gate.prompts == ["a headline\n\nbe cruel"]


@pytest.mark.parametrize(
    ("wrong", "pointer", "code"),
    [
        ({"model_name": "no-such-model"}, "/model", "unknown_model"),
        ({"prompt": " \n "}, "/prompt", "empty"),
        ({"prompt": "a" * 501}, "/prompt", "too_long"),
        ({"prompt": "a" * 1_000_000}, "/prompt", "too_long"),
        ({"prompt": "a\0b"}, "/prompt", "control_character"),
        ({"prompt": "a\ud800b"}, "/prompt", "control_character"),
        ({"parameters": {"steps": 51}}, "/parameters/steps", "out_of_range"),
        ({"parameters": {"steps": "20"}}, "/parameters/steps", "not_a_number"),
        ({"parameters": {"steps": True}}, "/parameters/steps", "not_a_number"),
        ({"parameters": {"size": 512}}, "/parameters/size", "unknown_choice"),
        ({"parameters": {"voice": "x"}}, "/parameters/voice", "unknown_parameter"),
        ({"seed": -1}, "/seed", "out_of_range"),
        ({"seed": 2**53}, "/seed", "out_of_range"),
        ({"priority": 11}, "/priority", "out_of_range"),
    ],
)
def test_a_wrong_request_leaves_nothing_behind(
    maker: Maker, wrong: dict[str, Any], pointer: str, code: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        maker.asks(**wrong)
    assert [(error.pointer, error.code) for error in refused.value.errors] == [(pointer, code)]
    assert not Job.objects.exists()


def test_all_that_is_wrong_is_said_at_once(maker: Maker) -> None:
    with pytest.raises(InvalidInput) as refused:
        maker.asks("", parameters={"steps": 1, "size": 1}, seed=-1)
    assert {error.pointer for error in refused.value.errors} == {
        "/prompt",
        "/parameters/steps",
        "/parameters/size",
        "/seed",
    }


def test_a_stranger_does_not_find_the_project_and_nobody_asks_anonymously(maker: Maker) -> None:
    stranger = viewer_of(make_user())
    request: dict[str, Any] = {
        "project_id": maker.project.pk,
        "model_name": "tidegate-image",
        "prompt": "a cat",
    }
    with pytest.raises(NotFound):
        services.submit_job(viewer=stranger, **request)
    with pytest.raises(NotAllowed):
        services.submit_job(viewer=ANONYMOUS, **request)


def test_who_may_only_look_may_not_generate(maker: Maker) -> None:
    guest = make_collaborator(maker.project, "viewer").user
    with pytest.raises(NotAllowed):
        services.submit_job(
            viewer=viewer_of(guest),
            project_id=maker.project.pk,
            model_name="tidegate-image",
            prompt="a cat",
        )


def test_a_job_is_seen_by_its_asker_and_staff_only(maker: Maker) -> None:
    job = maker.asks()
    editor = make_collaborator(maker.project, "editor").user
    key, _ = make_key(maker.project.organisation, creator=maker.user)
    reviewer = make_user(staff=["reviewer"])
    assert selectors.job_for(maker.viewer, job.pk) == job
    assert selectors.job_for(viewer_of(key), job.pk) == job
    assert selectors.job_for(viewer_of(reviewer), job.pk) == job
    for nobody in (viewer_of(editor), viewer_of(make_user()), ANONYMOUS):
        with pytest.raises(NotFound):
            selectors.job_for(nobody, job.pk)


def test_cancelling_a_queued_job_ends_it_at_once_and_twice_is_no_error(maker: Maker) -> None:
    job = maker.asks()
    for _ in range(2):
        assert services.cancel_job(viewer=maker.viewer, job_id=job.pk).state == "cancelled"
    assert actions(job) == ["job.submitted", "job.cancelled"]
    assert services.claim_job(modality="image", worker="w") is None


def test_staff_may_read_a_job_but_not_cancel_it(maker: Maker) -> None:
    job = maker.asks()
    with pytest.raises(NotAllowed):
        services.cancel_job(viewer=viewer_of(make_user(staff=["auditor"])), job_id=job.pk)
    with pytest.raises(NotFound):
        services.cancel_job(viewer=viewer_of(make_user()), job_id=job.pk)


def test_the_position_counts_one_turn_of_every_other_organisation(maker: Maker) -> None:
    other = Maker()
    for _ in range(5):
        other.asks()
    first, second = maker.asks(), maker.asks()
    assert selectors.queue_position(first) == 1
    assert selectors.queue_position(second) == 3


def test_accepting_costs_few_queries(maker: Maker, django_assert_max_num_queries: Any) -> None:
    maker.asks()  # the first one opens the account
    with django_assert_max_num_queries(10):
        maker.asks()
