"""Projects and their collaborators."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from tidegate.api.forms import checked
from tidegate.api.pagination import page
from tidegate.api.v1.shapes import Id, Text, page_of, paged
from tidegate.api.views import View
from tidegate.projects import selectors, services
from tidegate.projects.models import Collaborator, Project


class ProjectIn(serializers.Serializer[Any]):
    """A new project."""

    organisation_id = Id()
    name = Text(min_length=1, max_length=80)
    audience = serializers.ChoiceField(
        choices=Project.Audience.choices,
        default=Project.Audience.PRIVATE,
        help_text="Who sees released work: everybody, or the people of the project.",
    )


class ProjectChange(serializers.Serializer[Any]):
    """What of a project may change."""

    audience = serializers.ChoiceField(choices=Project.Audience.choices)


class ProjectOut(serializers.ModelSerializer[Project]):
    """A project."""

    organisation_id = serializers.UUIDField(read_only=True)

    class Meta:
        model = Project
        fields = ("id", "organisation_id", "name", "slug", "audience", "created_at")


class CollaboratorIn(serializers.Serializer[Any]):
    """Someone with an account, and what they may do."""

    email = serializers.EmailField(max_length=254)
    role = serializers.ChoiceField(choices=Collaborator.Role.choices)


class CollaboratorOut(serializers.ModelSerializer[Collaborator]):
    """A person who works on a project from outside the organisation."""

    user_id = serializers.UUIDField(read_only=True)
    email = serializers.EmailField(source="user.email", read_only=True)
    display_name = serializers.CharField(source="user.display_name", read_only=True)

    class Meta:
        model = Collaborator
        fields = ("id", "user_id", "email", "display_name", "role", "created_at")


class Projects(View):
    """The projects one may see."""

    scopes: ClassVar[dict[str, str]] = {"GET": "organisations:read", "POST": "projects:write"}

    @extend_schema(
        operation_id="projects_list",
        tags=["projects"],
        parameters=paged(),
        responses=page_of(ProjectOut),
    )
    def get(self, request: Request) -> Response:
        """List projects."""
        rows = selectors.visible_projects(self.viewer)
        return page(request, rows, lambda found: ProjectOut(found, many=True).data)

    @extend_schema(
        operation_id="projects_create",
        tags=["projects"],
        request=ProjectIn,
        responses={201: ProjectOut},
    )
    def post(self, request: Request) -> Response:
        """Create a project in an organisation where one is owner, admin or member."""
        form = checked(ProjectIn, request.data)
        project = services.create_project(viewer=self.viewer, **form)
        return Response(ProjectOut(project).data, status=201)


class ProjectView(View):
    """One project."""

    scopes: ClassVar[dict[str, str]] = {"GET": "organisations:read", "PATCH": "projects:write"}

    @extend_schema(operation_id="projects_read", tags=["projects"], responses=ProjectOut)
    def get(self, request: Request, project_id: UUID) -> Response:
        """Read a project."""
        return Response(ProjectOut(selectors.project_for(self.viewer, project_id)).data)

    @extend_schema(
        operation_id="projects_change",
        tags=["projects"],
        request=ProjectChange,
        responses=ProjectOut,
    )
    def patch(self, request: Request, project_id: UUID) -> Response:
        """Change who sees the project's released work; it takes effect at the next request."""
        form = checked(ProjectChange, request.data)
        project = services.set_audience(
            viewer=self.viewer, project_id=project_id, audience=form["audience"]
        )
        return Response(ProjectOut(project).data)


class Collaborators(View):
    """The collaborators of a project."""

    scopes: ClassVar[dict[str, str]] = {"GET": "organisations:read", "POST": "projects:write"}

    @extend_schema(
        operation_id="collaborators_list",
        tags=["projects"],
        parameters=paged(),
        responses=page_of(CollaboratorOut),
    )
    def get(self, request: Request, project_id: UUID) -> Response:
        """List collaborators."""
        rows = selectors.collaborators_of(self.viewer, project_id)
        return page(request, rows, lambda found: CollaboratorOut(found, many=True).data)

    @extend_schema(
        operation_id="collaborators_add",
        tags=["projects"],
        request=CollaboratorIn,
        responses={201: CollaboratorOut},
    )
    def post(self, request: Request, project_id: UUID) -> Response:
        """Add a collaborator, or change the role of one."""
        form = checked(CollaboratorIn, request.data)
        collaborator = services.add_collaborator(viewer=self.viewer, project_id=project_id, **form)
        return Response(CollaboratorOut(collaborator).data, status=201)


class CollaboratorView(View):
    """One collaborator."""

    scopes: ClassVar[dict[str, str]] = {"DELETE": "projects:write"}

    @extend_schema(operation_id="collaborators_remove", tags=["projects"], responses={204: None})
    def delete(self, request: Request, project_id: UUID, user_id: UUID) -> Response:
        """Remove a collaborator; they see nothing private from the next request on."""
        services.remove_collaborator(viewer=self.viewer, project_id=project_id, user_id=user_id)
        return Response(status=204)
