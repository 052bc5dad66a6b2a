"""Tickets: anonymous Celery messages, each worth one claim.

A ticket names no job. Who gets it runs the job that is fairest next, so a lost ticket loses
nothing (the sweeper issues another) and a spare one finds nothing and ends.
"""

from functools import cache
from typing import Any

from celery import current_app
from kombu import Connection
from kombu.utils.json import dumps

from generation.app import board
from tidegate.primitives.ids import new_id

TASK = "generation.generate"
QUEUE_PREFIX = "generation."
_ID = "the-id-of-a-ticket"


def queue_of(modality: str) -> str:
    """Return the Celery queue that the workers of a modality listen to."""
    return f"{QUEUE_PREFIX}{modality}"


def issue(modality: str, *, count: int = 1) -> int:
    """Send tickets and return how many went out; with Valkey away, the sweeper owes them."""
    messages = [_pattern(modality).replace(_ID, str(new_id())) for _ in range(count)]
    return count if board.put_tickets(queue_of(modality), messages) else 0


def waiting(modality: str) -> int | None:
    """Return how many tickets nobody took yet, or None when Valkey is away."""
    return board.waiting_tickets(queue_of(modality))


@cache
def _pattern(modality: str) -> str:
    """Return the message that Celery sends for a modality, with `_ID` in the place of its ids.

    All tickets of a modality are alike. Celery writes the first one, into a broker in this
    process' memory; to write each anew took as long as to store the job it is for.
    """
    queue = queue_of(modality)
    with Connection("memory://") as here:
        current_app.send_task(
            TASK, args=[modality], task_id=_ID, queue=queue, connection=here, ignore_result=True
        )
        channel: Any = here.default_channel  # typed as one without a transport
        # What kombu's transports write and read, whichever broker it is.
        message = channel._get(queue)  # noqa: SLF001
    message["properties"]["delivery_tag"] = _ID
    return str(dumps(message))
