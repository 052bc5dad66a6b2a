"""Who is asking: an API key in `Authorization: Bearer`, or a browser session with CSRF."""

from typing import Any

from django.http import HttpRequest
from rest_framework.authentication import (
    BaseAuthentication,
    SessionAuthentication,
    get_authorization_header,
)
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from tidegate.accounts import selectors, services
from tidegate.accounts.errors import KeyRefused
from tidegate.accounts.models import ApiKey, User
from tidegate.accounts.viewers import ANONYMOUS, Viewer
from tidegate.primitives.errors import NotAllowed


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer tg_…`."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        """Return the key's creator and the key, or None when no bearer token was sent."""
        token = _token(request)
        if token is None:
            return None
        key = services.authenticate_key(token)
        services.touch_key(key)
        return key.created_by, key

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme in a 401."""
        return 'Bearer realm="tidegate"'


class Session(SessionAuthentication):
    """A browser session; an unsafe call needs its CSRF token."""

    def enforce_csrf(self, request: Request) -> None:
        """Refuse in our own words and code."""
        try:
            super().enforce_csrf(request)
        except PermissionDenied as error:
            raise NotAllowed(
                "The security token is missing or wrong: send the csrf_token of the sign-in as "
                "X-CSRFToken.",
                code="csrf_failed",
            ) from error


def viewer_of(request: Request | HttpRequest) -> Viewer:
    """Return who is asking, for the selectors."""
    key = getattr(request, "auth", None)
    if isinstance(key, ApiKey):
        return selectors.viewer_for_key(key)
    if isinstance(request.user, User) and request.user.is_active:
        return selectors.viewer_for_user(request.user)
    return ANONYMOUS


def renewed(request: Request) -> Viewer | None:
    """Return who is asking now, for a stream that outlives its first check; None ends it."""
    if isinstance(request.auth, ApiKey):
        try:
            return selectors.viewer_for_key(services.authenticate_key(_token(request) or ""))
        except KeyRefused:
            return None
    if not isinstance(request.user, User):
        return ANONYMOUS
    user = User.objects.filter(pk=request.user.pk, is_active=True).first()
    return None if user is None else selectors.viewer_for_user(user)


class HasScope(BasePermission):
    """Signed in; and a key must hold the scope that the view names for the method."""

    message = "This API key does not hold the scope that this call needs."
    code = "scope_missing"

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Compare the key's scopes with `view.scopes[method]`, words between spaces."""
        if not request.user.is_authenticated:
            return False
        if not isinstance(request.auth, ApiKey):
            return True
        needed = scopes_for(view, request.method or "GET")
        return needed is not None and needed.issubset(request.auth.scopes)


class MayLook(HasScope):
    """For what needs no account: nobody is asked who they are, but a key keeps to its scopes."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Let people and strangers through to the selectors, and keys by scope."""
        return not isinstance(request.auth, ApiKey) or super().has_permission(request, view)


def scopes_for(view: Any, method: str) -> frozenset[str] | None:
    """Return the scopes that a view asks of a key for a method; None means keys may not.

    A call that changes a thing and shows it asks for both, or a key that may only write would
    read by writing.
    """
    scopes: dict[str, str] = getattr(view, "scopes", {})
    needed = scopes.get("GET" if method in {"HEAD", "OPTIONS"} else method)
    return None if needed is None else frozenset(needed.split())


def _token(request: Request) -> str | None:
    """Return the bearer token, or None when none was sent."""
    scheme, _, token = get_authorization_header(request).partition(b" ")
    # An undecodable token is no key of ours; it is refused as every unknown one is.
    return token.decode("ascii", errors="replace").strip() if scheme.lower() == b"bearer" else None
