"""What the outermost layers add to every answer, and what they give back."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.db import connection
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import Client, RequestFactory

from tidegate.connections import (
    Receive,
    Scope,
    Send,
    StreamsHoldNoConnectionMiddleware,
    returning_connections,
)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("answer", "keeps"), [(StreamingHttpResponse([b"piece"]), False), (HttpResponse(), True)]
)
def test_a_stream_holds_no_database_connection(*, answer: HttpResponseBase, keeps: bool) -> None:
    def view(request: HttpRequest) -> HttpResponseBase:
        connection.ensure_connection()
        return answer

    StreamsHoldNoConnectionMiddleware(view)(RequestFactory().get("/"))
    assert (connection.connection is not None) is keeps


@pytest.mark.django_db(transaction=True)
def test_a_request_that_breaks_gives_its_connection_back() -> None:
    seen: list[bool] = []

    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        await sync_to_async(lambda: connection.ensure_connection())()  # noqa: PLW0108 - in its thread
        seen.append(await sync_to_async(lambda: connection.connection is not None)())
        raise ConnectionResetError

    async def request() -> None:
        # The test's own outer context makes the request's thread the same one afterwards.
        async with ThreadSensitiveContext():
            with pytest.raises(ConnectionResetError):
                await returning_connections(broken)({}, nothing, ignore)
            seen.append(await sync_to_async(lambda: connection.connection is not None)())

    async def nothing() -> dict[str, object]:
        return {}

    async def ignore(message: Mapping[str, object]) -> None:
        return

    asyncio.run(request())
    assert seen == [True, False]


@pytest.mark.django_db
def test_a_callers_request_id_is_kept_when_it_is_plain() -> None:
    kept = Client().get("/healthz", headers={"X-Request-Id": "my-own.id_42"})
    assert kept.headers["X-Request-Id"] == "my-own.id_42"


@pytest.mark.django_db
@pytest.mark.parametrize("given", ["short", "has spaces in it", "x" * 200, ""])
def test_an_unsafe_request_id_is_replaced(given: str) -> None:
    answer = Client().get("/healthz", headers={"X-Request-Id": given})
    assert answer.headers["X-Request-Id"] != given
    assert len(answer.headers["X-Request-Id"]) == 36


@pytest.mark.django_db
def test_pages_may_load_nothing_from_elsewhere() -> None:
    policy = Client().get("/healthz").headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self'")
    assert "unsafe" not in policy


@pytest.mark.django_db
def test_readiness_is_the_database_with_every_migration() -> None:
    assert Client().get("/readyz").json() == {"status": "ok"}
