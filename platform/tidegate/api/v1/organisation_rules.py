"""What an organisation, or one project of it, has stricter than the platform's policy."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from moderation.app.selectors import organisation_of, rules_of
from moderation.app.services import organisations as services
from moderation.core.tightening import LONGEST
from tidegate.api.forms import checked
from tidegate.api.v1.shapes import Text
from tidegate.api.views import View


class RulesSourceIn(serializers.Serializer[Any]):
    """Rules to try."""

    document = Text(
        source="source",
        max_length=LONGEST,
        trim_whitespace=False,
        help_text="YAML, by docs/policies/stricter.schema.json.",
    )


class RulesReasonIn(serializers.Serializer[Any]):
    """Why."""

    reason = Text(min_length=1, max_length=2000)


class RulesIn(RulesSourceIn):
    """Rules, and why there are any."""

    reason = Text(min_length=1, max_length=2000)


class RulesOut(serializers.Serializer[Any]):
    """The rules that count now."""

    id = serializers.UUIDField()
    organisation_id = serializers.UUIDField()
    project_id = serializers.UUIDField(allow_null=True)
    version = serializers.IntegerField()
    document = serializers.CharField(source="source")
    reason = serializers.CharField()
    set_by = serializers.CharField(source="set_by.display_name")
    set_at = serializers.DateTimeField(source="created_at")


class RulesCheckOut(serializers.Serializer[Any]):
    """The policy that these rules would make of the platform's."""

    policy_version = serializers.CharField(source="version", help_text="SHA-256 of its content.")
    policy = serializers.CharField(source="source", help_text="YAML.")


class _Rules(View):
    scopes: ClassVar[dict[str, str]] = {"GET": "organisations:read"}

    def read(self, organisation_id: UUID, project_id: UUID | None) -> Response:
        """Return the rules."""
        return Response(RulesOut(rules_of(self.viewer, organisation_id, project_id)).data)

    def write(self, request: Request, organisation_id: UUID, project_id: UUID | None) -> Response:
        """Set the rules."""
        form = checked(RulesIn, request.data)
        rules = services.set_rules(
            viewer=self.viewer, organisation_id=organisation_id, project_id=project_id, **form
        )
        return Response(RulesOut(rules).data)

    def remove(self, request: Request, organisation_id: UUID, project_id: UUID | None) -> Response:
        """End the rules."""
        form = checked(RulesReasonIn, request.data)
        services.remove_rules(
            viewer=self.viewer, organisation_id=organisation_id, project_id=project_id, **form
        )
        return Response(status=204)

    def check(self, request: Request, organisation_id: UUID, project_id: UUID | None) -> Response:
        """Try rules."""
        form = checked(RulesSourceIn, request.data)
        policy = services.check_rules(
            viewer=self.viewer, organisation_id=organisation_id, project_id=project_id, **form
        )
        return Response(RulesCheckOut(policy).data)


class OrganisationRulesView(_Rules):
    """The rules of an organisation."""

    @extend_schema(
        operation_id="organisation_rules_read", tags=["organisations"], responses=RulesOut
    )
    def get(self, request: Request, organisation_id: UUID) -> Response:
        """Read the organisation's rules. 404 `rules_not_found`: there are none."""
        return self.read(organisation_id, None)

    @extend_schema(
        operation_id="organisation_rules_set",
        tags=["organisations"],
        request=RulesIn,
        responses=RulesOut,
    )
    def put(self, request: Request, organisation_id: UUID) -> Response:
        """Make rules stricter for all projects. 400 names each mistake with line and column."""
        return self.write(request, organisation_id, None)

    @extend_schema(
        operation_id="organisation_rules_remove",
        tags=["organisations"],
        request=RulesReasonIn,
        responses={204: None},
    )
    def delete(self, request: Request, organisation_id: UUID) -> Response:
        """Let only the platform's policy count again."""
        return self.remove(request, organisation_id, None)


class OrganisationRulesCheck(_Rules):
    """Rules of an organisation, tried."""

    @extend_schema(
        operation_id="organisation_rules_check",
        tags=["organisations"],
        request=RulesSourceIn,
        responses=RulesCheckOut,
    )
    def post(self, request: Request, organisation_id: UUID) -> Response:
        """Say what rules would make of the policy, or what is wrong with them; nothing is kept."""
        return self.check(request, organisation_id, None)


class ProjectRulesView(_Rules):
    """The rules of one project, beside those of its organisation."""

    @extend_schema(operation_id="project_rules_read", tags=["projects"], responses=RulesOut)
    def get(self, request: Request, project_id: UUID) -> Response:
        """Read the project's own rules. 404 `rules_not_found`: it has none."""
        return self.read(organisation_of(self.viewer, project_id), project_id)

    @extend_schema(
        operation_id="project_rules_set", tags=["projects"], request=RulesIn, responses=RulesOut
    )
    def put(self, request: Request, project_id: UUID) -> Response:
        """Make rules stricter for this project. 400 names each mistake with line and column."""
        return self.write(request, organisation_of(self.viewer, project_id), project_id)

    @extend_schema(
        operation_id="project_rules_remove",
        tags=["projects"],
        request=RulesReasonIn,
        responses={204: None},
    )
    def delete(self, request: Request, project_id: UUID) -> Response:
        """Let only the platform's and the organisation's rules count again."""
        return self.remove(request, organisation_of(self.viewer, project_id), project_id)


class ProjectRulesCheck(_Rules):
    """Rules of a project, tried."""

    @extend_schema(
        operation_id="project_rules_check",
        tags=["projects"],
        request=RulesSourceIn,
        responses=RulesCheckOut,
    )
    def post(self, request: Request, project_id: UUID) -> Response:
        """Say what rules would make of the policy, or what is wrong with them; nothing is kept."""
        return self.check(request, organisation_of(self.viewer, project_id), project_id)
