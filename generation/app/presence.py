"""Workers say that they are there, so that a job which nobody will ever take can be told."""

import threading
from typing import Any

from generation.app import board
from generation.app.tickets import QUEUE_PREFIX

SAID_EVERY_SECONDS = 15.0
_leaving = threading.Event()


def attend(sender: Any, **_: object) -> None:  # Any: Celery is untyped
    """Begin to say it, for every generator's queue that this worker listens to."""
    queues = [str(name) for name in sender.app.amqp.queues.consume_from]
    modalities = [
        name.removeprefix(QUEUE_PREFIX) for name in queues if name.startswith(QUEUE_PREFIX)
    ]
    if modalities:
        thread = threading.Thread(
            target=_say, args=(modalities, str(sender.hostname)), name="presence", daemon=True
        )
        thread.start()


def leave(**_: object) -> None:
    """Say it no more."""
    _leaving.set()


def _say(modalities: list[str], worker: str) -> None:
    while True:
        for modality in modalities:
            board.attend(modality, worker)
        if _leaving.wait(SAID_EVERY_SECONDS):
            return
