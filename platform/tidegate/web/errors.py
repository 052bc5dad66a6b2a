"""Errors as pages: what was wrong, in the product's own look."""

from collections.abc import Callable
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, gettext_lazy

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
    known = restricted(error)
    if known:
        return known
    wrong = error.errors if isinstance(error, InvalidInput) else ()
    return " ".join(field.message for field in wrong) or str(error)


def restricted(error: TidegateError) -> str:
    """Return what a restriction keeps the reader from, and until when; empty for other errors."""
    sentence = _RESTRICTED.get(error.code)
    if sentence is None:
        return ""
    until = str(error.extra.get("until") or "")
    if not until:
        return f"{sentence} {_WHERE}"
    moment = timezone.localtime(datetime.fromisoformat(until))
    ends = gettext("It ends on %(date)s.") % {"date": date_format(moment, "DATETIME_FORMAT")}
    return f"{sentence} {ends} {_WHERE}"


_WHERE = gettext_lazy("See “My standing” in your account's menu.")
_RESTRICTED = {
    "author_cooling": gettext_lazy("You may not make anything for a while."),
    "author_suspended": gettext_lazy("Your account is suspended."),
    "not_public_now": gettext_lazy("You may not make this public at present."),
}
