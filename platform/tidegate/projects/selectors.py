"""Which projects a viewer works in, and what they may do there."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet

from tidegate.accounts.models import Membership, Organisation
from tidegate.accounts.viewers import Viewer
from tidegate.primitives.errors import NotFound
from tidegate.primitives.statements import Select
from tidegate.projects.models import Collaborator, Project

_MAKERS = frozenset({Membership.Role.OWNER, Membership.Role.ADMIN, Membership.Role.MEMBER})
_KEEPERS = frozenset({Membership.Role.OWNER, Membership.Role.ADMIN})
_STANDING = Select(
    """
    SELECT {project}, {organisation}, (
        SELECT tie.role FROM accounts_membership AS tie
        JOIN accounts_user AS who ON who.id = tie.user_id AND who.is_active
        WHERE tie.organisation_id = project.organisation_id AND tie.user_id = %s
    ), (
        SELECT tie.role FROM projects_collaborator AS tie
        JOIN accounts_user AS who ON who.id = tie.user_id AND who.is_active
        WHERE tie.project_id = project.id AND tie.user_id = %s
    )
    FROM projects_project AS project
    JOIN accounts_organisation AS organisation ON organisation.id = project.organisation_id
    WHERE project.id = %s
    """,
    project=Project,
    organisation=Organisation,
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What ties a viewer to a project: a role in its organisation, in the project, or both."""

    project: Project
    organisation_role: str | None
    collaborator_role: str | None
    is_creator: bool

    @property
    def may_generate(self) -> bool:
        """Whether the viewer may make things here."""
        return (
            self.organisation_role in _MAKERS or self.collaborator_role == Collaborator.Role.EDITOR
        )

    @property
    def may_manage(self) -> bool:
        """Whether the viewer may invite people and change the audience."""
        return self.organisation_role in _KEEPERS or (
            self.is_creator and self.organisation_role in _MAKERS
        )


def visible_projects(viewer: Viewer) -> QuerySet[Project]:
    """Return the projects the viewer works in, by name: through membership or by invitation.

    What is released in a public project is for everyone; the workspace itself is not.
    """
    if viewer.user_id is None:
        return Project.objects.none()
    found = Project.objects.filter(
        Q(organisation_id__in=member_organisations(viewer)) | Q(pk__in=collaborations(viewer))
    )
    if viewer.organisation_id is not None:
        found = found.filter(organisation_id=viewer.organisation_id)
    return found.select_related("organisation").order_by("name", "pk")


def generating_projects(viewer: Viewer) -> QuerySet[Project]:
    """Return the projects where the viewer may make things, by name."""
    if viewer.user_id is None:
        return Project.objects.none()
    makes = Membership.objects.filter(user_id=viewer.user_id, role__in=_MAKERS)
    edits = Collaborator.objects.filter(user_id=viewer.user_id, role=Collaborator.Role.EDITOR)
    return visible_projects(viewer).filter(
        Q(organisation_id__in=makes.values("organisation_id"))
        | Q(pk__in=edits.values("project_id"))
    )


def can_generate(viewer: Viewer, project: Project) -> bool:
    """Whether the viewer may make things in a project. One query."""
    found = _standing(viewer, project.pk)
    return found is not None and found.may_generate


def standing(viewer: Viewer, project_id: UUID) -> Standing:
    """Return the project and what ties the viewer to it. One query.

    Raises:
        NotFound: no such project, or nothing ties the viewer to it.
    """
    found = _standing(viewer, project_id)
    if found is None:
        raise NotFound("There is no such project.", code="project_not_found")
    return found


def project_for(viewer: Viewer, project_id: UUID) -> Project:
    """Return one project with its organisation.

    Raises:
        NotFound: as `standing`.
    """
    return standing(viewer, project_id).project


def collaborators_of(viewer: Viewer, project_id: UUID) -> QuerySet[Collaborator]:
    """Return who was invited into a project, oldest first.

    Raises:
        NotFound: as `standing`.
    """
    found = standing(viewer, project_id)
    return (
        Collaborator.objects.filter(project=found.project)
        .select_related("user")
        .order_by("created_at", "pk")
    )


def member_organisations(viewer: Viewer) -> QuerySet[Membership, UUID]:
    """Return the ids of the viewer's organisations, as a subquery."""
    if viewer.user_id is None:
        return Membership.objects.none().values_list("organisation_id", flat=True)
    return Membership.objects.filter(user_id=viewer.user_id, user__is_active=True).values_list(
        "organisation_id", flat=True
    )


def collaborations(viewer: Viewer) -> QuerySet[Collaborator, UUID]:
    """Return the ids of the projects the viewer was invited into, as a subquery."""
    if viewer.user_id is None:
        return Collaborator.objects.none().values_list("project_id", flat=True)
    return Collaborator.objects.filter(user_id=viewer.user_id, user__is_active=True).values_list(
        "project_id", flat=True
    )


def _standing(viewer: Viewer, project_id: UUID) -> Standing | None:
    if viewer.user_id is None:
        return None
    found = _STANDING.first([viewer.user_id, viewer.user_id, project_id])
    if found is None:
        return None
    project, organisation, organisation_role, collaborator_role = found
    if (organisation_role or collaborator_role) is None:
        return None
    if viewer.organisation_id not in {None, organisation.pk}:
        return None
    project.organisation = organisation
    return Standing(
        project=project,
        organisation_role=organisation_role,
        collaborator_role=collaborator_role,
        is_creator=project.created_by_id == viewer.user_id,
    )
