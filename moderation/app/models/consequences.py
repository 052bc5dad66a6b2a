"""Tables of what follows from rulings: strikes, restrictions, and what is held for others' sake.

Nothing here is deleted. A strike is voided, a restriction and a hold are ended; who and why stay.
"""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from moderation.app.models.gate import REASON_CHARACTERS, Case, Verdict
from tidegate.primitives.models import Row


class Strike(Row):
    """Points that a block gave its author. One ruling gives one, and one output has one at a time.

    It counts from `created_at` to `expires_at`, unless it was voided. 0 points: the day's limit
    was reached.
    """

    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    organisation_id = models.UUIDField(help_text="Where the output was made.")
    asset = models.ForeignKey("assets.Asset", on_delete=models.PROTECT, related_name="+")
    case = models.OneToOneField(Case, null=True, on_delete=models.PROTECT, related_name="strike")
    verdict = models.OneToOneField(
        Verdict, null=True, on_delete=models.PROTECT, related_name="strike"
    )
    hazard = models.CharField(max_length=32, blank=True, default="")
    points = models.PositiveSmallIntegerField()
    expires_at = models.DateTimeField()
    voided_at = models.DateTimeField(null=True)
    voided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    void_reason = models.CharField(max_length=REASON_CHARACTERS, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(case__isnull=False, verdict__isnull=True)
                | Q(case__isnull=True, verdict__isnull=False),
                name="moderation_strike_rests_on_one_ruling",
            ),
            models.CheckConstraint(
                condition=Q(voided_at__isnull=True, voided_by__isnull=True, void_reason="")
                | Q(voided_at__isnull=False) & ~Q(void_reason=""),
                name="moderation_voided_strike_says_why",
            ),
            models.UniqueConstraint(
                fields=["asset"],
                condition=Q(voided_at__isnull=True),
                name="moderation_one_standing_strike_per_asset",
            ),
        ]
        indexes = [models.Index(fields=["author", "-created_at"], name="moderation_strike_author")]

    def __str__(self) -> str:
        return f"{self.author_id}: {self.points} ({self.hazard})"

    def counts_at(self, moment: datetime) -> bool:
        """Whether its points count at a moment."""
        return self.voided_at is None and self.expires_at > moment


class Restriction(Row):
    """What somebody may not do for a while, everywhere or in one organisation.

    In force from `created_at` until `until` or until it is ended. One whose time is over is ended
    by a schedule; it is out of force before that.
    """

    class Kind(models.TextChoices):
        """What is restricted."""

        COOLDOWN = "cooldown"
        NO_PUBLIC = "no_public"
        HOLD_ALL = "hold_all"
        SUSPENDED = "suspended"

    class Ended(models.TextChoices):
        """How it came to an end."""

        LIFTED = "lifted"
        EXPIRED = "expired"

    # Under these nothing is made; under those nothing is released without a person.
    BARRING: ClassVar[frozenset[str]] = frozenset({Kind.COOLDOWN, Kind.SUSPENDED})
    HOLDING: ClassVar[frozenset[str]] = frozenset({Kind.HOLD_ALL, Kind.SUSPENDED})

    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    organisation_id = models.UUIDField(null=True, help_text="Empty: everywhere.")
    kind = models.CharField(max_length=16, choices=Kind)
    until = models.DateTimeField(null=True, help_text="Empty: until it is lifted.")
    strikes = models.ManyToManyField(
        Strike, related_name="+", help_text="What it rests on, where nobody imposed it by hand."
    )
    points = models.PositiveIntegerField(null=True, help_text="From how many on it was due.")
    imposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.CharField(max_length=REASON_CHARACTERS)
    ended_at = models.DateTimeField(null=True)
    ended_because = models.CharField(max_length=16, choices=Ended, blank=True, default="")
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    end_reason = models.CharField(max_length=REASON_CHARACTERS, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["cooldown", "no_public", "hold_all", "suspended"]),
                name="moderation_restriction_kind_known",
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gt=F("created_at")),
                name="moderation_restriction_lasts",
            ),
            models.CheckConstraint(
                condition=Q(imposed_by__isnull=False, points__isnull=True)
                | Q(imposed_by__isnull=True, points__isnull=False),
                name="moderation_restriction_rests_on_points_or_a_person",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_because="", end_reason="")
                | Q(
                    ended_at__isnull=False,
                    ended_because__in=["lifted", "expired"],
                )
                & ~Q(end_reason=""),
                name="moderation_ended_restriction_says_how_and_why",
            ),
            models.UniqueConstraint(
                fields=["author", "organisation_id", "kind"],
                condition=Q(ended_at__isnull=True),
                nulls_distinct=False,
                name="moderation_one_open_restriction_of_a_kind",
            ),
        ]
        indexes = [
            models.Index(fields=["author", "-created_at"], name="moderation_restriction_author"),
            models.Index(
                fields=["until"],
                condition=Q(ended_at__isnull=True, until__isnull=False),
                name="moderation_restriction_ending",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.author_id}: {self.kind}"

    def is_in_force(self, moment: datetime) -> bool:
        """Whether it restricts at a moment."""
        return self.ended_at is None and (self.until is None or self.until > moment)


class Spread(Row):
    """A block on its way to what descends from the blocked: one row per block."""

    source = models.ForeignKey("assets.Asset", on_delete=models.PROTECT, related_name="+")
    hazards = models.JSONField(default=list)
    severity = models.PositiveSmallIntegerField(default=0)
    finished_at = models.DateTimeField(null=True, help_text="When no descendant was left to hold.")
    ended_at = models.DateTimeField(null=True, help_text="When the source was released again.")
    undone_at = models.DateTimeField(null=True, help_text="When no hold was left to undo.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source"],
                condition=Q(ended_at__isnull=True),
                name="moderation_one_open_spread_per_asset",
            ),
            models.CheckConstraint(
                condition=Q(undone_at__isnull=True) | Q(ended_at__isnull=False),
                name="moderation_undone_spread_has_ended",
            ),
        ]
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=Q(ended_at__isnull=True, finished_at__isnull=True)
                | Q(ended_at__isnull=False, undone_at__isnull=True),
                name="moderation_spread_under_way",
            ),
        ]

    def __str__(self) -> str:
        return f"block of {self.source_id}"


class Hold(Row):
    """Why an output that would be released is held: its author's restriction, or its ancestor.

    Undone while nobody moved the output since (`version`), it is released again.
    """

    class Ended(models.TextChoices):
        """How it came to an end."""

        UNDONE = "undone"
        DECIDED = "decided"
        REPORTED = "reported"

    asset = models.ForeignKey("assets.Asset", on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    restriction = models.ForeignKey(
        Restriction, null=True, on_delete=models.PROTECT, related_name="+"
    )
    spread = models.ForeignKey(Spread, null=True, on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField(help_text="The output's visibility version while held.")
    ended_at = models.DateTimeField(null=True)
    ended_because = models.CharField(max_length=16, choices=Ended, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(restriction__isnull=False, spread__isnull=True)
                | Q(restriction__isnull=True, spread__isnull=False),
                name="moderation_hold_has_one_cause",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_because="")
                | Q(ended_at__isnull=False, ended_because__in=["undone", "decided", "reported"]),
                name="moderation_ended_hold_says_how",
            ),
            models.UniqueConstraint(
                fields=["asset", "restriction"],
                condition=Q(restriction__isnull=False),
                name="moderation_one_hold_per_restriction",
            ),
            models.UniqueConstraint(
                fields=["asset", "spread"],
                condition=Q(spread__isnull=False),
                name="moderation_one_hold_per_spread",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.asset_id} is held"


class TakedownNotice(Row):
    """Somebody outside demands that an output goes. Recorded by staff, never changed."""

    class Basis(models.TextChoices):
        """On which grounds."""

        COPYRIGHT = "copyright"
        PRIVACY = "privacy"
        COURT_ORDER = "court_order"
        AUTHORITY = "authority"
        OTHER = "other"

    asset = models.ForeignKey("assets.Asset", on_delete=models.PROTECT, related_name="+")
    organisation_id = models.UUIDField(help_text="The asset's organisation.")
    claimant = models.CharField(max_length=200)
    basis = models.CharField(max_length=16, choices=Basis)
    reference = models.CharField(max_length=200, blank=True, default="")
    reason = models.CharField(max_length=REASON_CHARACTERS)
    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="notices")
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    held_at_once = models.BooleanField(default=False)

    class Meta:
        db_table = "moderation_takedown_notice"
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    basis__in=["copyright", "privacy", "court_order", "authority", "other"]
                ),
                name="moderation_notice_basis_known",
            ),
            models.CheckConstraint(
                condition=~Q(claimant="") & ~Q(reason=""),
                name="moderation_notice_says_who_and_why",
            ),
        ]
        indexes = [models.Index(fields=["asset", "-created_at"], name="moderation_notice_asset")]

    def __str__(self) -> str:
        return f"{self.claimant}: {self.basis}"
