"""What every answer carries: a request id and a content security policy."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from uuid import UUID

import structlog
from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from tidegate.primitives import correlation
from tidegate.primitives.ids import new_id

MAXIMUM_HEADER_BYTES = 64 * 1024
_ACCEPTED_ID = re.compile(r"[A-Za-z0-9._-]{8,128}\Z")

Answer = HttpResponseBase
GetResponse = Callable[[HttpRequest], Answer | Awaitable[Answer]]


class _Middleware:
    """Runs `before` and `after` around the view, in sync and async stacks alike."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response
        self._asynchronous = iscoroutinefunction(get_response)
        if self._asynchronous:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Answer | Awaitable[Answer]:
        if self._asynchronous:
            return self._acall(request)
        self.before(request)
        response = self._get_response(request)
        return self.after(request, _answer(response))

    async def _acall(self, request: HttpRequest) -> Answer:
        self.before(request)
        response = self._get_response(request)
        return self.after(request, await _awaited(response))

    def before(self, request: HttpRequest) -> None:
        """Called with the request before the view."""

    def after(self, request: HttpRequest, response: Answer) -> Answer:
        """Called with the view's answer; returns the answer to send."""
        return response


class RequestIdMiddleware(_Middleware):
    """Sets `request.request_id`, the `X-Request-Id` header and the log lines' `request_id`.

    A caller's own id is kept when it is plain enough to be safe in logs and headers.
    """

    def before(self, request: HttpRequest) -> None:
        given = request.headers.get("X-Request-Id", "")
        request_id = given if _ACCEPTED_ID.match(given) else str(new_id())
        request.request_id = request_id  # type: ignore[attr-defined] # read by api and audit
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        # A caller who sends a UUID follows it through events, audit and logs.
        begun = correlation.begin(UUID(request_id) if _is_uuid(request_id) else new_id())
        request.correlation_token = begun  # type: ignore[attr-defined] # undone in `after`

    def after(self, request: HttpRequest, response: Answer) -> Answer:
        correlation.end(request.correlation_token)  # type: ignore[attr-defined]
        response.headers["X-Request-Id"] = request.request_id  # type: ignore[attr-defined]
        return response


class HeadersTooLarge(SuspiciousOperation):
    """More header bytes than any honest client sends."""


class HeaderLimitMiddleware(_Middleware):
    """Refuses requests whose headers and address together pass `MAXIMUM_HEADER_BYTES`.

    The server in front of a deployment has a limit of its own; uvicorn's fast parser has none.
    """

    def before(self, request: HttpRequest) -> None:
        size = len(request.META.get("QUERY_STRING", "")) + sum(
            len(name) + len(value)
            for name, value in request.META.items()
            if name.startswith("HTTP_")
        )
        if size > MAXIMUM_HEADER_BYTES:
            raise HeadersTooLarge(f"{size} bytes of headers")


class ContentSecurityPolicyMiddleware(_Middleware):
    """Sends `settings.CONTENT_SECURITY_POLICY` unless the view set a stricter one itself."""

    def __init__(self, get_response: GetResponse) -> None:
        super().__init__(get_response)
        self._policy = "; ".join(
            f"{directive} {' '.join(sources)}"
            for directive, sources in settings.CONTENT_SECURITY_POLICY.items()
        )

    def after(self, request: HttpRequest, response: Answer) -> Answer:
        response.headers.setdefault("Content-Security-Policy", self._policy)
        return response


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _answer(response: Answer | Awaitable[Answer]) -> Answer:
    if not isinstance(response, HttpResponseBase):
        raise TypeError("an asynchronous answer reached the synchronous stack")
    return response


async def _awaited(response: Answer | Awaitable[Answer]) -> Answer:
    return response if isinstance(response, HttpResponseBase) else await response
