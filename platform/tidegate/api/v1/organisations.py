"""Organisations, their members and their API keys."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from tidegate.accounts import selectors, services
from tidegate.accounts.models import ApiKey, Membership, Organisation
from tidegate.accounts.scopes import SCOPES
from tidegate.api.forms import checked
from tidegate.api.pagination import page
from tidegate.api.v1.shapes import Text, page_of, paged
from tidegate.api.views import View


class OrganisationIn(serializers.Serializer[Any]):
    """A new organisation."""

    name = Text(min_length=1, max_length=80)


class OrganisationOut(serializers.ModelSerializer[Organisation]):
    """An organisation."""

    class Meta:
        model = Organisation
        fields = ("id", "name", "slug", "kind", "created_at")


class MemberIn(serializers.Serializer[Any]):
    """Someone with an account, and the role they get."""

    email = serializers.EmailField(max_length=254)
    role = serializers.ChoiceField(choices=Membership.Role.choices)


class RoleIn(serializers.Serializer[Any]):
    """A member's new role."""

    role = serializers.ChoiceField(choices=Membership.Role.choices)


class MemberOut(serializers.ModelSerializer[Membership]):
    """A person in an organisation."""

    user_id = serializers.UUIDField(read_only=True)
    email = serializers.EmailField(source="user.email", read_only=True)
    display_name = serializers.CharField(source="user.display_name", read_only=True)

    class Meta:
        model = Membership
        fields = ("id", "user_id", "email", "display_name", "role", "created_at")


class KeyIn(serializers.Serializer[Any]):
    """A new API key."""

    name = Text(min_length=1, max_length=80)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=sorted(SCOPES)), min_length=1, max_length=len(SCOPES)
    )
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class KeyOut(serializers.ModelSerializer[ApiKey]):
    """An API key without its secret."""

    scopes = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = ApiKey
        fields = (
            "id",
            "name",
            "prefix",
            "scopes",
            "created_at",
            "expires_at",
            "last_used_at",
            "revoked_at",
        )


class IssuedKeyOut(KeyOut):
    """A fresh API key; the secret is shown this once."""

    secret = serializers.CharField()

    class Meta:
        model = ApiKey
        fields = (*KeyOut.Meta.fields, "secret")


class Organisations(View):
    """The organisations of the asker."""

    scopes: ClassVar[dict[str, str]] = {"GET": "organisations:read"}

    @extend_schema(
        operation_id="organisations_list",
        tags=["organisations"],
        parameters=paged(),
        responses=page_of(OrganisationOut),
    )
    def get(self, request: Request) -> Response:
        """List the organisations one belongs to."""
        rows = selectors.organisations_of(self.viewer)
        return page(request, rows, lambda found: OrganisationOut(found, many=True).data)

    @extend_schema(
        operation_id="organisations_create",
        tags=["organisations"],
        request=OrganisationIn,
        responses={201: OrganisationOut},
    )
    def post(self, request: Request) -> Response:
        """Create a company organisation; the asker becomes its owner."""
        form = checked(OrganisationIn, request.data)
        organisation = services.create_organisation(viewer=self.viewer, name=form["name"])
        return Response(OrganisationOut(organisation).data, status=201)


class Members(View):
    """The people of an organisation."""

    scopes: ClassVar[dict[str, str]] = {"GET": "organisations:read"}

    @extend_schema(
        operation_id="members_list",
        tags=["organisations"],
        parameters=paged(),
        responses=page_of(MemberOut),
    )
    def get(self, request: Request, organisation_id: UUID) -> Response:
        """List the members."""
        rows = selectors.members_of(self.viewer, organisation_id)
        return page(request, rows, lambda found: MemberOut(found, many=True).data)

    @extend_schema(
        operation_id="members_add",
        tags=["organisations"],
        request=MemberIn,
        responses={201: MemberOut},
    )
    def post(self, request: Request, organisation_id: UUID) -> Response:
        """Add a person who has an account. 409 `already_member` when they are in."""
        form = checked(MemberIn, request.data)
        membership = services.add_member(
            viewer=self.viewer, organisation_id=organisation_id, **form
        )
        return Response(MemberOut(membership).data, status=201)


class Keys(View):
    """The API keys of an organisation; owners and admins only, and never through a key."""

    @extend_schema(
        operation_id="keys_list",
        tags=["organisations"],
        parameters=paged(),
        responses=page_of(KeyOut),
    )
    def get(self, request: Request, organisation_id: UUID) -> Response:
        """List the keys, without secrets."""
        rows = selectors.keys_of(self.viewer, organisation_id)
        return page(request, rows, lambda found: KeyOut(found, many=True).data)

    @extend_schema(
        operation_id="keys_issue",
        tags=["organisations"],
        request=KeyIn,
        responses={201: IssuedKeyOut},
    )
    def post(self, request: Request, organisation_id: UUID) -> Response:
        """Issue a key; its secret is in this answer and nowhere else."""
        form = checked(KeyIn, request.data)
        key, secret = services.issue_key(
            viewer=self.viewer, organisation_id=organisation_id, **form
        )
        described: dict[str, Any] = {**KeyOut(key).data, "secret": secret}
        return Response(described, status=201)


class Key(View):
    """One API key."""

    @extend_schema(operation_id="keys_revoke", tags=["organisations"], responses={204: None})
    def delete(self, request: Request, key_id: UUID) -> Response:
        """Revoke a key: it is refused from the next request on. Revoking twice is no error."""
        services.revoke_key(viewer=self.viewer, key_id=key_id)
        return Response(status=204)


class Member(View):
    """One person in an organisation."""

    @extend_schema(
        operation_id="members_change",
        tags=["organisations"],
        request=RoleIn,
        responses=MemberOut,
    )
    def patch(self, request: Request, organisation_id: UUID, user_id: UUID) -> Response:
        """Change a member's role; an organisation always keeps an owner."""
        form = checked(RoleIn, request.data)
        membership = services.change_role(
            viewer=self.viewer,
            organisation_id=organisation_id,
            user_id=user_id,
            role=form["role"],
        )
        return Response(MemberOut(membership).data)

    @extend_schema(operation_id="members_remove", tags=["organisations"], responses={204: None})
    def delete(self, request: Request, organisation_id: UUID, user_id: UUID) -> Response:
        """Remove a member, or leave."""
        services.remove_member(viewer=self.viewer, organisation_id=organisation_id, user_id=user_id)
        return Response(status=204)
