"""Reports: people say that something they saw should not be there."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from moderation.app.models.gate import REASON_CHARACTERS, Case
from tidegate.primitives.models import Row


class Report(Row):
    """One person's report of one asset; the same person counts once per case."""

    class Outcome(models.TextChoices):
        """What a person decided about what was reported."""

        UPHELD = "upheld"
        REJECTED = "rejected"

    asset = models.ForeignKey("assets.Asset", on_delete=models.PROTECT, related_name="+")
    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    interaction_id = models.UUIDField(unique=True)
    note = models.CharField(max_length=REASON_CHARACTERS, blank=True, default="")
    reason = models.CharField(
        max_length=32, blank=True, default="", db_default="", help_text="A code; empty: none given."
    )
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="reports")
    outcome = models.CharField(
        max_length=16,
        choices=Outcome,
        blank=True,
        default="",
        db_default="",
        help_text="What a person made of it; empty while nobody decided.",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome__in=["", "upheld", "rejected"]),
                name="moderation_report_outcome_known",
            ),
            models.UniqueConstraint(
                fields=["case", "reporter"], name="moderation_one_report_per_person_and_case"
            ),
        ]
        indexes = [
            models.Index(fields=["asset", "-created_at"], name="moderation_report_asset"),
            models.Index(
                fields=["reporter", "outcome"],
                condition=~Q(outcome=""),
                name="moderation_report_record",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reporter_id} reported {self.asset_id}"
