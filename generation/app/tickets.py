"""Tickets: anonymous Celery messages, each worth one claim.

A ticket names no job. Who gets it runs the job that is fairest next, so a lost ticket loses
nothing (the sweeper issues another) and a spare one finds nothing and ends.

A ticket may go out before its job is committed, so that a worker is awake when it is: see
`issue_ahead`. It too stands for no job in particular; that one is only what its worker waits for.
"""

import time
from functools import cache
from typing import Any
from uuid import UUID

from celery import current_app
from kombu import Connection
from kombu.utils.json import dumps

from generation.app import board
from tidegate.primitives.ids import new_id

TASK = "generation.generate"
QUEUE_PREFIX = "generation."
AHEAD_SECONDS = 0.1
"""How long a worker with a ticket that came ahead of its job waits for that job."""

_ID = "the-id-of-a-ticket"
# What the sender takes for granted of it: the rest is for clocks and for busy processors.
_TRUSTED_SECONDS = 0.6 * AHEAD_SECONDS


def queue_of(modality: str) -> str:
    """Return the Celery queue that the workers of a modality listen to."""
    return f"{QUEUE_PREFIX}{modality}"


def issue(modality: str, *, count: int = 1) -> int:
    """Send tickets and return how many went out; with Valkey away, the sweeper owes them."""
    messages = [_pattern(modality).replace(_ID, str(new_id())) for _ in range(count)]
    return count if board.put_tickets(queue_of(modality), messages) else 0


def issue_ahead(modality: str, job_id: UUID) -> float | None:
    """Send the ticket of a job that is about to be committed; return until when that must be.

    A time of `time.monotonic()`. A job that is committed later, or for which None was returned
    because Valkey is away, needs a ticket by `issue`. A worker takes as long to be woken as a job
    to be stored, so the two happen at once.
    """
    sent_at = time.monotonic()
    message = _pattern(modality, is_ahead=True).replace(_ID, str(job_id))
    if not board.put_tickets(queue_of(modality), [message]):
        return None
    return sent_at + _TRUSTED_SECONDS


def waiting(modality: str) -> int | None:
    """Return how many tickets nobody took yet, or None when Valkey is away."""
    return board.waiting_tickets(queue_of(modality))


@cache
def _pattern(modality: str, *, is_ahead: bool = False) -> str:
    """Return the message that Celery sends for a modality, with `_ID` in the place of its ids.

    All tickets of a modality are alike. Celery writes the first one, into a broker in this
    process' memory; to write each anew took as long as to store the job it is for.
    """
    queue = queue_of(modality)
    with Connection("memory://") as here:
        current_app.send_task(
            TASK,
            args=[modality, True] if is_ahead else [modality],
            task_id=_ID,
            queue=queue,
            connection=here,
            ignore_result=True,
        )
        channel: Any = here.default_channel  # typed as one without a transport
        # What kombu's transports write and read, whichever broker it is.
        message = channel._get(queue)  # noqa: SLF001
    message["properties"]["delivery_tag"] = _ID
    return str(dumps(message))
