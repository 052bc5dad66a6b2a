"""The pulse of a running job: a thread that prolongs the lease and learns when to stop."""

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Self

from django.db import OperationalError, connection

from generation.app.claims import (
    CANCEL_CHECK_SECONDS,
    HEARTBEAT_SECONDS,
    LEASE,
    Beat,
    Claim,
)
from generation.app.services.claiming import glance, heartbeat

logger = logging.getLogger("generation.pulse")


class Pulse:
    """Beats while a claim is worked on; use it as a context manager.

    Cancellation is looked for every second, the lease is prolonged every four. The pulse ends
    by itself after `longest_seconds`: a worker that hangs must lose its job, not keep it alive.
    """

    def __init__(self, claim: Claim, *, longest_seconds: float) -> None:
        self._claim = claim
        self._ends_at = time.monotonic() + longest_seconds
        self._leave = threading.Event()
        self._beat = Beat.GO_ON
        self._progress: Mapping[str, int] | None = None
        self._is_held = False
        self._thread = threading.Thread(target=self._run, name="job-pulse", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._leave.set()
        self._thread.join()

    @property
    def is_lost(self) -> bool:
        """Whether the job is no longer this worker's."""
        return self._beat is Beat.LOST

    def should_stop(self) -> bool:
        """Whether the work is no longer wanted, here or at all."""
        return self._beat is not Beat.GO_ON

    def note(self, progress: Mapping[str, int]) -> None:
        """Remember how far the job is; the next heartbeat writes it into the row."""
        self._progress = progress

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Beat on, but count none of this time: the job waits for something that is not its own."""
        began = time.monotonic()
        self._is_held = True
        try:
            yield
        finally:
            self._ends_at += time.monotonic() - began
            self._is_held = False

    def _run(self) -> None:
        try:
            self._beat_until_told()
        finally:
            connection.close()

    def _beat_until_told(self) -> None:
        renewed = time.monotonic()
        while not self._leave.wait(CANCEL_CHECK_SECONDS):
            at = time.monotonic()
            if at > self._ends_at and not self._is_held:
                logger.error("job %s takes longer than it may", self._claim.job_id)
                self._beat = Beat.LOST
                return
            try:
                if at - renewed >= HEARTBEAT_SECONDS:
                    self._beat = heartbeat(self._claim, progress=self._progress)
                    renewed = at
                else:
                    self._beat = glance(self._claim)
            except OperationalError as error:
                logger.warning("a heartbeat of job %s failed: %s", self._claim.job_id, error)
                connection.close()
                if at - renewed > LEASE.total_seconds():
                    self._beat = Beat.LOST
            if self.should_stop():
                return
