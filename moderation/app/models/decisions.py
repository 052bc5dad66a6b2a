"""Decisions of people: what each did, on which ground, and whether it was taken back."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from moderation.app.models.gate import REASON_CHARACTERS, Case
from tidegate.primitives.models import Row

ACTION_NAMES = (
    "release",
    "rate",
    "label",
    "block",
    "remove",
    "restrict_author",
    "second_level",
    "refer_to_legal",
)

REFERRALS = ("second_level", "refer_to_legal")
"""Actions that end nothing: somebody else rules."""


class BulkDecision(Row):
    """The same decision about many cases, one after the other, and its reversal.

    `passed_over` and `kept` map a case to the code of why it was not decided, or not reversed.
    """

    class State(models.TextChoices):
        """How far it is."""

        RUNNING = "running"
        DONE = "done"
        REVERSING = "reversing"
        REVERSED = "reversed"

    MOVES: ClassVar[dict[str, set[str]]] = {
        State.RUNNING: {State.DONE, State.REVERSING},
        State.DONE: {State.REVERSING},
        State.REVERSING: {State.REVERSED},
        State.REVERSED: set(),
    }

    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    organisation_id = models.UUIDField(null=True, help_text="Whose cases alone; empty: of all.")
    action = models.CharField(max_length=16)
    reason_code = models.CharField(max_length=32)
    reason = models.CharField(max_length=REASON_CHARACTERS)
    details = models.JSONField(default=dict)
    list_hashes = models.BooleanField(default=False)
    digest = models.CharField(max_length=64, help_text="Of the preview that was agreed to.")
    case_ids = models.JSONField(help_text="In the order in which they are decided.")
    passed_over = models.JSONField(default=dict)
    state = models.CharField(max_length=16, choices=State, default=State.RUNNING)
    finished_at = models.DateTimeField(null=True)
    reversed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    reversal_reason = models.CharField(max_length=REASON_CHARACTERS, blank=True, default="")
    reversed_at = models.DateTimeField(null=True, help_text="When nothing was left to reverse.")
    kept = models.JSONField(default=dict)

    class Meta:
        db_table = "moderation_bulk_decision"
        constraints = [
            models.UniqueConstraint(
                fields=["made_by", "digest"], name="moderation_one_bulk_per_preview"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["running", "done", "reversing", "reversed"]),
                name="moderation_bulk_state_known",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["running", "done"])
                | Q(reversed_by__isnull=False) & ~Q(reversal_reason=""),
                name="moderation_bulk_reversal_says_who_and_why",
            ),
        ]
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=Q(state__in=["running", "reversing"]),
                name="moderation_bulk_under_way",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} of {len(self.case_ids)} cases ({self.state})"


class Decision(Row):
    """What a person decided about a case; written once, and only its reversal is added.

    A proposal has changed nothing yet: it waits for another person, whose decision answers it.
    `was` is where the output stood before, and `version` its visibility's version after; what moved
    since cannot be reversed.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="decisions")
    action = models.CharField(max_length=16)
    reason_code = models.CharField(max_length=32)
    reason = models.CharField(max_length=REASON_CHARACTERS)
    details = models.JSONField(default=dict)
    list_hashes = models.BooleanField(default=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    is_proposal = models.BooleanField(default=False)
    why_two = models.CharField(
        max_length=16, blank=True, default="", help_text="Why a proposal needs a second person."
    )
    answers = models.OneToOneField(
        "self", null=True, on_delete=models.PROTECT, related_name="answer"
    )
    bulk = models.ForeignKey(
        BulkDecision, null=True, on_delete=models.PROTECT, related_name="decisions"
    )
    was = models.CharField(max_length=9, blank=True, default="")
    version = models.PositiveIntegerField(null=True)
    before = models.JSONField(default=dict, help_text="What it replaced, to be put back.")
    restriction = models.OneToOneField(
        "moderation.Restriction", null=True, on_delete=models.PROTECT, related_name="decision"
    )
    reversed_at = models.DateTimeField(null=True)
    reversed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    reversal_reason = models.CharField(max_length=REASON_CHARACTERS, blank=True, default="")
    reopened = models.OneToOneField(
        Case, null=True, on_delete=models.PROTECT, related_name="reopened_by"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(action__in=ACTION_NAMES), name="moderation_decision_action_known"
            ),
            models.CheckConstraint(
                condition=Q(reversed_at__isnull=True)
                | Q(reversed_by__isnull=False, reopened__isnull=False) & ~Q(reversal_reason=""),
                name="moderation_reversed_decision_says_who_why_and_what_now",
            ),
            models.UniqueConstraint(
                fields=["case"],
                condition=Q(is_proposal=False) & ~Q(action__in=list(REFERRALS)),
                name="moderation_one_ruling_decision_per_case",
            ),
        ]
        indexes = [models.Index(fields=["case", "created_at"], name="moderation_decision_case")]

    def __str__(self) -> str:
        return f"{self.action} of case {self.case_id}"
