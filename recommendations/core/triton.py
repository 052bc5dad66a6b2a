"""Asking the embedder behind Triton for sentence vectors."""

import os
import struct
import threading
from collections.abc import Sequence
from typing import Any

import grpc
from tritonclient.grpc import service_pb2, service_pb2_grpc

MODEL = "text_embedding"
DIMENSIONS = 384
LARGEST_BATCH = 16
_LENGTH_BYTES = 4
_FLOAT_BYTES = 4
_OPTIONS = [
    # A server that was killed and came back is found again within seconds, not minutes.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # Triton is a neighbour: a proxy meant for the internet must not get in between.
    ("grpc.enable_http_proxy", 0),
]


class EmbedderUnavailable(RuntimeError):
    """No vectors now: the server is down, late, or answered with something else. May heal."""


class Embedder:
    """The text embedder of one Triton server, usable from many threads and after a fork.

    Args:
        url: `host:port` of Triton's gRPC endpoint.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._owner = 0
        self._stub: Any = None
        self._channel: Any = None

    def embed(self, texts: Sequence[str], deadline_seconds: float) -> list[list[float]]:
        """Return one L2-normalised vector of 384 numbers per text, in order.

        Raises:
            EmbedderUnavailable: when any of them cannot be had within the deadline.
        """
        stub = self._connected()
        flying = [
            (
                len(part),
                stub.ModelInfer.future(_request(part), timeout=deadline_seconds),
            )
            for start in range(0, len(texts), LARGEST_BATCH)
            for part in [texts[start : start + LARGEST_BATCH]]
        ]
        return [vector for count, future in flying for vector in _vectors(count, future)]

    def close(self) -> None:
        """Close the connection; a later call opens a new one."""
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


def _request(texts: Sequence[str]) -> Any:
    tensor = service_pb2.ModelInferRequest.InferInputTensor(
        name="TEXT", datatype="BYTES", shape=[len(texts), 1]
    )
    encoded = [text.encode("utf-8") for text in texts]
    body = b"".join(len(text).to_bytes(_LENGTH_BYTES, "little") + text for text in encoded)
    return service_pb2.ModelInferRequest(
        model_name=MODEL, inputs=[tensor], raw_input_contents=[body]
    )


def _vectors(count: int, future: Any) -> list[list[float]]:
    try:
        response = future.result()
    except grpc.RpcError as error:
        raise EmbedderUnavailable(f"{error.code().name.lower()}: {error.details()}") from error
    body = response.raw_output_contents[0] if response.raw_output_contents else b""
    if len(body) != count * DIMENSIONS * _FLOAT_BYTES:
        raise EmbedderUnavailable(f"malformed answer: {len(body)} bytes for {count} texts")
    numbers = struct.unpack(f"<{count * DIMENSIONS}f", body)
    return [
        list(numbers[start : start + DIMENSIONS]) for start in range(0, len(numbers), DIMENSIONS)
    ]
