"""Tell a Triton server which models to hold, and ask it what it holds.

The server runs in explicit control mode: it loads what it is told to. Every call here has a
deadline; a server that is away is `ServerAway`, a model that it cannot load is `LoadRefused` with
what the server said of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import grpc
from tritonclient.grpc import service_pb2, service_pb2_grpc

__all__ = ["HeldModel", "LoadRefused", "ModelServer", "ServerAway", "ServerState"]

READY = "READY"
LOADING = "LOADING"

ASK_SECONDS = 3.0
LOAD_SECONDS = 1800.0
UNLOAD_SECONDS = 120.0
PROBE_SECONDS = 20.0
GONE = "is not healthy"
"""What the server says of a model whose process ended."""

_NANOSECONDS = 1_000_000_000
# A text travels with its length in four bytes.
_EMPTY_TEXT_BYTES = 4
_BYTES_OF = {"BOOL": 1, "INT8": 1, "UINT8": 1, "INT16": 2, "UINT16": 2, "FP16": 2, "BF16": 2}
_BYTES_OF |= {"INT64": 8, "UINT64": 8, "FP64": 8}
_OPTIONS = (
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.enable_http_proxy", 0),
)
_AWAY = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,
}


class ServerAway(RuntimeError):
    """The server does not answer, or not in time."""


class LoadRefused(RuntimeError):
    """The server tried and could not; the message is what it said, the model's traceback too."""


@dataclass(frozen=True, slots=True)
class HeldModel:
    """One model of the repositories as the server sees it.

    `state` is READY, LOADING, UNLOADING, UNAVAILABLE, or empty for one that was never asked for;
    `reason` is why it is not ready. Counts are since the model was loaded, mean times in seconds.
    """

    name: str
    version: str
    state: str
    reason: str = ""
    inferences: int = 0
    failures: int = 0
    queue_seconds: float = 0.0
    compute_seconds: float = 0.0
    last_inference_at: datetime | None = None

    @property
    def is_ready(self) -> bool:
        """Whether requests are served now."""
        return self.state == READY


@dataclass(frozen=True, slots=True)
class ServerState:
    """What a server says of itself. `models` by name, those never asked for included."""

    url: str
    version: str
    models: Mapping[str, HeldModel]


class ModelServer:
    """The control side of one Triton server; safe to share between threads.

    Args:
        url: HOST:PORT of the server's gRPC endpoint.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._channel = grpc.insecure_channel(url, options=_OPTIONS)
        self._stub = service_pb2_grpc.GRPCInferenceServiceStub(self._channel)

    def close(self) -> None:
        """Give up the connection."""
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

    def held(self, name: str) -> HeldModel | None:
        """Return one model as the index lists it, without counts; None where no folder has it."""
        return self._index().get(name)

    def state(self) -> ServerState:
        """Return all that the server holds, with counts.

        Raises:
            ServerAway: it does not answer.
        """
        about = self._ask(self._stub.ServerMetadata, service_pb2.ServerMetadataRequest())
        statistics = self._ask(self._stub.ModelStatistics, service_pb2.ModelStatisticsRequest())
        counted = {item.name: item for item in statistics.model_stats}
        return ServerState(
            url=self.url,
            version=about.version,
            models={
                name: _counted(held, counted[name]) if name in counted else held
                for name, held in sorted(self._index().items())
            },
        )

    def load(self, name: str, *, timeout_seconds: float = LOAD_SECONDS) -> None:
        """Have a model loaded and return when it is ready. Loading a ready one changes nothing.

        Raises:
            LoadRefused: the model cannot be loaded.
            ServerAway: the server does not answer, or ended meanwhile.
        """
        request = service_pb2.RepositoryModelLoadRequest(model_name=name)
        self._ask(self._stub.RepositoryModelLoad, request, seconds=timeout_seconds)

    def unload(self, name: str, *, timeout_seconds: float = UNLOAD_SECONDS) -> None:
        """Have a model unloaded; requests that run are finished first.

        Raises:
            LoadRefused: the server knows no such model.
            ServerAway: the server does not answer.
        """
        request = service_pb2.RepositoryModelUnloadRequest(model_name=name)
        self._ask(self._stub.RepositoryModelUnload, request, seconds=timeout_seconds)

    def has_lost_process(self, name: str) -> bool:
        """Whether a model that is called ready has no process any more. Asks it for nothing much.

        The server notices only when somebody asks, and then never starts the process again. A
        model that refuses the empty request, as most do, is alive.

        Raises:
            ServerAway: the server does not answer, or the model not in time.
        """
        request = service_pb2.ModelMetadataRequest(name=name)
        about = self._ask(self._stub.ModelMetadata, request)
        try:
            for answer in self._stub.ModelStreamInfer(
                iter([_empty_request(name, about)]), timeout=PROBE_SECONDS
            ):
                return GONE in answer.error_message
        except grpc.RpcError as error:
            if error.code() in _AWAY:
                raise ServerAway(f"{self.url}: {error.details()}") from error
        return False

    def _index(self) -> dict[str, HeldModel]:
        answer = self._ask(self._stub.RepositoryIndex, service_pb2.RepositoryIndexRequest())
        held: dict[str, HeldModel] = {}
        for item in answer.models:
            # Of several versions in a folder the server lists each; the ready one counts.
            if item.name not in held or item.state == READY:
                held[item.name] = HeldModel(item.name, item.version, item.state, item.reason)
        return held

    def _ask(
        self, call: Callable[..., Any], request: Any, *, seconds: float = ASK_SECONDS
    ) -> Any:  # generated messages have no types
        try:
            return call(request, timeout=seconds)
        except grpc.RpcError as error:
            if error.code() in _AWAY:
                raise ServerAway(f"{self.url}: {error.details()}") from error
            raise LoadRefused(str(error.details())) from error


def _empty_request(name: str, about: Any) -> Any:
    """One request that fits the model's signature and says nothing."""
    inputs, contents = [], []
    for tensor in about.inputs:
        shape = [max(1, size) for size in tensor.shape]
        width = _BYTES_OF.get(tensor.datatype, _EMPTY_TEXT_BYTES)
        inputs.append(
            service_pb2.ModelInferRequest.InferInputTensor(
                name=tensor.name, datatype=tensor.datatype, shape=shape
            )
        )
        contents.append(bytes(width * math.prod(shape)))
    return service_pb2.ModelInferRequest(
        model_name=name, inputs=inputs, raw_input_contents=contents
    )


def _counted(held: HeldModel, statistics: Any) -> HeldModel:
    """Add what the server counted."""
    told = statistics.inference_stats
    at = statistics.last_inference
    return HeldModel(
        name=held.name,
        version=held.version,
        state=held.state,
        reason=held.reason,
        inferences=statistics.inference_count,
        failures=told.fail.count,
        queue_seconds=_mean(told.queue),
        compute_seconds=_mean(told.compute_infer),
        last_inference_at=datetime.fromtimestamp(at / 1000, tz=UTC) if at else None,
    )


def _mean(duration: Any) -> float:
    return duration.ns / duration.count / _NANOSECONDS if duration.count else 0.0
