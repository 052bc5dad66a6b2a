"""The answer to one request: events out, and whether anybody still wants them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import triton_python_backend_utils as pb_utils

from generation.core.wire import (
    INVALID_PREFIX,
    Done,
    InvalidRequest,
    Piece,
    Progress,
    encode_event,
)


class Cancelled(Exception):
    """The caller is gone: there is nobody to work for."""


class Reply:
    """One request's response sender. It is ended exactly once, whatever is called afterwards.

    Args:
        sender: Triton's response sender.
        shape: Of every tensor that is sent: (1,), or (1, 1) where Triton batches.
    """

    def __init__(self, sender: Any, shape: tuple[int, ...]) -> None:
        self._sender = sender
        self._shape = shape
        self._lock = threading.Lock()
        self._is_open = True

    @property
    def is_cancelled(self) -> bool:
        """Whether nobody waits: the caller has cancelled, gone or run out of time, or has it all.

        A sender that was ended must not be asked: this server dies of it (signal 11).
        """
        with self._lock:
            return not self._is_open or bool(self._sender.is_cancelled())

    def send(self, piece: Piece) -> None:
        """Send one event; after the end, nothing."""
        event, payload = encode_event(piece)
        tensors = [
            pb_utils.Tensor(name, np.array([data], dtype=np.object_).reshape(self._shape))
            for name, data in (("EVENT", event), ("PAYLOAD", payload))
        ]
        response = pb_utils.InferenceResponse(output_tensors=tensors)
        with self._lock:
            if self._is_open:
                self._sender.send(response)

    def progress(self, step: int, steps: int) -> None:
        """Tell that a step is done."""
        self.send(Progress(step, steps))

    def done(self, finish_reason: str, version: str) -> None:
        """End with success."""
        self.send(Done(finish_reason, version))
        self.drop()

    def drop(self) -> None:
        """End without a further word: what a cancelled request gets."""
        self._end()

    def refuse(self, message: str) -> None:
        """End with a refusal: the same request would be refused again."""
        self.fail(f"{INVALID_PREFIX}{message}")

    def fail(self, message: str) -> None:
        """End with an error that trying again may heal."""
        error = pb_utils.TritonError(message)
        self._end(pb_utils.InferenceResponse(output_tensors=[], error=error))

    def _end(self, *last: Any) -> None:
        with self._lock:
            if self._is_open:
                self._is_open = False
                self._sender.send(*last, flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)


@contextmanager
def answering(replies: Sequence[Reply], entry: str) -> Iterator[None]:
    """Turn whatever happens inside into the end of these replies, so that none stays open."""
    try:
        yield
    except Cancelled:
        pass
    except InvalidRequest as exc:
        for reply in replies:
            reply.refuse(str(exc))
    except Exception as exc:  # noqa: BLE001  the stub would die and take the queue with it
        pb_utils.Logger.log_error(f"{entry}: {exc!r}")
        for reply in replies:
            reply.fail(f"generation failed: {exc}")
    for reply in replies:
        reply.drop()
