"""Several outputs of a job, several jobs of a batch, remixes, and jobs with a last moment."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.db.models.functions import Now

from generation.app import board, pulse, runner, services
from generation.app.models import Job, JobOutput
from generation.app.services import JobRequest
from generation.core.catalogue import LARGEST_SEED
from generation.core.triton import GeneratorUnavailable
from generation.core.wire import InvalidRequest
from tests.factories import make_asset, make_project, make_user, viewer_of
from tests.fakes.gate import FakeGate
from tests.fakes.generator import FakeGenerator, breaks, draws, writes
from tests.integration.generation.maker import Maker
from tidegate.assets.models import Asset
from tidegate.contracts.envelope import decode
from tidegate.contracts.generation import JobEnded
from tidegate.events.models import Outbox
from tidegate.primitives.clock import now
from tidegate.primitives.errors import InvalidInput

pytestmark = pytest.mark.django_db(transaction=True)

Notices = list[tuple[str, dict[str, object]]]


@pytest.fixture(autouse=True)
def notices(monkeypatch: pytest.MonkeyPatch) -> Notices:
    """What was published, without a Valkey."""
    said: Notices = []
    monkeypatch.setattr(board, "publish", lambda _, kind, data: said.append((kind, dict(data))))
    return said


class Scripted:
    """A generator whose every call plays the next script."""

    def __init__(self, *scripts: FakeGenerator) -> None:
        self.scripts = list(scripts)
        self.seeds: list[object] = []
        self.stream: Callable[..., object] = self._stream

    def _stream(self, **asked: object) -> object:
        self.seeds.append(asked["seed"])
        return self.scripts.pop(0).stream(**asked)  # type: ignore[arg-type]  # passed on as given


def run(generator: object, modality: str = "image") -> bool:
    return runner.run_next(modality=modality, generator=generator)  # type: ignore[arg-type]


def states(job: Job) -> list[tuple[int, str, int]]:
    rows = JobOutput.objects.filter(job=job).order_by("index")
    return list(rows.values_list("index", "state", "attempt"))


def test_every_output_has_the_next_seed_and_is_delivered_when_it_is_made(
    maker: Maker, notices: Notices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "SECONDS_BETWEEN_STEPS", 3600.0)
    job = maker.asks(outputs=3, seed=LARGEST_SEED - 1)
    generator = Scripted(draws(), draws(), draws())
    run(generator)
    job.refresh_from_db()
    assert job.state == Job.State.SUCCEEDED
    assert generator.seeds == [LARGEST_SEED - 1, LARGEST_SEED, 0]
    assets = list(Asset.objects.filter(job_id=job.pk).order_by("output_index"))
    assert [asset.seed for asset in assets] == generator.seeds
    assert states(job) == [(0, "made", 1), (1, "made", 1), (2, "made", 1)]
    assert [data["index"] for kind, data in notices if kind == "output"] == [0, 1, 2]
    steps = [(data["output"], data["step"]) for kind, data in notices if kind == "progress"]
    assert steps == [(output, step) for output in range(3) for step in (1, 3)]
    ended = decode(bytes(Outbox.objects.get(key=str(job.pk), type=JobEnded.TYPE).value))
    assert ended.data["asset_ids"] == [str(asset.pk) for asset in assets]


def test_after_a_worker_died_only_what_is_missing_is_made(maker: Maker) -> None:
    job = maker.asks(outputs=3, seed=5)

    def die(_: int) -> None:
        raise KeyboardInterrupt

    dying = draws()
    dying.before_each = die
    with pytest.raises(KeyboardInterrupt):
        run(Scripted(draws(), dying))
    assert states(job) == [(0, "made", 1)]
    Job.objects.filter(pk=job.pk).update(lease_expires_at=Now() - timedelta(seconds=1))
    services.sweep()
    second = Scripted(draws(), draws())
    run(second)
    assert second.seeds == [6, 7]
    job.refresh_from_db()
    assert (job.state, job.attempt) == (Job.State.SUCCEEDED, 2)
    assert states(job) == [(0, "made", 1), (1, "made", 2), (2, "made", 2)]
    assert Asset.objects.filter(job_id=job.pk).count() == 3


def test_an_output_of_which_nothing_came_does_not_take_the_others_with_it(maker: Maker) -> None:
    job = maker.asks(outputs=3)
    run(Scripted(draws(), FakeGenerator([]), FakeGenerator([])))
    job.refresh_from_db()
    assert job.state == Job.State.SUCCEEDED
    assert states(job) == [(0, "made", 1), (1, "failed", 1), (2, "failed", 1)]


def test_a_job_of_which_nothing_came_at_all_failed(maker: Maker) -> None:
    job = maker.asks(outputs=2)
    run(Scripted(FakeGenerator([]), FakeGenerator([])))
    job.refresh_from_db()
    assert (job.state, job.error_code) == (Job.State.FAILED, "nothing_made")


def test_what_was_delivered_stays_when_the_job_fails_later(maker: Maker) -> None:
    job = maker.asks(outputs=2)
    run(Scripted(draws(), breaks(InvalidRequest("no"))))
    job.refresh_from_db()
    assert (job.state, job.error_code) == (Job.State.FAILED, "invalid_request")
    assert Asset.objects.filter(job_id=job.pk).count() == 1


def test_only_the_first_text_is_shown_while_it_is_written(maker: Maker, notices: Notices) -> None:
    story = "The harbour slept. A lamp turned over the water, once, twice. Then the boats came."
    job = maker.asks(model_name="smollm2-135m", outputs=2)
    run(Scripted(writes(story), writes("Another story. " * 8)), "text")
    job.refresh_from_db()
    assert job.released_text == story
    assert not job.is_text_withheld
    assert Asset.objects.filter(job_id=job.pk).count() == 2


def test_a_failure_that_nobody_foresaw_is_tried_again_a_few_times_and_always_stamped(
    maker: Maker,
) -> None:
    job = maker.asks()
    for attempt in range(1, 5):
        Job.objects.update(not_before=None)
        with pytest.raises(ZeroDivisionError):
            run(breaks(ZeroDivisionError("oh")))
        job.refresh_from_db()
        assert job.last_failure is not None
        assert (job.last_failure["code"], job.last_failure["attempt"]) == (
            "unforeseen_error",
            attempt,
        )
    assert (job.state, job.error_code) == (Job.State.FAILED, "unforeseen_error")
    assert job.does_retry_help


def test_a_generator_that_is_away_is_waited_for_with_what_is_made_kept(maker: Maker) -> None:
    job = maker.asks(outputs=2)
    run(Scripted(draws(), breaks(GeneratorUnavailable("restarting"))))
    job.refresh_from_db()
    assert (job.state, job.postponements, job.failures) == (Job.State.QUEUED, 1, 0)
    assert job.last_failure is not None
    assert job.last_failure["code"] == "generator_unavailable"
    Job.objects.update(not_before=Now() - timedelta(seconds=1))
    run(Scripted(draws()))
    job.refresh_from_db()
    assert job.state == Job.State.SUCCEEDED


def test_a_model_says_how_many_outputs_it_gives_at_once(maker: Maker) -> None:
    with pytest.raises(InvalidInput) as refused:
        maker.asks(outputs=5)
    assert [(item.pointer, item.code) for item in refused.value.errors] == [
        ("/outputs", "out_of_range")
    ]


def test_a_remix_names_its_parent_and_so_does_what_comes_out(maker: Maker) -> None:
    parent = make_asset()
    job = maker.asks(parent_id=parent.pk)
    run(draws())
    assert Asset.objects.get(job_id=job.pk).parent_id == parent.pk


@pytest.mark.parametrize("visibility", ["pending", "held", "blocked", "withdrawn", "released"])
def test_what_one_may_not_see_one_cannot_remix(maker: Maker, visibility: str) -> None:
    project = make_project(audience="private")
    parent = make_asset(project, owner=make_user(), visibility=visibility)
    with pytest.raises(InvalidInput) as refused:
        maker.asks(parent_id=parent.pk)
    assert [(item.pointer, item.code) for item in refused.value.errors] == [
        ("/parent", "unknown_parent")
    ]


def test_a_batch_is_accepted_whole_with_an_answer_for_each_line(
    maker: Maker, gate: FakeGate, issued: list[str]
) -> None:
    gate.prompt_verdict, gate.only = "block", "cruelty"
    batch_id, jobs = services.submit_batch(
        viewer=maker.viewer,
        project_id=maker.project.pk,
        requests=[
            JobRequest("tidegate-image", "a red apple"),
            JobRequest("tidegate-image", "cruelty"),
            JobRequest("smollm2-135m", "a haiku", outputs=2),
        ],
    )
    assert [job.state for job in jobs] == ["queued", "refused", "queued"]
    assert {job.batch_id for job in Job.objects.all()} == {batch_id}
    assert sorted(issued) == ["image", "text"]


def test_one_wrong_line_leaves_nothing_of_a_batch_and_every_wrong_line_is_named(
    maker: Maker,
) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.submit_batch(
            viewer=maker.viewer,
            project_id=maker.project.pk,
            requests=[
                JobRequest("tidegate-image", "a red apple"),
                JobRequest("tidegate-image", ""),
                JobRequest("nobody", "a red apple", outputs=99),
            ],
        )
    assert [item.pointer for item in refused.value.errors] == ["/jobs/1/prompt", "/jobs/2/model"]
    assert not Job.objects.exists()


@pytest.mark.parametrize("size", [0, 101])
def test_a_batch_has_its_bounds(maker: Maker, size: int) -> None:
    with pytest.raises(InvalidInput):
        services.submit_batch(
            viewer=maker.viewer,
            project_id=maker.project.pk,
            requests=[JobRequest("tidegate-image", "a red apple")] * size,
        )


def test_the_earlier_of_two_last_moments_counts(maker: Maker) -> None:
    soon = now() + timedelta(seconds=20)
    job = maker.asks(cancel_after=timedelta(hours=1), deadline=soon)
    assert job.cancel_at == soon


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"cancel_after": timedelta(seconds=1)}, "/cancel_after"),
        ({"deadline": now() - timedelta(seconds=1)}, "/deadline"),
    ],
)
def test_a_last_moment_lies_ahead(maker: Maker, wrong: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        maker.asks(**wrong)
    assert refused.value.errors[0].pointer == pointer


def test_a_queued_job_is_not_begun_after_its_last_moment_and_ends_cancelled(maker: Maker) -> None:
    job = maker.asks(cancel_after=timedelta(minutes=1))
    Job.objects.update(cancel_at=Now() - timedelta(seconds=1))
    assert services.claim_job(modality="image", worker="w") is None
    assert services.sweep().unwanted == 1
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED


def test_a_running_job_stops_at_its_last_moment(
    maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "CANCEL_CHECK_SECONDS", 0.01)
    job = maker.asks(cancel_after=timedelta(minutes=1))

    def be_late(index: int) -> None:
        if index == 1:
            Job.objects.update(cancel_at=Now())
            connections.close_all()

    generator = draws()
    generator.before_each, generator.waits_before = be_late, 1
    run(generator)
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED


def test_somebody_elses_job_has_no_outputs_for_a_stranger(maker: Maker) -> None:
    job = maker.asks(outputs=2)
    run(Scripted(draws(), draws()))
    from generation.app import selectors

    assert selectors.outputs_of(viewer_of(make_user()), [job.pk]) == {}
