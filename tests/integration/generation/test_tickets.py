"""Tickets through a real Valkey to real Celery workers, which die."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from celery import current_app
from django.conf import settings
from django.db import connection
from django.db.models.functions import Now
from redis import Redis

from generation.app import board, services, tickets
from generation.app.models import Job
from tests.fakes.gate import FakeGate
from tests.integration.generation.maker import Maker
from tidegate.assets.models import Asset

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).parents[3]
WORKER = """
import sys, time
import django
django.setup()
from generation.app import tasks
from tests.fakes.generator import draws
from tidegate.celery import app
generator = draws()
if sys.argv[1] == "hangs":
    generator.before_each = lambda _: time.sleep(600)
tasks._generator = lambda: generator
app.worker_main(["worker", "--queues", "generation.image", "--pool", "threads", "--concurrency",
                 "2", "--without-gossip", "--without-mingle", "--without-heartbeat"])
"""


@pytest.fixture
def asker(gate: FakeGate, valkey: str, db: None, monkeypatch: pytest.MonkeyPatch) -> Maker:
    """Somebody whose requests send real tickets."""
    Redis.from_url(valkey).flushall()
    monkeypatch.setattr(board._Outage, "until", 0.0)
    board._client.cache_clear()
    return Maker()


@contextmanager
def worker(how: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A Celery worker in a process of its own, on the test's database and Valkey."""
    database = connection.settings_dict
    url = (
        f"postgresql://{database['USER']}@/{database['NAME']}"
        f"?host={database['HOST']}&port={database['PORT']}"
    )
    environment = os.environ | {
        "DATABASE_URL": url,
        "VALKEY_URL": settings.VALKEY_URL,
        "PYTHONPATH": str(ROOT),
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", WORKER, how],
            env=environment,
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGQUIT)
            process.wait(30)


def eventually(is_so: Callable[[], bool], log: Path) -> None:
    """Wait up to a minute; a failure shows what the worker said."""
    until = time.monotonic() + 60
    while not is_so():
        if time.monotonic() > until:
            pytest.fail(log.read_text()[-4000:])
        time.sleep(0.1)


def is_in(job: Job, state: Job.State) -> Callable[[], bool]:
    return lambda: Job.objects.get(pk=job.pk).state == state


@pytest.mark.chaos
def test_a_worker_killed_in_the_middle_and_a_valkey_that_forgot_lose_no_job(
    asker: Maker, valkey: str, tmp_path: Path
) -> None:
    job = asker.asks()
    log = tmp_path / "hangs.log"
    with worker("hangs", log) as process:
        eventually(is_in(job, Job.State.RUNNING), log)
        process.kill()
    waiting = asker.asks()
    assert tickets.waiting("image") == 1
    Redis.from_url(valkey).flushall()
    Job.objects.filter(pk=job.pk).update(lease_expires_at=Now() - timedelta(seconds=1))
    swept = services.sweep()
    assert (swept.interrupted, swept.tickets) == (1, 2)
    assert tickets.waiting("image") == 2
    log = tmp_path / "draws.log"
    with worker("draws", log):
        for one in (job, waiting):
            eventually(is_in(one, Job.State.SUCCEEDED), log)
    for one in (job, waiting):
        assert Asset.objects.filter(job_id=one.pk).count() == 1


def test_a_request_is_accepted_while_valkey_is_away_and_its_ticket_is_owed(
    gate: FakeGate, monkeypatch: pytest.MonkeyPatch, db: None
) -> None:
    nobody = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(settings, "VALKEY_URL", nobody)
    monkeypatch.setattr(board._Outage, "until", 0.0)
    board._client.cache_clear()
    job = Maker().asks()
    assert board._Outage.until > 0  # it was tried
    assert job.state == Job.State.QUEUED
    assert tickets.waiting("image") is None
    assert services.sweep().tickets == 0
    board._client.cache_clear()


def test_a_ticket_is_what_celery_would_have_sent(valkey: str) -> None:
    Redis.from_url(valkey).flushall()  # a worker that was told to stop may have sent its own last
    queue = tickets.queue_of("image")
    assert tickets.issue("image", count=2) == 2
    current_app.send_task(tickets.TASK, args=["image"], queue=queue, ignore_result=True)
    client = Redis.from_url(valkey)
    theirs, *ours = (json.loads(message) for message in client.lrange(queue, 0, -1))
    client.delete(queue)
    ids = set()
    for ticket in ours:
        headers, properties = ticket["headers"], ticket["properties"]
        ids |= {headers["id"], properties["delivery_tag"]}
        headers |= {name: theirs["headers"][name] for name in ("id", "root_id")}
        properties |= {
            name: theirs["properties"][name] for name in ("correlation_id", "delivery_tag")
        }
        assert ticket == theirs
    assert len(ids) == 2
