"""The back-end `openai_compatible`: a vLLM, SGLang or TGI server, streamed.

The server batches from token to token; here many requests wait for it at a time, on one event
loop. What it says goes out as the pieces of any text model, so the gate sees it as it sees theirs.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import Future, wait
from typing import Any, cast

from generation.core.backends.options import OpenAiCompatible
from generation.serving.tidegate_backends.chat_server import ChatServer
from generation.serving.tidegate_backends.replies import answering
from generation.serving.tidegate_backends.requests import Asked, read_requests, served_from


class TritonPythonModel:
    """Begins each request and is free for the next."""

    def initialize(self, args: dict[str, str]) -> None:
        """Read address and key from the environment. The server need not be up yet."""
        self._served = served_from(args)
        self._server = ChatServer(
            cast("OpenAiCompatible", self._served.options), self._served.entry
        )
        self._under_way: set[Future[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="chat", daemon=True)
        self._thread.start()

    def execute(self, requests: Sequence[Any]) -> None:
        """Begin each request; it is answered through its response sender."""
        for asked in read_requests(requests, self._served):
            future = asyncio.run_coroutine_threadsafe(self._answer(asked), self._loop)
            self._under_way.add(future)
            future.add_done_callback(self._under_way.discard)

    def finalize(self) -> None:
        """Wait for what is under way, then end the loop."""
        wait(list(self._under_way))
        asyncio.run_coroutine_threadsafe(self._server.close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _answer(self, asked: Asked) -> None:
        with answering([asked.reply], self._served.entry):
            await self._server.say(asked)
