"""Media bytes over HTTP: `GET /media/<rendition id>`, and `…/peaks`, the outline of a recording.

The gate is asked on every request, also on one that ends as 304 or 206. What may not be seen
does not exist: 404, with the same body as for an id that nobody has.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Protocol
from uuid import UUID

from django.core.files.base import File
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from tidegate.accounts import services as accounts
from tidegate.accounts.errors import KeyRefused
from tidegate.accounts.models import User
from tidegate.accounts.selectors import viewer_for_key, viewer_for_user
from tidegate.accounts.viewers import ANONYMOUS, Viewer
from tidegate.assets import storage
from tidegate.assets.models import Blob
from tidegate.assets.peaks import peaks_of
from tidegate.assets.ranges import Span, Unsatisfiable, names, span_of
from tidegate.assets.selectors import visible_rendition
from tidegate.primitives.errors import NotFound, TidegateError, Unavailable

logger = logging.getLogger(__name__)

_CHUNK = 256 * 1024
_SCOPE = "assets:read"
_METHODS = ("GET", "HEAD")
# Blobs whose outline is remembered: about a kilobyte each.
_OUTLINES = 2048
_EXTENSIONS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "image/svg+xml": "svg",
    "audio/wav": "wav",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
    "audio/midi": "mid",
    "text/vnd.abc": "abc",
    "text/vtt": "vtt",
    "text/plain": "txt",
    "application/json": "json",
    "video/mp4": "mp4",
}


class Stored(Protocol):
    """What can be delivered: a rendition, or something else that is a name for a blob."""

    pk: Any
    media_type: str

    @property
    def blob(self) -> Blob | None:
        """The bytes; never None where `find` returned it."""
        ...


def media(request: HttpRequest, rendition_id: UUID) -> HttpResponseBase:
    """Serve a rendition to who may see it: whole, in part, or "you have it already"."""
    return deliver(request, lambda viewer: visible_rendition(viewer, rendition_id), scope=_SCOPE)


def peaks(request: HttpRequest, rendition_id: UUID) -> HttpResponseBase:
    """Return the outline of a recording to who may hear it; empty for what is none.

    A function of the bytes, so it is remembered by their digest; the door is asked every time.
    """
    try:
        _require_reading(request)
        rendition = visible_rendition(_viewer_of(request, _SCOPE), rendition_id)
        sound = rendition.media_type.startswith("audio/")
        points = _outline(rendition.blob_id) if sound else ()
        response: HttpResponseBase = JsonResponse({"peaks": points})
    except TidegateError as error:
        response = _problem(request, error)
    return _kept_by_nobody(response)


def deliver(
    request: HttpRequest, find: Callable[[Viewer], Stored], *, scope: str
) -> HttpResponseBase:
    """Serve what `find` returns for who asks; what it raises becomes a problem.

    A key needs `scope`; without it, nothing is there.
    """
    try:
        _require_reading(request)
        response = _answer(request, find(_viewer_of(request, scope)))
    except TidegateError as error:
        response = _problem(request, error)
    return _kept_by_nobody(response)


def _kept_by_nobody(response: HttpResponseBase) -> HttpResponseBase:
    """Sessions and keys see different things, and no cache may outlive a takedown."""
    response["Cache-Control"] = "private, no-store"
    response["Vary"] = "Cookie, Authorization"
    return response


@lru_cache(maxsize=_OUTLINES)
def _outline(sha256: str) -> tuple[int, ...]:
    with _opened(sha256) as file:
        return peaks_of(file)


def _opened(sha256: str) -> "File[bytes]":
    try:
        return storage.open_blob(sha256)
    except FileNotFoundError as error:
        logger.exception("blob is missing", extra={"sha256": sha256})
        raise Unavailable("These bytes cannot be read now.", code="media_unreadable") from error


def _require_reading(request: HttpRequest) -> None:
    if request.method not in _METHODS:
        raise TidegateError("Media is only read.", code="method_not_allowed", status=405)


def _viewer_of(request: HttpRequest, scope: str) -> Viewer:
    """Return who asks: an API key when one is sent, else the session's person, else nobody."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        key = accounts.authenticate_key(token.strip())
        accounts.touch_key(key)
        if scope not in key.scopes:
            raise NotFound("There is no such media.", code="media_not_found")
        return viewer_for_key(key)
    user = getattr(request, "user", None)
    return viewer_for_user(user) if isinstance(user, User) else ANONYMOUS


def _answer(request: HttpRequest, stored: Stored) -> HttpResponseBase:
    blob = stored.blob
    if blob is None:
        raise NotFound("There is no such media.", code="media_not_found")
    etag, size = f'"{blob.sha256}"', blob.size
    if names(request.headers.get("If-None-Match", ""), etag):
        response: HttpResponseBase = HttpResponse(status=304)
        del response["Content-Type"]
        response["ETag"] = etag
        return response
    try:
        span = _wanted(request, etag, size)
    except Unsatisfiable:
        outside = TidegateError(
            "The range lies outside of the bytes.", code="range_not_satisfiable", status=416
        )
        response = _problem(request, outside)
        response["Content-Range"] = f"bytes */{size}"
        return response
    response = _body(request, blob, span or Span(0, size - 1))
    if span is not None:
        response.status_code = 206
        response["Content-Range"] = f"bytes {span.start}-{span.end}/{size}"
    _describe(response, stored, etag, span.length if span else size)
    return response


def _wanted(request: HttpRequest, etag: str, size: int) -> Span | None:
    header = request.headers.get("Range", "")
    is_same = request.headers.get("If-Range", etag) == etag
    return span_of(header, size) if header and is_same and request.method == "GET" else None


def _body(request: HttpRequest, blob: Blob, span: Span) -> HttpResponseBase:
    if request.method == "HEAD":
        return HttpResponse()
    file = _opened(blob.sha256)
    if span.length <= _CHUNK:
        with file:
            file.seek(span.start)
            return HttpResponse(file.read(max(span.length, 0)))
    # The server's own loop must never wait for a disk; and a synchronous server (and the test
    # client) must never be handed an asynchronous stream.
    stream = _pieces_later if isinstance(request, ASGIRequest) else _pieces
    return StreamingHttpResponse(stream(file, span))


def _pieces(file: "File[bytes]", span: Span) -> Iterator[bytes]:
    with file:
        file.seek(span.start)
        left = span.length
        while left > 0 and (piece := file.read(min(_CHUNK, left))):
            left -= len(piece)
            yield piece


async def _pieces_later(file: "File[bytes]", span: Span) -> AsyncIterator[bytes]:
    pieces = _pieces(file, span)
    try:
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            yield piece
    finally:
        file.close()


def _describe(response: HttpResponseBase, stored: Stored, etag: str, length: int) -> None:
    text = stored.media_type.startswith("text/")
    extension = _EXTENSIONS.get(stored.media_type, "bin")
    response["Content-Type"] = stored.media_type + ("; charset=utf-8" if text else "")
    response["Content-Length"] = str(length)
    response["Content-Disposition"] = f'inline; filename="tidegate-{stored.pk}.{extension}"'
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = etag
    # Made by models from strangers' words: never run, never sniffed, never framed elsewhere.
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cross-Origin-Resource-Policy"] = "same-origin"


def _problem(request: HttpRequest, error: TidegateError) -> HttpResponse:
    response = JsonResponse(
        {
            "type": f"/api/docs/problems#{error.code}",
            "title": HTTPStatus(error.status).phrase,
            "status": error.status,
            "code": error.code,
            "detail": str(error),
            "instance": request.path,
            "request_id": getattr(request, "request_id", ""),
        },
        status=error.status,
        content_type="application/problem+json",
    )
    if error.status == HTTPStatus.METHOD_NOT_ALLOWED:
        response["Allow"] = ", ".join(_METHODS)
    if isinstance(error, KeyRefused):
        response["WWW-Authenticate"] = 'Bearer realm="tidegate"'
    return response
