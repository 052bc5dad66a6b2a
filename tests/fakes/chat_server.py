"""A server that speaks OpenAI's streamed chat completions and does what a test wants of it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass
class Script:
    """What the next requests get. A status other than 200 is used once, in order."""

    words: Sequence[str] = ("The ", "tide ", "turns", ".")
    finish: str | None = "stop"
    pause_seconds: float = 0.0
    statuses: list[int] = field(default_factory=list)
    event_before_end: dict[str, Any] | None = None


class ChatServerFake:
    """Listens on loopback; remembers what it was asked, and how many left early."""

    def __init__(self) -> None:
        self.script = Script()
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.left_early = threading.Event()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                fake._answer(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers["Content-Length"])
        self.bodies.append(json.loads(handler.rfile.read(length)))
        self.keys.append(handler.headers["Authorization"])
        script = self.script
        status = script.statuses.pop(0) if script.statuses else 200
        if handler.path != "/v1/chat/completions":
            status = 404
        handler.send_response(status)
        if status != 200:
            handler.send_header("Retry-After", "0")
            handler.end_headers()
            handler.wfile.write(b'{"error": {"message": "as the test wants"}}')
            return
        handler.send_header("Content-Type", "text/event-stream")
        handler.end_headers()
        try:
            for word in script.words:
                self._tell(handler, {"choices": [{"delta": {"content": word}}]})
                time.sleep(script.pause_seconds)
            if script.event_before_end is not None:
                self._tell(handler, script.event_before_end)
            if script.finish is not None:
                last = {"choices": [{"delta": {}, "finish_reason": script.finish}]}
                self._tell(handler, last | {"system_fingerprint": "fake-1"})
                handler.wfile.write(b"data: [DONE]\n\n")
        except (BrokenPipeError, ConnectionResetError):
            self.left_early.set()

    @staticmethod
    def _tell(handler: BaseHTTPRequestHandler, event: dict[str, Any]) -> None:
        handler.wfile.write(f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode())
        handler.wfile.flush()
