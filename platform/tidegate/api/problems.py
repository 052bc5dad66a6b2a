"""Every error as `application/problem+json` (RFC 9457).

A problem carries a stable `code` that is never renamed, the request id that finds its log
lines, and for bad input one entry per field: where (a JSON pointer), what, and what to do.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response

from tidegate.api.codes import PROBLEMS
from tidegate.api.parsers import escaped
from tidegate.primitives.errors import InvalidInput, NotAllowed, NotFound, TidegateError

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
TITLES = {
    400: "The request is not valid",
    401: "Sign in or send an API key",
    402: "Not enough credits",
    403: "You may not do this",
    404: "Nothing here",
    405: "This address does not know that method",
    406: "That representation is not offered",
    409: "This does not fit the present state",
    413: "Too large",
    415: "That content type is not read here",
    422: "The request is not valid",
    429: "Too many requests",
    431: "The headers are too large",
    500: "Something broke on our side",
    503: "Not available for the moment",
}


def body(
    request: HttpRequest | None,
    *,
    status: int,
    code: str,
    detail: str,
    errors: Sequence[Mapping[str, str]] = (),
    extra: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Build one problem document."""
    problem: dict[str, Any] = {
        "type": f"/api/docs/problems#{code}",
        "title": TITLES.get(status, "The request failed"),
        "status": status,
        "detail": detail,
        "code": code,
        "instance": request.path if request is not None else "",
        "request_id": getattr(request, "request_id", ""),
    }
    if errors:
        problem["errors"] = list(errors)
    return {**problem, **(extra or {})}


@dataclass(frozen=True, slots=True)
class Problem:
    """What an exception comes to."""

    status: int
    code: str
    detail: str
    errors: tuple[dict[str, str], ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


def handle(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Translate an exception for DRF; an unknown one returns None and becomes a 500."""
    problem = _problem(error)
    if problem is None:
        return None
    headers = dict(problem.headers)
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers.setdefault("WWW-Authenticate", 'Bearer realm="tidegate"')
    if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers.setdefault("Retry-After", "5")
    document = body(
        context.get("request"),
        status=problem.status,
        code=problem.code,
        detail=problem.detail,
        errors=problem.errors,
        extra=problem.extra,
    )
    return Response(document, status=problem.status, headers=headers, content_type=CONTENT_TYPE)


def _problem(error: Exception) -> Problem | None:
    match error:
        case TidegateError():
            found = _ours(error)
        case exceptions.APIException():
            found = _drf(error)
        case Http404():
            found = _ours(NotFound())
        case PermissionDenied():
            found = _ours(NotAllowed())
        case RequestDataTooBig():
            found = Problem(413, "too_large", "The body is larger than is taken here (1 MB).")
        case OperationalError():
            logger.error("the database cannot be reached", exc_info=error)
            found = Problem(503, "unavailable", "The database cannot be reached; try again.")
        case _:
            return None
    return found


def _ours(error: TidegateError) -> Problem:
    fields = error.errors if isinstance(error, InvalidInput) else ()
    errors = tuple(
        {"pointer": wrong.pointer, "code": wrong.code, "message": wrong.message} for wrong in fields
    )
    if error.pointer and not errors:
        errors = ({"pointer": error.pointer, "code": error.code, "message": str(error)},)
    # What is said of one field has the code of that field; the problem is that fields are wrong.
    is_field = error.status == HTTPStatus.BAD_REQUEST and errors and error.code not in PROBLEMS
    code = "invalid_input" if is_field else error.code
    wait = error.extra.get("retry_after")
    headers = {} if wait is None else {"Retry-After": str(wait)}
    return Problem(error.status, code, str(error), errors, error.extra, headers)


def _drf(error: exceptions.APIException) -> Problem:
    if isinstance(error, exceptions.ValidationError):
        errors = tuple(_fields(error.get_full_details()))
        return Problem(400, "invalid_input", "Some fields are missing or wrong.", errors)
    codes = error.get_codes()
    wait = getattr(error, "wait", None)
    return Problem(
        error.status_code,
        codes if isinstance(codes, str) else "invalid_input",
        str(error.detail),
        headers={"Retry-After": str(int(wait) + 1)} if wait is not None else {},
    )


def plain(request: HttpRequest, *, status: int, code: str, detail: str) -> HttpResponse:
    """Return a problem outside DRF: unknown addresses, crashes, CSRF failures."""
    problem = body(request, status=status, code=code, detail=detail)
    return JsonResponse(problem, status=status, content_type=CONTENT_TYPE)


def not_found(request: HttpRequest) -> HttpResponse:
    """404 below /api/ for an address no route knows."""
    return plain(
        request,
        status=404,
        code="not_found",
        detail="There is no such address; see /api/docs for those there are.",
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """500 below /api/."""
    return plain(
        request,
        status=500,
        code="internal_error",
        detail="This is our fault; it was logged under the request id. Nothing half-done remains.",
    )


def _fields(details: Any, pointer: str = "") -> Iterable[dict[str, str]]:
    """Flatten DRF's nested validation details into pointers (RFC 6901)."""
    if isinstance(details, Mapping) and set(details) >= {"message", "code"}:
        yield {
            "pointer": pointer,
            "code": str(details["code"]),
            "message": str(details["message"]),
        }
    elif isinstance(details, Mapping):
        for name, inner in details.items():
            below = pointer if name == "non_field_errors" else f"{pointer}/{escaped(name)}"
            yield from _fields(inner, below)
    elif isinstance(details, list):
        for index, inner in enumerate(details):
            is_leaf = isinstance(inner, Mapping) and set(inner) >= {"message", "code"}
            yield from _fields(inner, pointer if is_leaf else f"{pointer}/{index}")
