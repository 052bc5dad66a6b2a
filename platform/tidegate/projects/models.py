"""Projects and the people invited into them."""

from django.db import models
from django.db.models import Q

from tidegate.accounts.models import Organisation, User
from tidegate.primitives.models import Row


class Project(Row):
    """A workspace of an organisation. Its audience says who may see what is released in it."""

    class Audience(models.TextChoices):
        PUBLIC = "public"
        PRIVATE = "private"

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    slug = models.SlugField(max_length=60, allow_unicode=True)
    audience = models.CharField(max_length=7, choices=Audience.choices, default=Audience.PRIVATE)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "projects_project"
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "slug"], name="projects_project_slug_once_per_organisation"
            ),
            models.CheckConstraint(
                name="projects_project_audience_known",
                condition=Q(audience__in=["public", "private"]),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Collaborator(Row):
    """Somebody from outside the organisation who works in, or looks into, one project."""

    class Role(models.TextChoices):
        EDITOR = "editor"
        VIEWER = "viewer"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="collaborators")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=6, choices=Role.choices)

    class Meta:
        db_table = "projects_collaborator"
        constraints = [
            models.UniqueConstraint(
                fields=["project", "user"], name="projects_collaborator_once_per_project"
            ),
            models.CheckConstraint(
                name="projects_collaborator_role_known",
                condition=Q(role__in=["editor", "viewer"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role} {self.project_id}"
