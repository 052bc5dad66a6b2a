"""Running jobs to their end with a scripted generator."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connections
from django.db.models.functions import Now

from generation.app import board, claims, pulse, runner, services
from generation.app.models import Job
from generation.core.triton import DeadlineExceeded, GeneratorUnavailable
from generation.core.wire import InvalidRequest, Media
from tests.fakes.gate import FakeGate
from tests.fakes.generator import (
    MODEL_VERSION,
    PATIENCE_SECONDS,
    PNG,
    FakeGenerator,
    breaks,
    draws,
    writes,
)
from tests.integration.generation.maker import Maker
from tidegate.assets.models import Asset, Rendition
from tidegate.audit.models import Entry
from tidegate.contracts.envelope import decode
from tidegate.contracts.generation import JobEnded
from tidegate.contracts.moderation import VerdictName
from tidegate.events.models import Outbox

pytestmark = pytest.mark.django_db(transaction=True)

STORY = "The harbour slept. A lamp turned over the water, once, twice. Then the boats came home."

Notices = list[tuple[str, dict[str, object]]]


@pytest.fixture(autouse=True)
def notices(monkeypatch: pytest.MonkeyPatch) -> Notices:
    """What was published, without a Valkey."""
    said: Notices = []
    monkeypatch.setattr(board, "publish", lambda _, kind, data: said.append((kind, dict(data))))
    return said


def run(generator: FakeGenerator, modality: str = "image") -> bool:
    return runner.run_next(modality=modality, generator=generator)


def shown(notices: Notices) -> str:
    text = ""
    for kind, data in notices:
        if kind == "text":
            assert data["offset"] == len(text)
            text += str(data["text"])
    return text


def eventually(is_so: Callable[[], bool]) -> None:
    """Wait for another thread; the limit only ends a test that hangs."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not is_so() and time.monotonic() < until:
        time.sleep(0.01)


def elsewhere(work: Callable[[], object]) -> None:
    """Do something as another process would, on another connection."""

    def run() -> None:
        work()
        connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


def test_a_picture_becomes_one_pending_asset_in_the_transaction_that_ends_the_job(
    maker: Maker, notices: Notices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "SECONDS_BETWEEN_STEPS", 3600.0)
    job = maker.asks("a red apple\non a table", seed=7)
    generator = draws()
    assert run(generator)
    job.refresh_from_db()
    asset = Asset.objects.get(job_id=job.pk)
    assert job.state == Job.State.SUCCEEDED
    assert (asset.visibility, asset.title, asset.prompt) == ("pending", "a red apple", job.prompt)
    assert (asset.seed, asset.model_version, asset.parameters) == (7, MODEL_VERSION, job.parameters)
    assert asset.correlation_id == job.correlation_id
    original = Rendition.objects.get(asset=asset)
    assert (original.media_type, original.width, original.height) == ("image/png", 256, 256)
    assert generator.asked == [
        {
            "model": "tidegate_image",
            "prompt": job.prompt,
            "parameters": {"steps": 20, "guidance": 3.0, "size": 256},
            "seed": 7,
        }
    ]
    ended = decode(bytes(Outbox.objects.get(key=str(job.pk), type=JobEnded.TYPE).value))
    assert ended.data["asset_ids"] == [str(asset.pk)]
    assert [data["step"] for kind, data in notices if kind == "progress"] == [1, 3]
    trail = Entry.objects.filter(correlation_id=job.correlation_id).order_by("seq")
    assert list(trail.values_list("action", flat=True)) == [
        "job.submitted",
        "job.started",
        "asset.created",
        "job.succeeded",
    ]


def test_a_text_is_shown_window_by_window_and_judged_whole(
    maker: Maker, gate: FakeGate, notices: Notices
) -> None:
    job = maker.asks(model_name="smollm2-135m")
    run(writes(STORY), "text")
    job.refresh_from_db()
    asset = Asset.objects.get(job_id=job.pk)
    assert (asset.text, asset.media_type, job.released_text) == (STORY, "text/plain", STORY)
    assert shown(notices) == STORY
    assert len([kind for kind, _ in notices if kind == "text"]) > 1
    assert gate.windows[-1] == (STORY, gate.windows[-1][1], True)


def test_a_blocked_window_stops_the_generator_and_nothing_counts_as_released(
    maker: Maker, gate: FakeGate, notices: Notices
) -> None:
    gate.window_verdict = lambda text: "block" if "boats" in text else "release"
    job = maker.asks(model_name="smollm2-135m")
    generator = writes(STORY + STORY * 20)
    reached: list[int] = []
    generator.before_each = reached.append
    run(generator, "text")
    job.refresh_from_db()
    written = (reached[-1] + 1) * 7
    blocked_at = STORY.index("boats") + len("boats")
    assert written <= blocked_at + 60 + 7, "within one window"
    assert ("text_withheld", {"because": "block"}) in notices
    assert "boats" not in shown(notices)
    assert (job.state, job.error_code) == (Job.State.FAILED, "output_blocked")
    assert (job.released_text, job.is_text_withheld) == ("", True)
    assert not Asset.objects.filter(job_id=job.pk).exists()


@pytest.mark.parametrize("verdict", ["hold", "unavailable"])
def test_from_the_first_doubtful_window_on_nothing_more_is_shown(
    maker: Maker, gate: FakeGate, notices: Notices, verdict: VerdictName
) -> None:
    gate.window_verdict = lambda text: verdict if "boats" in text else "release"
    job = maker.asks(model_name="smollm2-135m")
    run(writes(STORY), "text")
    job.refresh_from_db()
    assert shown(notices) == job.released_text
    assert job.released_text
    assert "boats" not in job.released_text
    assert job.is_text_withheld
    assert ("text_withheld", {"because": verdict}) in notices
    assert job.state == Job.State.SUCCEEDED
    assert Asset.objects.get(job_id=job.pk).text == STORY


def test_a_text_that_is_written_again_is_not_shown_twice(
    maker: Maker, gate: FakeGate, notices: Notices
) -> None:
    job = maker.asks(model_name="smollm2-135m")

    def die(index: int) -> None:
        if index == 10:
            raise KeyboardInterrupt

    first = writes(STORY)
    first.before_each = die
    with pytest.raises(KeyboardInterrupt):
        run(first, "text")
    job.refresh_from_db()
    begun = job.released_text
    assert begun
    Job.objects.filter(pk=job.pk).update(lease_expires_at=Now() - timedelta(seconds=1))
    services.sweep()
    run(writes(STORY), "text")
    assert shown(notices) == STORY
    job.refresh_from_db()
    assert (job.state, job.attempt, job.released_text) == (Job.State.SUCCEEDED, 2, STORY)


def test_a_text_that_comes_out_different_the_second_time_is_not_mixed_into_the_first(
    maker: Maker, notices: Notices
) -> None:
    job = maker.asks(model_name="smollm2-135m")
    Job.objects.filter(pk=job.pk).update(released_text="Once upon a time")
    run(writes(STORY), "text")
    job.refresh_from_db()
    assert (job.released_text, job.is_text_withheld) == ("Once upon a time", True)
    assert shown(notices) == ""
    assert Asset.objects.get(job_id=job.pk).text == STORY


def test_a_held_prompts_text_is_streamed_to_nobody(
    maker: Maker, gate: FakeGate, notices: Notices
) -> None:
    gate.prompt_verdict = "hold"
    maker.asks(model_name="smollm2-135m")
    run(writes(STORY), "text")
    assert shown(notices) == ""
    assert gate.windows == []


@pytest.mark.parametrize(
    ("error", "state", "code", "retry_helps"),
    [
        (InvalidRequest("unknown voice"), "failed", "invalid_request", False),
        (DeadlineExceeded("too late"), "failed", "deadline_exceeded", True),
        (GeneratorUnavailable("no answer"), "queued", "", None),
    ],
)
def test_each_way_to_fail_has_its_outcome(
    maker: Maker, *, error: Exception, state: str, code: str, retry_helps: bool | None
) -> None:
    job = maker.asks()
    assert run(breaks(error))
    job.refresh_from_db()
    assert (job.state, job.error_code, job.does_retry_help) == (state, code, retry_helps)
    assert not Asset.objects.exists()


def test_a_generator_that_delivers_nothing_fails_the_job(maker: Maker) -> None:
    job = maker.asks()
    run(FakeGenerator([]))
    job.refresh_from_db()
    assert (job.state, job.error_code) == (Job.State.FAILED, "nothing_made")


def test_a_model_that_left_the_catalogue_fails_its_jobs(maker: Maker) -> None:
    job = maker.asks()
    Job.objects.filter(pk=job.pk).update(model_name="gone")
    run(draws())
    job.refresh_from_db()
    assert (job.state, job.error_code) == (Job.State.FAILED, "model_withdrawn")


def test_an_empty_queue_spends_a_ticket_on_nothing(maker: Maker) -> None:
    assert run(draws()) is False


def test_a_running_job_stops_soon_after_it_is_cancelled_and_delivers_nothing(
    maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "CANCEL_CHECK_SECONDS", 0.01)
    job = maker.asks()

    def cancel(index: int) -> None:
        if index == 1:
            elsewhere(lambda: services.cancel_job(viewer=maker.viewer, job_id=job.pk))

    generator = draws()
    generator.before_each, generator.waits_before = cancel, 1
    run(generator)
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED
    assert not Asset.objects.exists()


def test_a_worker_that_lost_its_lease_stops_and_writes_nothing(
    maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "CANCEL_CHECK_SECONDS", 0.01)
    job = maker.asks()

    def lose(index: int) -> None:
        if index == 1:
            Job.objects.filter(pk=job.pk).update(lease_expires_at=Now() - timedelta(seconds=1))
            elsewhere(services.sweep)

    generator = draws()
    generator.before_each, generator.waits_before = lose, 1
    run(generator)
    job.refresh_from_db()
    assert (job.state, job.attempt) == (Job.State.QUEUED, 1)
    assert not Asset.objects.exists()


def test_the_pulse_keeps_a_long_job_and_writes_its_progress(
    maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "CANCEL_CHECK_SECONDS", 0.01)
    monkeypatch.setattr(pulse, "HEARTBEAT_SECONDS", 0.02)
    job = maker.asks()
    seen: list[Job] = []
    done = {"step": 3, "steps": 3, "eta_seconds": 0}

    def look(index: int) -> None:
        if index == 3:
            eventually(lambda: Job.objects.get(pk=job.pk).progress == done)
            seen.append(Job.objects.get(pk=job.pk))

    generator = draws()
    generator.before_each = look
    run(generator)
    assert seen[0].progress == done
    assert seen[0].lease_expires_at is not None
    assert seen[0].started_at is not None
    assert seen[0].lease_expires_at > seen[0].started_at + claims.LEASE


def test_a_job_that_hangs_loses_its_lease_in_the_end(
    maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "CANCEL_CHECK_SECONDS", 0.01)
    monkeypatch.setattr(runner, "GRACE_SECONDS", -1e9)
    job = maker.asks()
    generator = draws()
    generator.waits_before = 1
    run(generator)
    job.refresh_from_db()
    assert job.state == Job.State.RUNNING
    assert not Asset.objects.exists()


def test_only_as_many_outputs_as_the_model_may_give_are_kept(maker: Maker) -> None:
    job = maker.asks()
    run(FakeGenerator([Media("image/png", PNG), Media("image/png", PNG)]))
    assert Asset.objects.filter(job_id=job.pk).count() == 1


def test_every_form_of_an_output_is_kept_with_it_and_its_words_are_its_text(maker: Maker) -> None:
    job = maker.asks()
    score = Media("image/svg+xml", b"<svg/>", width=80, height=60, rendition="score")
    notation = Media("text/vnd.abc", b"X:1\nK:D\nD2|", rendition="notation")
    run(FakeGenerator([Media("audio/wav", b"RIFF", duration_ms=1200), score, notation]))
    asset = Asset.objects.get(job_id=job.pk)
    kinds = {item.kind: item.media_type for item in Rendition.objects.filter(asset_id=asset.pk)}
    assert kinds == {
        "original": "audio/wav",
        "score": "image/svg+xml",
        "notation": "text/vnd.abc",
    }
    assert asset.text == "X:1\nK:D\nD2|"


@pytest.mark.parametrize(
    "media",
    [
        [Media("image/png", PNG, rendition="poster")],
        [Media("image/png", PNG), *[Media("image/png", PNG, rendition="poster")] * 2],
    ],
)
def test_forms_that_belong_to_no_output_are_a_fault_of_the_generator(
    maker: Maker, media: list[Media]
) -> None:
    job = maker.asks()
    run(FakeGenerator(media))
    job.refresh_from_db()
    assert job.state == Job.State.QUEUED
    assert job.postponements == 1
