"""A client of a server that speaks OpenAI's chat completions, streamed over HTTP."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import ssl
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx

from generation.core.backends.options import OpenAiCompatible
from generation.core.structured.telling import closed, told
from generation.core.wire import InvalidRequest, TextPiece
from generation.serving.tidegate_backends.replies import Cancelled
from generation.serving.tidegate_backends.requests import Asked

_HEALS = frozenset({408, 425, 429, 500, 502, 503, 504})
_REFUSES = frozenset({400, 413, 422})
_POLL_SECONDS = 0.1
_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 8.0
_SHOWN = 300
_NAMES = (
    *("max_tokens", "temperature", "top_p", "top_k", "repetition_penalty"),
    *("frequency_penalty", "presence_penalty"),
)


class ServerUnavailable(RuntimeError):
    """The server is away, busy or broke off; another try may succeed.

    `pause` is how many seconds it asks to be left alone, where it says so.
    """

    def __init__(self, message: str, pause: float | None = None) -> None:
        super().__init__(message)
        self.pause = pause


class ServerRefuses(RuntimeError):
    """The server does not take our key, our address or our model: an operator must look."""


class SettingMissing(RuntimeError):
    """The environment lacks a variable that the entry names."""


class ChatServer:
    """One server, asked from one event loop.

    Raises:
        SettingMissing: the variable of the address or of the key is not set.
    """

    def __init__(self, options: OpenAiCompatible, entry: str) -> None:
        self._options = options
        address = options.base_url or _variable(entry, options.base_url_env)
        headers = {"Accept": "text/event-stream"}
        if options.api_key_env:
            headers["Authorization"] = f"Bearer {_variable(entry, options.api_key_env)}"
        self._client = httpx.AsyncClient(
            base_url=address,
            headers=headers,
            timeout=httpx.Timeout(
                options.silence_seconds, connect=options.connect_seconds, pool=None
            ),
            limits=httpx.Limits(max_connections=options.concurrency),
            verify=ssl.create_default_context(),
            trust_env=False,  # a proxy for downloads is no way to a model server
        )
        written = [address, options.model_dump(mode="json", exclude={"api_key_env", "retries"})]
        self._identity = json.dumps(written, sort_keys=True)

    async def close(self) -> None:
        """Give up the connections."""
        await self._client.aclose()

    async def say(self, asked: Asked) -> None:
        """Answer one request, word by word as the server says it.

        Raises:
            InvalidRequest: the server refuses the request and always will.
            ServerUnavailable: it is away or busy after all tries, or it broke off.
            ServerRefuses: it does not take the key, the address or the model.
            Cancelled: the caller is gone; the request is cancelled at the server too.
        """
        telling = asyncio.create_task(self._tell(asked))
        while not telling.done():
            await asyncio.wait({telling}, timeout=_POLL_SECONDS)
            if not telling.done() and asked.reply.is_cancelled:
                telling.cancel()
                await asyncio.wait({telling})
                raise Cancelled
        telling.result()

    async def _tell(self, asked: Asked) -> None:
        """Ask, again where that heals and nothing has been said yet."""
        said = _Said(asked)
        for attempt in range(self._options.retries + 1):
            try:
                async for event in self._events(self._body(asked)):
                    said.take(event)
            except (httpx.TransportError, ServerUnavailable) as exc:
                if said.pieces or attempt == self._options.retries:
                    raise ServerUnavailable(f"the model server failed: {exc!r}") from exc
                pause = _FIRST_PAUSE_SECONDS * 2**attempt
                if isinstance(exc, ServerUnavailable) and exc.pause is not None:
                    pause = exc.pause
                await asyncio.sleep(min(pause, _LONGEST_PAUSE_SECONDS))
            else:
                break
        said.end(self._identity)

    async def _events(self, body: Mapping[str, object]) -> AsyncIterator[Mapping[str, Any]]:
        """Yield each event of one streamed answer."""
        async with self._client.stream("POST", "chat/completions", json=body) as response:
            if response.status_code != httpx.codes.OK:
                await response.aread()
                raise _error(response)
            async for line in response.aiter_lines():
                name, _, data = line.partition(":")
                if name != "data" or data.strip() == "[DONE]":
                    continue
                try:
                    event = json.loads(data)
                except ValueError as exc:
                    raise ServerUnavailable(f"an event is not JSON: {data[:_SHOWN]}") from exc
                if "error" in event:
                    raise ServerUnavailable(f"the server says: {str(event['error'])[:_SHOWN]}")
                yield event

    def _body(self, asked: Asked) -> dict[str, object]:
        system = str(asked.values.get("system", self._options.system))
        schema = asked.request.document("json_schema")
        form: dict[str, object] = {}
        if schema is not None:
            system = f"{system}\n{told(schema)}".strip()
            kept = {"name": "answer", "strict": True, "schema": closed(schema)}
            form["response_format"] = {"type": "json_schema", "json_schema": kept}
        messages = [{"role": "user", "content": asked.request.prompt}]
        if system:
            messages.insert(0, {"role": "system", "content": system})
        return {
            **self._options.extra_body,
            **form,
            **{name: asked.values[name] for name in _NAMES if name in asked.values},
            "model": self._options.model,
            "messages": messages,
            "seed": asked.request.seed,
            "stream": True,
        }


class _Said:
    """What the server has said of one answer so far; each piece goes on at once."""

    def __init__(self, asked: Asked) -> None:
        self._reply = asked.reply
        self._reason: str | None = None
        self._fingerprint = ""
        self.pieces = 0

    def take(self, event: Mapping[str, Any]) -> None:
        self._fingerprint = event.get("system_fingerprint") or self._fingerprint
        for choice in event.get("choices") or ():
            text = (choice.get("delta") or {}).get("content") or ""
            if text:
                self._reply.send(TextPiece(self.pieces, text))
                self.pieces += 1
            self._reason = choice.get("finish_reason") or self._reason

    def end(self, identity: str) -> None:
        if self._reason is None:
            raise ServerUnavailable("the server ended without saying that it was done")
        if self._reason == "content_filter":
            raise InvalidRequest("the model server's own filter refuses this text")
        version = hashlib.sha256(f"{identity} {self._fingerprint}".encode()).hexdigest()[:12]
        self._reply.done("length" if self._reason == "length" else "stop", version)


def _error(response: httpx.Response) -> Exception:
    """What an answer other than 200 means."""
    code, words = response.status_code, response.text[:_SHOWN]
    if code in _HEALS:
        asked = response.headers.get("retry-after", "")
        return ServerUnavailable(
            f"it answers {code}: {words}", float(asked) if asked.isdigit() else None
        )
    if code in _REFUSES:
        return InvalidRequest(f"the model server refuses it: {words}")
    return ServerRefuses(f"the model server answers {code}: {words}")


def _variable(entry: str, name: str | None) -> str:
    value = os.environ.get(name or "", "")
    if not value:
        raise SettingMissing(f"{entry}: the environment variable {name} is not set")
    return value
