"""The base of every API view, and the pages about the API."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.parsers import BaseParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tidegate.accounts.viewers import Viewer
from tidegate.api import codes, problems
from tidegate.api.authentication import HasScope, KeyAuthentication, Session, viewer_of
from tidegate.api.parsers import StrictJson


class View(APIView):
    """A resource: authenticated, scoped by method, speaking for one viewer."""

    authentication_classes: Sequence[type[BaseAuthentication]] = (
        KeyAuthentication,
        Session,
    )
    parser_classes: Sequence[type[BaseParser]] = (StrictJson,)
    permission_classes: Sequence[type[BasePermission]] = (HasScope,)
    scopes: ClassVar[dict[str, str]] = {}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Before anything else: a method that nobody may use is 405, whoever asks."""
        if not hasattr(self, (request.method or "").lower()):
            raise MethodNotAllowed(request.method or "")
        super().initial(request, *args, **kwargs)

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        """Keep answers out of every cache: a takedown counts from the next request on."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Cache-Control"] = "private, no-store"
        return response

    @property
    def viewer(self) -> Viewer:
        """Who is asking."""
        return viewer_of(self.request)


class Unknown(View):
    """Any address below /api/ that no route knows: a problem, whatever the method."""

    permission_classes = ()
    authentication_classes = ()
    schema = None

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        """Answer 404."""
        return problems.not_found(request)


def docs(request: HttpRequest) -> HttpResponse:
    """Show the interactive documentation."""
    return render(request, "api/docs.html")


def problem_codes(request: HttpRequest) -> HttpResponse:
    """Explain the codes that `type` links to."""
    explained = {"problems": codes.PROBLEMS, "fields": codes.FIELDS, "jobs": codes.JOBS}
    return render(request, "api/problems.html", explained)


__all__ = ["Request", "Unknown", "View", "docs", "problem_codes"]
