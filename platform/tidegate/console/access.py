"""Who may be here. For everybody else the console does not exist."""

from collections.abc import Callable, Collection
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse

from moderation.app import roles as gate
from tidegate.accounts.models import User
from tidegate.accounts.selectors import viewer_for_user
from tidegate.accounts.viewers import Viewer
from tidegate.primitives.errors import NotFound

P = ParamSpec("P")
REVIEWERS = gate.READERS
LEADS = gate.LEADS
ADMINS = gate.BANK_ADMINS
AUDITORS = frozenset({"auditor", "policy_admin"})


def staff_only(
    roles: Collection[str],
) -> Callable[[Callable[Concatenate[HttpRequest, Viewer, P], HttpResponse]], Callable[..., Any]]:
    """Let only these staff roles in; others are told that there is nothing here."""

    def decorate(
        view: Callable[Concatenate[HttpRequest, Viewer, P], HttpResponse],
    ) -> Callable[..., Any]:
        @login_required
        @wraps(view)
        def inner(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            assert isinstance(request.user, User)  # noqa: S101  # login_required saw to it
            viewer = viewer_for_user(request.user)
            if not viewer.has_role(roles):
                raise NotFound
            return view(request, viewer, *args, **kwargs)

        return inner

    return decorate
