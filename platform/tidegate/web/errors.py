"""Errors as pages: what was wrong, in the product's own look."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from tidegate.primitives.errors import InvalidInput, TidegateError


class ErrorPages:
    """Middleware: an error of ours that a page raised becomes a page with its status."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass the request on."""
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Translate ours; every other error goes on to the 500 page and the log."""
        if not isinstance(error, TidegateError):
            return None
        return page(request, status=error.status, message=said(error))


def page(request: HttpRequest, *, status: int, message: str = "") -> HttpResponse:
    """Return the error page."""
    return render(request, "web/error.html", {"status": status, "message": message}, status=status)


def said(error: TidegateError) -> str:
    """Return what was wrong in one paragraph; of several wrong fields, each."""
    wrong = error.errors if isinstance(error, InvalidInput) else ()
    return " ".join(field.message for field in wrong) or str(error)
