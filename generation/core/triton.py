"""Ask a generator on Triton, over gRPC: the only module of this service that knows the client.

One channel serves every thread. A call owns one reader thread while it runs, so that the caller
can look at its deadline and its cancellation while the generator is silent; leaving the iterator,
in whatever way, cancels the request at the server and ends the thread.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from queue import Empty, SimpleQueue
from types import MappingProxyType, TracebackType
from typing import Any, Self

import grpc
from tritonclient.grpc import service_pb2, service_pb2_grpc

from generation.core.wire import (
    INPUT_TENSORS,
    INVALID_PREFIX,
    Done,
    GenerateRequest,
    InvalidRequest,
    Media,
    Piece,
    Progress,
    TextPiece,
    UnreadableEvent,
    decode_event,
    encode_request,
)

__all__ = [
    "Cancelled",
    "DeadlineExceeded",
    "Done",
    "Generator",
    "GeneratorUnavailable",
    "InvalidRequest",
    "Media",
    "ModelBroken",
    "ModelNotLoaded",
    "Piece",
    "Progress",
    "TextPiece",
]

_POLL_SECONDS = 0.2
_END_SECONDS = 2.0
_LENGTH_BYTES = 4
# Both of the server's sentences begin so: "… is not found" and "… has no available versions".
_NOT_LOADED = "Request for unknown model"
_GONE = "is not healthy"
_OPTIONS = (
    ("grpc.max_receive_message_length", 64 << 20),
    # Input pictures travel inside the request.
    ("grpc.max_send_message_length", 64 << 20),
    # A server that was killed and came back is found again within seconds, not minutes.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.enable_http_proxy", 0),
)
_MAY_HEAL = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.FAILED_PRECONDITION,
}


class GeneratorUnavailable(RuntimeError):
    """The generator did not answer or broke off; the same request may succeed later."""


class ModelNotLoaded(GeneratorUnavailable):
    """The server answers and does not hold the model; it may be told to load it."""


class ModelBroken(GeneratorUnavailable):
    """The model's process is gone; the server calls it ready and does not start it again."""


class DeadlineExceeded(RuntimeError):
    """The generator was not done in the time that it was given."""


class Cancelled(RuntimeError):
    """The caller's `cancelled` said so; the request was cancelled at the server."""


class Generator:
    """A Triton server with generators; safe to share between threads.

    Args:
        url: HOST:PORT of the server's gRPC endpoint.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._channel = grpc.insecure_channel(url, options=_OPTIONS)
        self._stub = service_pb2_grpc.GRPCInferenceServiceStub(self._channel)
        # A model whose requests Triton batches wants a batch dimension; it is asked for once.
        self._shapes: dict[str, list[int]] = {}

    def close(self) -> None:
        """Give up the connection; streams that still run end as unavailable."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def is_ready(self, model: str, *, timeout_seconds: float = 2.0) -> bool:
        """Whether the server answers and has the model loaded."""
        request = service_pb2.ModelReadyRequest(name=model)
        try:
            return bool(self._stub.ModelReady(request, timeout=timeout_seconds).ready)
        except grpc.RpcError:
            return False

    def stream(
        self,
        *,
        model: str,
        prompt: str,
        parameters: Mapping[str, object],
        seed: int,
        deadline_seconds: float,
        cancelled: Callable[[], bool],
        inputs: Mapping[str, bytes] = MappingProxyType({}),
    ) -> Iterator[Piece]:
        """Ask for one output and yield what the generator says, until and with `Done`.

        Args:
            model: The Triton model's name.
            prompt: What was asked for.
            parameters: The model's parameters by name, JSON values.
            seed: Fixes every random choice: the same request gives the same bytes.
            deadline_seconds: For the whole output, queueing at the server included.
            cancelled: Asked in the calling thread a few times a second.
            inputs: Bytes of the pictures to work on, by the names of `INPUT_TENSORS`.

        Raises:
            GeneratorUnavailable: no connection, the model is not ready, or the stream broke off.
            InvalidRequest: the model refuses this request and always will.
            DeadlineExceeded: the time is over.
            Cancelled: `cancelled` returned true.
        """
        if not (math.isfinite(deadline_seconds) and deadline_seconds > 0):
            raise DeadlineExceeded("there was no time left to ask the generator")
        shape = self._shape(model, timeout_seconds=deadline_seconds)
        tensors = {"REQUEST": encode_request(GenerateRequest(prompt, parameters, seed))}
        tensors |= {INPUT_TENSORS[name]: data for name, data in inputs.items()}
        request = service_pb2.ModelInferRequest(
            model_name=model,
            inputs=[
                service_pb2.ModelInferRequest.InferInputTensor(
                    name=name, datatype="BYTES", shape=shape
                )
                for name in tensors
            ],
            raw_input_contents=[
                len(body).to_bytes(_LENGTH_BYTES, "little") + body for body in tensors.values()
            ],
        )
        call = self._stub.ModelStreamInfer(iter([request]), timeout=deadline_seconds)
        with closing(_Reader(call)) as reader:
            for response in reader.responses(time.monotonic() + deadline_seconds, cancelled):
                try:
                    piece = _piece(response, model)
                except GeneratorUnavailable:
                    # It may have been loaded anew with another configuration.
                    self._shapes.pop(model, None)
                    raise
                yield piece
                if isinstance(piece, Done):
                    reader.let_end()
                    return
        raise GeneratorUnavailable(f"{model} ended without saying that it was done")

    def _shape(self, model: str, *, timeout_seconds: float) -> list[int]:
        """The shape of a request's tensors: `[1]`, or `[1, 1]` where Triton batches."""
        if model not in self._shapes:
            request = service_pb2.ModelMetadataRequest(name=model)
            try:
                about = self._stub.ModelMetadata(request, timeout=timeout_seconds)
            except grpc.RpcError as exc:
                if str(exc.details()).startswith(_NOT_LOADED):
                    raise ModelNotLoaded(f"{model}: {exc.details()}") from exc
                raise _error(exc) from exc
            ranks = [len(item.shape) for item in about.inputs if item.name == "REQUEST"]
            if not ranks:
                raise GeneratorUnavailable(f"{model} does not speak the generators' protocol")
            self._shapes[model] = [1] * ranks[0]
        return self._shapes[model]


class _Reader:
    """Moves a call's responses into a queue on a thread of its own."""

    def __init__(self, call: Any) -> None:  # a gRPC call has no public type
        self._call = call
        self._queue: SimpleQueue[Any] = SimpleQueue()
        self._thread = threading.Thread(target=self._read, name="generator-stream", daemon=True)
        self._thread.start()

    def responses(self, deadline: float, cancelled: Callable[[], bool]) -> Iterator[Any]:
        """Yield each response; `deadline` is a `time.monotonic` value."""
        while True:
            if cancelled():
                raise Cancelled("the request was cancelled")
            try:
                item = self._queue.get(timeout=_POLL_SECONDS)
            except Empty:
                # gRPC has the same deadline; this is for a connection that cannot even fail.
                if time.monotonic() > deadline + 1:
                    raise DeadlineExceeded("the generator was not done in time") from None
                continue
            if item is None:
                return
            if isinstance(item, grpc.RpcError):
                raise _error(item)
            yield item

    def let_end(self) -> None:
        """Give the server a moment to end the call by itself.

        To cancel a call that ends at the same time can crash this server (a race of its gRPC
        front end, seen as signal 11; https://github.com/triton-inference-server/server/issues/8034).
        """
        self._thread.join(_END_SECONDS)

    def close(self) -> None:
        """Cancel the call at the server unless it has ended, and end the thread."""
        self._call.cancel()
        self._thread.join()

    def _read(self) -> None:
        try:
            for response in self._call:
                self._queue.put(response)
        except grpc.RpcError as exc:
            self._queue.put(exc)
        else:
            self._queue.put(None)


def _piece(response: Any, model: str) -> Piece:
    """The event inside one response of a stream."""
    message = response.error_message
    if message:
        if INVALID_PREFIX in message:
            raise InvalidRequest(message.split(INVALID_PREFIX, 1)[1].strip())
        if message.startswith(_NOT_LOADED):
            raise ModelNotLoaded(f"{model}: {message}")
        if _GONE in message:
            raise ModelBroken(f"{model}: {message}")
        raise GeneratorUnavailable(f"{model}: {message}")
    answer = response.infer_response
    contents = {
        output.name: raw[_LENGTH_BYTES:]
        for output, raw in zip(answer.outputs, answer.raw_output_contents, strict=True)
    }
    try:
        return decode_event(contents["EVENT"], contents["PAYLOAD"])
    except (KeyError, UnreadableEvent) as exc:
        raise GeneratorUnavailable(f"{model} does not speak the generators' protocol: {exc}") from (
            exc
        )


def _error(error: grpc.RpcError) -> Exception:
    """What a failed call means to the caller."""
    code = error.code()
    if code == grpc.StatusCode.DEADLINE_EXCEEDED:
        return DeadlineExceeded("the generator was not done in time")
    if code in _MAY_HEAL:
        return GeneratorUnavailable(f"the generator is not available: {error.details()}")
    return InvalidRequest(f"the server refuses the request: {error.details()}")
