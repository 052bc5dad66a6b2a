"""Tickets: anonymous Celery messages, each worth one claim.

A ticket names no job. Who gets it runs the job that is fairest next, so a lost ticket loses
nothing (the sweeper issues another) and a spare one finds nothing and ends.
"""

import logging
import os
import threading
from queue import SimpleQueue
from typing import ClassVar

from celery import current_app
from kombu.exceptions import OperationalError

from generation.app import board

logger = logging.getLogger("generation.tickets")

TASK = "generation.generate"
QUEUE_PREFIX = "generation."


def queue_of(modality: str) -> str:
    """Return the Celery queue that the workers of a modality listen to."""
    return f"{QUEUE_PREFIX}{modality}"


def issue_soon(modality: str, *, count: int = 1) -> None:
    """Send tickets from a thread of its own, so that nobody waits for Valkey.

    A process that ends first owes them, and the sweeper pays.
    """
    _Sender.of_this_process().queue.put((modality, count))


def issue(modality: str, *, count: int = 1) -> int:
    """Send tickets and return how many went out; with Valkey away, the sweeper owes them."""
    for sent in range(count):
        try:
            current_app.send_task(
                TASK, args=[modality], queue=queue_of(modality), retry=False, ignore_result=True
            )
        except OperationalError as error:
            logger.warning("tickets for %s are owed: %s", modality, error)
            return sent
    return count


def waiting(modality: str) -> int | None:
    """Return how many tickets nobody took yet, or None when Valkey is away."""
    return board.waiting_tickets(queue_of(modality))


class _Sender:
    """The thread that sends tickets, one for each process."""

    _lock = threading.Lock()
    _current: "ClassVar[_Sender | None]" = None

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.queue: SimpleQueue[tuple[str, int]] = SimpleQueue()
        self.thread = threading.Thread(target=self._send, name="tickets", daemon=True)
        self.thread.start()

    @classmethod
    def of_this_process(cls) -> "_Sender":
        """Return the sender; a forked process has no threads, so it gets its own.

        So does one whose thread died of an error that `issue` does not foresee.
        """
        with cls._lock:
            current = cls._current
            if current is None or current.pid != os.getpid() or not current.thread.is_alive():
                current = cls._current = cls()
            return current

    def _send(self) -> None:
        while True:
            modality, count = self.queue.get()
            issue(modality, count=count)
