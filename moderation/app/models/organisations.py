"""Tables of what organisations have stricter than the platform."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from moderation.app.models.gate import REASON_CHARACTERS
from tidegate.accounts.models import Organisation
from tidegate.primitives.models import Row
from tidegate.projects.models import Project


class OrganisationRules(Row):
    """One text of what an organisation, or one project of it, has stricter than the platform.

    Texts stay, as verdicts name them; at most one of an organisation and of a project is active.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    project = models.ForeignKey(
        Project,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Empty: all projects of the organisation.",
    )
    version = models.PositiveIntegerField(help_text="Counts from 1 by organisation and project.")
    source = models.TextField(help_text="The document, as it was written.")
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=REASON_CHARACTERS)
    active = models.BooleanField(default=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "moderation_organisation_rules"
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "project"],
                condition=Q(active=True),
                nulls_distinct=False,
                name="moderation_one_active_rules_per_organisation_and_project",
            ),
            models.UniqueConstraint(
                fields=["organisation", "project", "version"],
                nulls_distinct=False,
                name="moderation_organisation_rules_version_once",
            ),
            models.CheckConstraint(
                condition=Q(active=True, ended_at__isnull=True)
                | Q(active=False, ended_at__isnull=False),
                name="moderation_organisation_rules_end_when_inactive",
            ),
            models.CheckConstraint(
                condition=~Q(reason="") & ~Q(source=""),
                name="moderation_organisation_rules_say_what_and_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id}/{self.project_id or 'all'} v{self.version}"
