"""Who belongs to an organisation, who was invited into a project, and who sees its work."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from tidegate.accounts import services
from tidegate.accounts.viewers import Viewer
from tidegate.primitives.errors import TidegateError
from tidegate.projects import selectors as projects
from tidegate.projects import services as project_services
from tidegate.web.errors import said
from tidegate.web.viewers import signed_in


@require_POST
@signed_in
def add_member(request: HttpRequest, viewer: Viewer, organisation_id: UUID) -> HttpResponse:
    """Let somebody in."""
    return _back_to(
        request,
        organisation_id,
        lambda: services.add_member(
            viewer=viewer,
            organisation_id=organisation_id,
            email=request.POST.get("email", ""),
            role=request.POST.get("role", ""),
        ),
    )


@require_POST
@signed_in
def change_role(
    request: HttpRequest, viewer: Viewer, organisation_id: UUID, user_id: UUID
) -> HttpResponse:
    """Give a member another role."""
    return _back_to(
        request,
        organisation_id,
        lambda: services.change_role(
            viewer=viewer,
            organisation_id=organisation_id,
            user_id=user_id,
            role=request.POST.get("role", ""),
        ),
    )


@require_POST
@signed_in
def remove_member(
    request: HttpRequest, viewer: Viewer, organisation_id: UUID, user_id: UUID
) -> HttpResponse:
    """Let a member go, or leave."""
    try:
        services.remove_member(viewer=viewer, organisation_id=organisation_id, user_id=user_id)
    except TidegateError as error:
        messages.error(request, said(error))
        return redirect(f"/organisation/{organisation_id}")
    # Who left may no longer look at it.
    has_left = user_id == viewer.user_id
    return redirect("/organisation" if has_left else f"/organisation/{organisation_id}")


@require_POST
@signed_in
def set_audience(request: HttpRequest, viewer: Viewer, project_id: UUID) -> HttpResponse:
    """Open or close what a project released."""
    return _back_to(
        request,
        projects.project_for(viewer, project_id).organisation_id,
        lambda: project_services.set_audience(
            viewer=viewer, project_id=project_id, audience=request.POST.get("audience", "")
        ),
    )


@require_POST
@signed_in
def add_collaborator(request: HttpRequest, viewer: Viewer, project_id: UUID) -> HttpResponse:
    """Invite somebody into one project."""
    return _back_to(
        request,
        projects.project_for(viewer, project_id).organisation_id,
        lambda: project_services.add_collaborator(
            viewer=viewer,
            project_id=project_id,
            email=request.POST.get("email", ""),
            role=request.POST.get("role", ""),
        ),
    )


@require_POST
@signed_in
def remove_collaborator(
    request: HttpRequest, viewer: Viewer, project_id: UUID, user_id: UUID
) -> HttpResponse:
    """End an invitation."""
    return _back_to(
        request,
        projects.project_for(viewer, project_id).organisation_id,
        lambda: project_services.remove_collaborator(
            viewer=viewer, project_id=project_id, user_id=user_id
        ),
    )


def _back_to(
    request: HttpRequest, organisation_id: UUID, act: Callable[[], object]
) -> HttpResponse:
    """Do it and show the organisation again, with what was wrong if something was."""
    try:
        act()
    except TidegateError as error:
        messages.error(request, said(error))
    return redirect(f"/organisation/{organisation_id}")
