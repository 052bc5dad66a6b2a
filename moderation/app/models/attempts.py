"""Every try to judge an asset, also those that failed."""

from django.db import models
from django.db.models import Q

from moderation.app.models.gate import Outcome
from moderation.core.failures import Failure
from tidegate.primitives.models import Row

# As plain words: a migration names no class.
FAILURES = [one.value for one in Failure]


class Attempt(Row):
    """One try to judge an asset: when, with which detectors, and what came of it.

    `failure` says why there was no judgement. An asset whose process died while it was looked at
    has no row of that try: its deadline is what does not depend on any process.
    """

    class Occasion(models.TextChoices):
        """What it was tried for."""

        CREATED = "created"
        AGAIN = "again"

    asset = models.ForeignKey("assets.Asset", on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField(help_text="Counts the asset's tries from 1.")
    occasion = models.CharField(max_length=16, choices=Occasion)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    outcome = models.CharField(max_length=16, choices=[*Outcome.choices, ("error", "Error")])
    failure = models.CharField(max_length=32, choices=[(one, one) for one in FAILURES], blank=True)
    detail = models.CharField(max_length=500, blank=True)
    detectors = models.JSONField(default=dict, help_text="Version by name, of those that answered.")
    policy_version = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["asset", "number"], name="moderation_attempts_of_an_asset_are_counted"
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=[*Outcome.values, "error"]),
                name="moderation_attempt_outcome_known",
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=["unavailable", "error"], failure__in=FAILURES)
                | (~Q(outcome__in=["unavailable", "error"]) & Q(failure="")),
                name="moderation_failed_attempt_says_why",
            ),
            models.CheckConstraint(
                condition=Q(started_at__lte=models.F("ended_at")),
                name="moderation_attempt_ends_after_it_began",
            ),
        ]
        indexes = [models.Index(fields=["ended_at"], name="moderation_attempt_ended")]

    def __str__(self) -> str:
        return f"{self.asset_id} #{self.number}: {self.outcome}"
