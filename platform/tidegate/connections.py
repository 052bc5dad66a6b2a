"""Database connections go back to the pool as soon as a request no longer needs them.

Under ASGI an event stream or a large file outlives its view by minutes, and a client may hang up
at any moment. Each would keep the connection that signed the viewer in, and a dozen open pages
would empty the pool for everybody.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.db import connections
from django.http import HttpRequest
from django.http.response import HttpResponseBase

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class StreamsHoldNoConnectionMiddleware:
    """Gives the view's connection back before a streamed answer begins.

    It comes first in the list, so that every layer that asks the database has had its turn.
    """

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        if response.streaming:
            give_connections_back()
        return response


def returning_connections(application: Application) -> Application:
    """Return the application with the request's connections given back however it ends."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        # One thread for the whole request: Django's own context inside joins this one.
        async with ThreadSensitiveContext():
            try:
                await application(scope, receive, send)
            finally:
                await sync_to_async(give_connections_back, thread_sensitive=True)()

    return wrapped


def give_connections_back() -> None:
    """Close this thread's connections, which returns them to the pool; not inside a transaction."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()
