from __future__ import annotations

from django.conf import settings

from tidegate.celery import app
from tidegate.stack.plan import _WORKERS


def test_every_scheduled_task_exists_and_its_queue_has_a_worker() -> None:
    app.loader.import_default_modules()
    scheduled = settings.CELERY_BEAT_SCHEDULE.values()
    assert {entry["task"] for entry in scheduled} <= set(app.tasks)
    assert {entry["options"]["queue"] for entry in scheduled} <= set(_WORKERS)


def test_a_scheduled_message_dies_before_the_next_one() -> None:
    # Otherwise a broker that was away hands out a pile of old wake-ups.
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        assert entry["options"]["expires"] <= entry["schedule"]
