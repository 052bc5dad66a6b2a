"""The Celery application. Messages are wake-ups: losing one delays work, never loses it."""

import os
from pathlib import Path

from celery import Celery
from celery.signals import worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tidegate.settings.local")

app = Celery("tidegate")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_ready.connect
def say_that_the_worker_is_ready(**_: object) -> None:
    """Touch the file that the supervisor watches, if it asked for one."""
    file = os.environ.get("TIDEGATE_READY_FILE")
    if file:
        Path(file).touch()
