"""The viewer behind a page request."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse

from tidegate.accounts.models import User
from tidegate.accounts.selectors import viewer_for_user
from tidegate.accounts.viewers import ANONYMOUS, Viewer

P = ParamSpec("P")


def viewer_of(request: HttpRequest) -> Viewer:
    """Return who looks at a page; nobody in particular without a session."""
    return viewer_for_user(request.user) if isinstance(request.user, User) else ANONYMOUS


def signed_in(
    view: Callable[Concatenate[HttpRequest, Viewer, P], HttpResponse],
) -> Callable[..., Any]:
    """Send strangers to the log-in page and give the view its viewer."""

    @login_required
    @wraps(view)
    def inner(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        return view(request, viewer_of(request), *args, **kwargs)

    return inner
