"""Writes about projects: made, opened to others, shared. And the way into the product."""

from dataclasses import dataclass
from secrets import token_hex
from uuid import UUID

from django.db import transaction
from django.utils import translation
from django.utils.text import slugify
from django.utils.translation import gettext

from tidegate.accounts import services as accounts
from tidegate.accounts.models import Organisation, User, canonical_email
from tidegate.accounts.selectors import require_role, viewer_for_user
from tidegate.accounts.viewers import Viewer
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.primitives.errors import Conflict, FieldError, InvalidInput, NotAllowed, NotFound
from tidegate.projects.models import Collaborator, Project
from tidegate.projects.publishing import require_may_publish
from tidegate.projects.selectors import Standing, standing

_NAME_LIMIT = 80


@dataclass(frozen=True, slots=True)
class Account:
    """All that sign-up makes."""

    user: User
    organisation: Organisation
    project: Project


@transaction.atomic
def open_account(
    *, email: str, password: str | None, display_name: str, language: str = "en"
) -> Account:
    """Make a person, their own organisation and a public first project, or none of them.

    The project is named in the person's language.

    Raises:
        InvalidInput: one entry per field that does not hold.
        Conflict: `email_taken`.
    """
    user, organisation = accounts.create_account(
        email=email, password=password, display_name=display_name, language=language
    )
    with translation.override(user.language):
        name = gettext("My first project")
    project = _insert(
        viewer_for_user(user), organisation.pk, user.pk, name, Project.Audience.PUBLIC
    )
    return Account(user=user, organisation=organisation, project=project)


@transaction.atomic
def create_project(
    *, viewer: Viewer, organisation_id: UUID, name: str, audience: str = Project.Audience.PRIVATE
) -> Project:
    """Make a project in an organisation.

    Raises:
        NotFound: the organisation, for a stranger.
        NotAllowed: a member who may only look; or a restriction keeps it from being public.
        InvalidInput: name or audience do not hold.
        Conflict: `project_name_taken`.
    """
    require_role(viewer, organisation_id, "member")
    if viewer.user_id is None:
        raise NotAllowed("A project is made by a person.", code="person_only")
    if audience == Project.Audience.PUBLIC:
        require_may_publish(viewer, organisation_id)
    return _insert(viewer, organisation_id, viewer.user_id, name, audience)


@transaction.atomic
def add_collaborator(*, viewer: Viewer, project_id: UUID, email: str, role: str) -> Collaborator:
    """Invite somebody who has an account into one project.

    Raises:
        NotFound: the project, for a stranger; or nobody has this address.
        NotAllowed: the viewer does not manage the project.
        Conflict: `already_collaborator`.
    """
    if role not in Collaborator.Role.values:
        raise InvalidInput(errors=[FieldError("/role", "unknown_role", "Choose editor or viewer.")])
    project = _managed(viewer, project_id).project
    user = User.objects.filter(email=canonical_email(email), is_active=True).first()
    if user is None:
        raise NotFound("Nobody here has this e-mail address.", code="user_not_found")
    collaborator, is_new = Collaborator.objects.get_or_create(
        project=project, user=user, defaults={"role": role}
    )
    if not is_new:
        raise Conflict("This person was invited already.", code="already_collaborator")
    _record(Action.COLLABORATOR_ADDED, viewer, project, after={"user": str(user.pk), "role": role})
    return collaborator


@transaction.atomic
def remove_collaborator(*, viewer: Viewer, project_id: UUID, user_id: UUID) -> None:
    """End an invitation; what it showed is gone at the next request. People may leave.

    Raises:
        NotFound, NotAllowed: as `add_collaborator`.
    """
    found = standing(viewer, project_id)
    leaves = viewer.user_id == user_id and not viewer.is_key
    if not (leaves or found.may_manage):
        raise NotAllowed("This needs an admin of the organisation.", code="role_too_low")
    collaborator = (
        Collaborator.objects.select_for_update()
        .filter(project=found.project, user_id=user_id)
        .first()
    )
    if collaborator is None:
        raise NotFound("This person was not invited.", code="collaborator_not_found")
    before = {"user": str(user_id), "role": collaborator.role}
    collaborator.delete()
    _record(Action.COLLABORATOR_REMOVED, viewer, found.project, before=before)


@transaction.atomic
def set_audience(*, viewer: Viewer, project_id: UUID, audience: str) -> Project:
    """Open a project's released assets to everyone, or close them; effective at the next request.

    Raises:
        NotFound, NotAllowed: as `add_collaborator`; or a restriction keeps it from being public.
        InvalidInput: no such audience.
    """
    _require_audience(audience)
    _managed(viewer, project_id)
    project = Project.objects.select_for_update(no_key=True).get(pk=project_id)
    before = project.audience
    if before != audience:
        if audience == Project.Audience.PUBLIC:
            require_may_publish(viewer, project.organisation_id)
        project.audience = audience
        project.save(update_fields=["audience"])
        _record(
            Action.PROJECT_AUDIENCE_CHANGED,
            viewer,
            project,
            before={"audience": before},
            after={"audience": audience},
        )
    return project


def _insert(
    viewer: Viewer, organisation_id: UUID, creator_id: UUID, name: str, audience: str
) -> Project:
    _require_audience(audience)
    name = " ".join(name.split())
    if not 1 <= len(name) <= _NAME_LIMIT:
        raise InvalidInput(
            errors=[FieldError("/name", "invalid_length", "A name has 1 to 80 characters.")]
        )
    slug = slugify(name, allow_unicode=True)[:60] or f"project-{token_hex(4)}"
    project, is_new = Project.objects.get_or_create(
        organisation_id=organisation_id,
        slug=slug,
        defaults={"name": name, "audience": audience, "created_by_id": creator_id},
    )
    if not is_new:
        raise Conflict("The organisation has a project of this name.", code="project_name_taken")
    _record(
        Action.PROJECT_CREATED, viewer, project, after={"name": name, "audience": project.audience}
    )
    return project


def _managed(viewer: Viewer, project_id: UUID) -> Standing:
    found = standing(viewer, project_id)
    if not found.may_manage:
        raise NotAllowed("This needs an admin of the organisation.", code="role_too_low")
    return found


def _require_audience(audience: str) -> None:
    if audience not in Project.Audience.values:
        raise InvalidInput(
            errors=[FieldError("/audience", "unknown_audience", "Choose public or private.")]
        )


def _record(
    action: Action,
    viewer: Viewer,
    project: Project,
    *,
    before: dict[str, str] | None = None,
    after: dict[str, str] | None = None,
) -> None:
    record(
        action,
        chain=f"organisation:{project.organisation_id}",
        actor=viewer.actor(),
        subject_type="projects.project",
        subject_id=str(project.pk),
        before=before,
        after=after,
    )
