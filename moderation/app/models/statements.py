"""Statements of reasons, and the letters in which people hear what was decided about them."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from moderation.app.models.appeals import Appeal
from moderation.app.models.consequences import Restriction
from moderation.app.models.gate import Case, Verdict
from moderation.app.models.reports import Report
from moderation.core.dsa import Measure
from tidegate.primitives.models import Row

MEASURES = [(measure.value, measure.value) for measure in Measure]


class Statement(Row):
    """Why somebody's content or account was restricted; one for each measure, never changed.

    It rests on a person's ruling (`case`), the gate's own (`verdict`) or a restriction. Only its
    end is written later. `dsa` is the statement as the DSA Transparency Database takes it.
    """

    reference = models.CharField(max_length=17, unique=True, help_text="The number people quote.")
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    organisation_id = models.UUIDField(null=True, help_text="Empty: of a restriction everywhere.")
    measure = models.CharField(max_length=16, choices=MEASURES)
    asset = models.ForeignKey("assets.Asset", null=True, on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="statements")
    verdict = models.ForeignKey(Verdict, null=True, on_delete=models.PROTECT, related_name="+")
    restriction = models.OneToOneField(
        Restriction, null=True, on_delete=models.PROTECT, related_name="statement"
    )
    hazards = models.JSONField(default=list)
    dsa = models.JSONField()
    until = models.DateTimeField(null=True, help_text="When it ends by itself; empty: it does not.")
    appeal_until = models.DateTimeField(null=True, help_text="Empty: there is no appeal.")
    ended_at = models.DateTimeField(null=True, help_text="When it was taken back, or replaced.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(measure__in=[measure.value for measure in Measure]),
                name="moderation_statement_measure_known",
            ),
            models.CheckConstraint(
                condition=Q(asset__isnull=False, restriction__isnull=True)
                & (Q(case__isnull=False) | Q(verdict__isnull=False))
                | Q(asset__isnull=True, restriction__isnull=False),
                name="moderation_statement_rests_on_a_decision",
            ),
            models.UniqueConstraint(
                fields=["asset"],
                condition=Q(ended_at__isnull=True),
                name="moderation_one_standing_statement_per_asset",
            ),
        ]
        indexes = [
            models.Index(fields=["recipient", "-created_at"], name="moderation_statement_of"),
            models.Index(fields=["created_at", "id"], name="moderation_statement_export"),
        ]

    def __str__(self) -> str:
        return f"{self.reference}: {self.measure}"


class Letter(Row):
    """What somebody was told, word for word, in their language; mailed where `by_mail` says so.

    `sha256` is over the subject, a line feed and the body: the trail keeps it, so that nobody can
    say later that something else was written.
    """

    class Kind(models.TextChoices):
        """What it is about."""

        STATEMENT = "statement"
        RESTORED = "restored"
        APPEAL = "appeal"
        REPORT = "report"

    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    kind = models.CharField(max_length=16, choices=Kind)
    statement = models.ForeignKey(
        Statement, null=True, on_delete=models.PROTECT, related_name="letters"
    )
    appeal = models.OneToOneField(
        Appeal, null=True, on_delete=models.PROTECT, related_name="letter"
    )
    report = models.ForeignKey(Report, null=True, on_delete=models.PROTECT, related_name="letters")
    language = models.CharField(max_length=12)
    subject = models.CharField(max_length=200)
    body = models.TextField()
    sha256 = models.CharField(max_length=64)
    read_at = models.DateTimeField(null=True)
    by_mail = models.BooleanField(default=True)
    sent_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(
        null=True, help_text="When what it says was taken back, before anybody had read it."
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, help_text="Not mailed before; empty: at once.")
    last_error = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["statement", "restored"], statement__isnull=False)
                | Q(kind="appeal", appeal__isnull=False)
                | Q(kind="report", report__isnull=False),
                name="moderation_letter_is_about_something",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True)
                | Q(sent_at__isnull=True, read_at__isnull=True),
                name="moderation_withdrawn_letter_was_not_read",
            ),
            models.UniqueConstraint(
                fields=["statement", "kind"],
                condition=Q(withdrawn_at__isnull=True),
                name="moderation_one_letter_of_a_kind_per_statement",
            ),
        ]
        indexes = [
            models.Index(fields=["recipient", "-created_at"], name="moderation_letter_of"),
            models.Index(
                fields=["recipient"],
                condition=Q(read_at__isnull=True, withdrawn_at__isnull=True),
                name="moderation_letter_unread",
            ),
            models.Index(
                fields=["created_at"],
                condition=Q(by_mail=True, sent_at__isnull=True, withdrawn_at__isnull=True),
                name="moderation_letter_to_mail",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.recipient_id}"
