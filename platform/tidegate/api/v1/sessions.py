"""Sign in, sign out, who am I."""

from typing import Any, ClassVar

from django.contrib.auth import authenticate, login, logout
from django.middleware.csrf import get_token
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from tidegate.accounts.models import User
from tidegate.api.authentication import viewer_of
from tidegate.api.forms import checked
from tidegate.api.throttling import ForOneAccount, FromOneAddress
from tidegate.api.v1.shapes import Text
from tidegate.api.views import View
from tidegate.primitives.errors import TidegateError


class SignInIn(serializers.Serializer[Any]):
    """What a person signs in with."""

    email = serializers.EmailField(max_length=254)
    password = Text(max_length=256, trim_whitespace=False)


class MeOut(serializers.Serializer[Any]):
    """The person behind the request, and what the request may do."""

    id = serializers.UUIDField()
    email = serializers.EmailField()
    display_name = serializers.CharField()
    language = serializers.CharField()
    staff_roles = serializers.ListField(child=serializers.CharField())
    organisation_id = serializers.UUIDField(
        allow_null=True, help_text="The organisation an API key belongs to; null for a session."
    )
    scopes = serializers.ListField(
        child=serializers.CharField(), allow_null=True, help_text="Null for a session: no limit."
    )


class SignInOut(serializers.Serializer[Any]):
    """A fresh session; the token goes into `X-CSRFToken` of every unsafe call."""

    me = MeOut()
    csrf_token = serializers.CharField()


class SignIn(View):
    """Start a browser session."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = (FromOneAddress, ForOneAccount)

    @extend_schema(
        operation_id="sign_in", tags=["account"], request=SignInIn, responses=SignInOut, auth=[]
    )
    def post(self, request: Request) -> Response:
        """Sign in with e-mail and password; answers with a session cookie."""
        form = checked(SignInIn, request.data)
        user = authenticate(
            request._request,  # noqa: SLF001  # Django's backends want its own request
            email=form["email"],
            username=form["email"],
            password=form["password"],
        )
        if not isinstance(user, User):
            raise TidegateError(
                "E-mail and password do not match an active account.",
                code="invalid_credentials",
                status=401,
            )
        login(request._request, user)  # noqa: SLF001  # as above
        request.user = user
        token = get_token(request._request)  # noqa: SLF001  # as above
        return Response({"me": me(request), "csrf_token": token})


class SignOut(View):
    """End a browser session."""

    @extend_schema(operation_id="sign_out", tags=["account"], request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """Sign out; signing out twice is no error."""
        logout(request._request)  # noqa: SLF001  # Django's session lives on its own request
        return Response(status=204)


class Me(View):
    """The person behind the request."""

    scopes: ClassVar[dict[str, str]] = {"GET": "organisations:read"}

    @extend_schema(operation_id="me", tags=["account"], responses=MeOut)
    def get(self, request: Request) -> Response:
        """Say who is asking."""
        return Response(me(request))


def me(request: Request) -> dict[str, object]:
    """Describe the asker."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101  # HasScope let nobody else through
    viewer = viewer_of(request)
    return {
        "id": str(user.pk),
        "email": user.email,
        "display_name": user.display_name,
        "language": user.language,
        "staff_roles": sorted(viewer.staff_roles),
        "organisation_id": str(viewer.organisation_id) if viewer.organisation_id else None,
        "scopes": sorted(viewer.scopes) if viewer.scopes is not None else None,
    }
