"""Asking the detectors behind Triton.

The gRPC stub is used directly and not tritonclient's client object, because that one is documented
as single-threaded while channels and stubs are safe to share, and because a failure here is not an
exception but an answer: "unavailable", per item.
"""

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
from tritonclient.grpc import service_pb2, service_pb2_grpc

from moderation.core.films import CUTTER, Film, decoded, unavailable
from moderation.core.signals import Signal
from moderation.core.wire import decode

LARGEST_BATCH = 16
_LENGTH_BYTES = 4
_OPTIONS = [
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    # A server that was killed and came back is found again within seconds, not minutes.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # Triton is a neighbour: a proxy meant for the internet must not get in between.
    ("grpc.enable_http_proxy", 0),
]


@dataclass(frozen=True, slots=True)
class Question:
    """One detector and the items it shall look at: UTF-8 text or the bytes of a media file."""

    detector: str
    contents: Sequence[bytes]


class Detectors:
    """The detectors of one Triton server, usable from many threads and after a fork.

    Args:
        url: `host:port` of Triton's gRPC endpoint.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._owner = 0
        self._stub: Any = None
        self._channel: Any = None

    def detect(self, name: str, contents: Sequence[bytes], deadline_seconds: float) -> list[Signal]:
        """Return one signal per item, in order.

        Never raises for a time-out, a refused connection, a missing model or a broken answer:
        those items get a signal with an error, which the policy reads as unavailable.
        """
        return self.ask([Question(name, contents)], deadline_seconds)[0]

    def ask(self, questions: Sequence[Question], deadline_seconds: float) -> list[list[Signal]]:
        """Ask several detectors at once; the answers come in the order of the questions."""
        return self.start(questions, deadline_seconds)()

    def start(
        self, questions: Sequence[Question], deadline_seconds: float
    ) -> Callable[[], list[list[Signal]]]:
        """Send the questions of `ask` and return what waits for their answers.

        All requests are in flight together, so the wait is that of the slowest detector.
        """
        stub = self._connected()
        flying = []
        for question in questions:
            parts = [
                question.contents[start : start + LARGEST_BATCH]
                for start in range(0, len(question.contents), LARGEST_BATCH)
            ]
            flying.append(
                [
                    (
                        part,
                        stub.ModelInfer.future(
                            _request(question.detector, part), timeout=deadline_seconds
                        ),
                    )
                    for part in parts
                ]
            )
        return lambda: [
            [
                signal
                for part, future in calls
                for signal in _answers(question.detector, len(part), future)
            ]
            for question, calls in zip(questions, flying, strict=True)
        ]

    def cut(self, film: bytes, deadline_seconds: float) -> Film:
        """Take a film apart. Never raises for an outage: then the film says why it is none."""
        stub = self._connected()
        request = _request(CUTTER, [film], shape=[1])
        try:
            response = stub.ModelInfer(request, timeout=deadline_seconds)
        except grpc.RpcError as error:
            return unavailable(f"{error.code().name.lower()}: {error.details()}")
        bodies = response.raw_output_contents
        answered = {
            output.name: _strings(body)
            for output, body in zip(response.outputs, bodies, strict=False)
        }
        results, sounds = answered.get("RESULT", []), answered.get("SOUND", [])
        if len(results) != 1 or len(sounds) != 1 or "STILLS" not in answered:
            return unavailable("malformed answer: not a description, pictures and a sound")
        return decoded(results[0], answered["STILLS"], sounds[0])

    def is_ready(self, name: str, deadline_seconds: float = 1.0) -> bool:
        """Whether the server answers and has the detector loaded."""
        request = service_pb2.ModelReadyRequest(name=name)
        try:
            return bool(self._connected().ModelReady(request, timeout=deadline_seconds).ready)
        except grpc.RpcError:
            return False

    def close(self) -> None:
        """Close the connection; a later question opens a new one."""
        with self._lock:
            if self._channel is not None and self._owner == os.getpid():
                self._channel.close()
            self._channel, self._stub, self._owner = None, None, 0

    def _connected(self) -> Any:
        # A gRPC channel does not survive fork(), so each process opens its own on first use.
        with self._lock:
            if self._stub is None or self._owner != os.getpid():
                self._channel = grpc.insecure_channel(self._url, options=_OPTIONS)
                self._stub = service_pb2_grpc.GRPCInferenceServiceStub(self._channel)
                self._owner = os.getpid()
            return self._stub


def _request(name: str, contents: Sequence[bytes], *, shape: Sequence[int] = ()) -> Any:
    tensor = service_pb2.ModelInferRequest.InferInputTensor(
        name="CONTENT", datatype="BYTES", shape=shape or [len(contents), 1]
    )
    body = b"".join(
        len(content).to_bytes(_LENGTH_BYTES, "little") + content for content in contents
    )
    return service_pb2.ModelInferRequest(
        model_name=name, inputs=[tensor], raw_input_contents=[body]
    )


def _answers(name: str, count: int, future: Any) -> list[Signal]:
    try:
        response = future.result()
    except grpc.RpcError as error:
        reason = f"{error.code().name.lower()}: {error.details()}"
        return [Signal.unavailable(name, reason)] * count
    except grpc.FutureCancelledError:
        return [Signal.unavailable(name, "cancelled")] * count
    results = _strings(response.raw_output_contents[0]) if response.raw_output_contents else []
    if len(results) != count:
        error_text = f"malformed answer: {len(results)} results for {count} items"
        return [Signal.unavailable(name, error_text)] * count
    return [decode(name, result) for result in results]


def _strings(body: bytes) -> list[bytes]:
    found, at = [], 0
    while at + _LENGTH_BYTES <= len(body):
        length = int.from_bytes(body[at : at + _LENGTH_BYTES], "little")
        at += _LENGTH_BYTES
        found.append(body[at : at + length])
        at += length
    return found
