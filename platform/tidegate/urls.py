"""The address map: each application owns what is below its prefix."""

from __future__ import annotations

import threading

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, URLResolver, include, path
from django.views import defaults

from tidegate.api import problems
from tidegate.middleware import HeadersTooLarge
from tidegate.web import errors as pages

# Below these, errors are problem documents; everywhere else they are pages.
_FOR_PROGRAMS = ("/api/", "/media/")
_MIGRATED = threading.Event()


def alive(request: HttpRequest) -> JsonResponse:
    """Answer 200 while the process answers at all."""
    return JsonResponse({"status": "ok"})


def ready(request: HttpRequest) -> JsonResponse:
    """Answer 200 when the database answers and has every migration of this release, else 503."""
    try:
        if not _is_migrated():
            return JsonResponse({"status": "unavailable", "waiting_for": "migrations"}, status=503)
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except OperationalError:
        return JsonResponse({"status": "unavailable", "waiting_for": "database"}, status=503)
    return JsonResponse({"status": "ok"})


def _is_migrated() -> bool:
    """Whether nothing is left to apply; asked of the database until it once was so."""
    if not _MIGRATED.is_set():
        executor = MigrationExecutor(connection)
        if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
            _MIGRATED.set()
    return _MIGRATED.is_set()


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a request whose CSRF token is missing or wrong."""
    message = "The security token is missing or wrong. Reload the page and try again."
    if request.path.startswith(_FOR_PROGRAMS):
        return problems.plain(request, status=403, code="csrf_failed", detail=message)
    return pages.page(request, status=403, message=message)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer an address that leads nowhere."""
    if request.path.startswith(_FOR_PROGRAMS):
        return problems.not_found(request)
    return pages.page(request, status=404)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what Django itself refuses before any view, such as a host that is not ours."""
    if isinstance(exception, HeadersTooLarge):
        detail = "The headers and the address together are larger than is taken here (64 KiB)."
        return problems.plain(request, status=431, code="headers_too_large", detail=detail)
    if request.path.startswith(_FOR_PROGRAMS):
        detail = "The request as a whole is not acceptable: look at its host and headers."
        return problems.plain(request, status=400, code="bad_request", detail=detail)
    return defaults.bad_request(request, exception)


def broken(request: HttpRequest) -> HttpResponse:
    """Answer when something of ours broke; the log has the rest under the request id."""
    if request.path.startswith(_FOR_PROGRAMS):
        return problems.server_error(request)
    return pages.page(request, status=500)


handler400 = bad_request
handler404 = not_found
handler500 = broken

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", alive, name="healthz"),
    path("readyz", ready, name="readyz"),
    path("accounts/", include("allauth.urls")),
    path("media/", include("tidegate.assets.urls")),
    path("media/uploads/", include("tidegate.uploads.urls")),
    path("api/", include("tidegate.api.urls")),
    path("console/", include("tidegate.console.urls")),
    path("", include("tidegate.web.urls")),
]
