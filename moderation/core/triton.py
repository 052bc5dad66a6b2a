"""Asking the detectors behind Triton.

The gRPC stub is used directly and not tritonclient's client object, because that one is documented
as single-threaded while channels and stubs are safe to share, and because a failure here is not an
exception but an answer: "unavailable", per item.
"""

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import grpc
from tritonclient.grpc import service_pb2, service_pb2_grpc

from moderation.core.detectors import patience
from moderation.core.films import CUTTER, Film, decoded, unavailable
from moderation.core.signals import Signal
from moderation.core.wire import decode

LARGEST_BATCH = 16
# Detectors that are asked about the same texts so often that the server has one model of them (an
# ensemble of that name): one request instead of two is a third of their processor time here.
TOGETHER: Final[Mapping[str, Sequence[str]]] = {"prompt": ("text_hazards", "prompt_attack")}
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

        All requests are in flight together, so the wait is that of the slowest detector. Each has a
        deadline of its own as well, and the shorter one holds.
        """
        stub = self._connected()
        flying = []
        for model, answering in _models(questions):
            contents = questions[next(iter(answering.values()))].contents
            names = [questions[number].detector for number in answering.values()]
            timeout = patience(names, deadline_seconds)
            for start in range(0, len(contents), LARGEST_BATCH):
                part = contents[start : start + LARGEST_BATCH]
                request = _request(model, part)
                future = stub.ModelInfer.future(request, timeout=timeout)
                flying.append((answering, len(part), future))

        def answers() -> list[list[Signal]]:
            signals: list[list[Signal]] = [[] for _ in questions]
            for answering, count, future in flying:
                answered = _answered(future)
                for output, number in answering.items():
                    name = questions[number].detector
                    signals[number] += _signals(name, count, answered, output)
            return signals

        return answers

    def cut(self, film: bytes, deadline_seconds: float) -> Film:
        """Take a film apart. Never raises for an outage: then the film says why it is none."""
        stub = self._connected()
        request = _request(CUTTER, [film], shape=[1])
        timeout = patience([CUTTER], deadline_seconds)
        answered = _answered(stub.ModelInfer.future(request, timeout=timeout))
        if isinstance(answered, str):
            return unavailable(answered)
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


def _models(questions: Sequence[Question]) -> Iterator[tuple[str, dict[str, int]]]:
    """Yield which models to ask, and for each of their outputs whose question it answers."""
    numbers = {question.detector: number for number, question in enumerate(questions)}
    for model, detectors in TOGETHER.items():
        if len(questions) == len(detectors) and numbers.keys() == set(detectors):
            asked = [list(question.contents) for question in questions]
            if all(contents == asked[0] for contents in asked):
                yield model, numbers
                return
    for number, question in enumerate(questions):
        yield question.detector, {"RESULT": number}


def _answered(future: Any) -> dict[str, list[bytes]] | str:
    """Wait for an answer: the results of each output, or the reason why there are none."""
    try:
        response = future.result()
    except grpc.RpcError as error:
        return f"{error.code().name.lower()}: {error.details()}"
    except grpc.FutureCancelledError:
        return "cancelled"
    outputs = zip(response.outputs, response.raw_output_contents, strict=False)
    return {output.name: _strings(body) for output, body in outputs}


def _signals(
    name: str, count: int, answered: dict[str, list[bytes]] | str, output: str
) -> list[Signal]:
    if isinstance(answered, str):
        return [Signal.unavailable(name, answered)] * count
    results = answered.get(output, [])
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
