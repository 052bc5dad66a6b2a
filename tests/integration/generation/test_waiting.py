"""What a queued job waits for, as its asker is told."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from redis import Redis

from generation.app import board, services
from generation.app.models import Job
from generation.app.waiting import JOBS, wait_of
from tests.factories.crowd import MODALITY, make_jobs, make_tenants
from tests.integration.generation.maker import Maker

pytestmark = pytest.mark.django_db


@pytest.fixture
def three_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody listens for jobs."""
    monkeypatch.setattr(board, "workers", lambda _: 3)


def measured(maker: Maker, *, seconds: int) -> None:
    """One job of the model took so long."""
    job = maker.asks()
    Job.objects.filter(pk=job.pk).update(
        state="succeeded", started_at=Now() - timedelta(seconds=seconds), ended_at=Now()
    )


@pytest.mark.usefixtures("three_workers")
def test_without_a_measurement_there_is_a_position_and_no_time(maker: Maker) -> None:
    maker.asks()
    wait = wait_of(maker.asks())
    assert wait is not None
    assert (wait.position, wait.starts_in_seconds, wait.obstacle) == (1, None, "")


@pytest.mark.usefixtures("three_workers")
def test_the_time_comes_from_what_the_model_took_and_counts_every_output(maker: Maker) -> None:
    measured(maker, seconds=10)
    for _ in range(3):
        maker.asks()
    wait = wait_of(maker.asks(outputs=2))
    assert wait is not None
    assert (wait.position, wait.starts_in_seconds, wait.takes_seconds) == (3, 30, 20)


@pytest.mark.usefixtures("three_workers")
def test_a_job_that_will_expire_before_its_turn_is_told_so(maker: Maker) -> None:
    measured(maker, seconds=1000)
    for _ in range(3):
        maker.asks()
    job = maker.asks()
    job.expires_at = job.created_at + timedelta(seconds=60)
    wait = wait_of(job)
    assert wait is not None
    assert wait.obstacle == "expires_first"


def test_a_job_that_nobody_listens_for_is_told_so(
    maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "workers", lambda _: 0)
    wait = wait_of(maker.asks())
    assert wait is not None
    assert wait.obstacle == "no_worker"


def test_while_nobody_can_be_asked_nothing_is_claimed_about_workers(
    maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "workers", lambda _: None)
    wait = wait_of(maker.asks())
    assert wait is not None
    assert wait.obstacle == ""


@pytest.mark.usefixtures("three_workers")
def test_a_job_whose_model_has_gone_is_told_so(maker: Maker) -> None:
    job = maker.asks()
    job.model_name = "gone"
    wait = wait_of(job)
    assert wait is not None
    assert wait.obstacle == "model_withdrawn"


def test_a_job_that_runs_or_has_ended_waits_for_nothing(maker: Maker) -> None:
    job = maker.asks()
    services.cancel_job(viewer=maker.viewer, job_id=job.pk)
    job.refresh_from_db()
    assert wait_of(job) is None


@pytest.mark.usefixtures("three_workers")
def test_a_long_queue_is_not_counted_to_its_end() -> None:
    tenants = make_tenants(2)
    make_jobs(tenants[:1], 3 * JOBS)
    make_jobs(tenants[1:], 1)
    last = Job.objects.filter(requested_by_id=tenants[0].user_id).order_by("-pk")[0]
    wait = wait_of(last)
    assert wait is not None
    assert (wait.position, wait.is_at_least) == (JOBS + 1, True)
    newcomer = wait_of(Job.objects.get(requested_by_id=tenants[1].user_id))
    assert newcomer is not None
    assert (newcomer.position, newcomer.is_at_least) == (1, False)


def test_workers_are_counted_while_they_say_that_they_are_there(
    valkey: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Redis.from_url(valkey).flushall()
    board._client.cache_clear()
    assert board.workers(MODALITY) == 0
    for name in ("a", "b", "a"):
        board.attend(MODALITY, name)
    assert board.workers(MODALITY) == 2
    monkeypatch.setattr(board, "ABSENT_AFTER_SECONDS", -1)
    assert board.workers(MODALITY) == 0
    board._client.cache_clear()
