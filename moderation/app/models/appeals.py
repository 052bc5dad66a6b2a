"""Appeals: who was ruled against asks for another person's look."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from moderation.app.models.gate import REASON_CHARACTERS, Case, Verdict
from tidegate.primitives.models import Row


class Appeal(Row):
    """One party's appeal against one decision, and the case in which another person answers it.

    The decision is that of a person (`case`) or the gate's own (`verdict`).
    """

    class Party(models.TextChoices):
        """Who appeals: the author against a block, a reporter against a report turned down."""

        AUTHOR = "author"
        REPORTER = "reporter"

    class State(models.TextChoices):
        """Upheld: the decision stands. Overturned: it does not."""

        OPEN = "open"
        UPHELD = "upheld"
        OVERTURNED = "overturned"

    asset = models.ForeignKey("assets.Asset", on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey(
        Case, null=True, on_delete=models.PROTECT, related_name="appeals_against"
    )
    verdict = models.ForeignKey(Verdict, null=True, on_delete=models.PROTECT, related_name="+")
    party = models.CharField(max_length=16, choices=Party)
    appellant = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    words = models.CharField(max_length=REASON_CHARACTERS)
    answer = models.ForeignKey(
        Case,
        on_delete=models.PROTECT,
        related_name="appeals",
        help_text="The case in which it is decided.",
    )
    state = models.CharField(max_length=16, choices=State, default=State.OPEN)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(case__isnull=False, verdict__isnull=True)
                | Q(case__isnull=True, verdict__isnull=False),
                name="moderation_appeal_is_against_one_decision",
            ),
            models.UniqueConstraint(
                fields=["case", "appellant"], name="moderation_one_appeal_per_ruling_and_party"
            ),
            models.UniqueConstraint(
                fields=["verdict", "appellant"], name="moderation_one_appeal_per_verdict_and_party"
            ),
            models.CheckConstraint(
                condition=Q(party__in=["author", "reporter"]), name="moderation_appeal_party_known"
            ),
            models.CheckConstraint(
                condition=Q(state="open", closed_at__isnull=True)
                | Q(state__in=["upheld", "overturned"], closed_at__isnull=False),
                name="moderation_appeal_closed_when_decided",
            ),
        ]
        indexes = [
            models.Index(fields=["appellant", "-created_at"], name="moderation_appeal_of"),
            models.Index(fields=["asset", "-created_at"], name="moderation_appeal_asset"),
        ]

    def __str__(self) -> str:
        return f"{self.party} against {self.case_id or self.verdict_id} ({self.state})"
