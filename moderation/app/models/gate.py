"""Tables of the gate.

A verdict is written once per creation event and never changed; a later look at the same
asset is a new verdict that names the one it supersedes. A case is the work of a person; an
asset has at most one that is not decided.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models import Q

from moderation.app.models.policies import PolicyVersion
from tidegate.contracts.moderation import VerdictName
from tidegate.primitives.errors import InvalidMove
from tidegate.primitives.models import Row

REASON_CHARACTERS = 2_000


class Outcome(models.TextChoices):
    """What the gate can say."""

    RELEASE = "release"
    HOLD = "hold"
    BLOCK = "block"
    UNAVAILABLE = "unavailable"


VERDICT_NAMES: Final[Mapping[Outcome, VerdictName]] = {
    Outcome.RELEASE: "release",
    Outcome.HOLD: "hold",
    Outcome.BLOCK: "block",
    Outcome.UNAVAILABLE: "unavailable",
}
"""What an outcome is called on the wire."""


class Verdict(Row):
    """What the gate ruled about an asset, with everything that it ruled on."""

    asset = models.ForeignKey("assets.Asset", on_delete=models.PROTECT, related_name="+")
    event_id = models.UUIDField(
        null=True,
        unique=True,
        help_text="The creation event judged; empty for a later look, or where it never came.",
    )
    supersedes = models.OneToOneField(
        "self", null=True, on_delete=models.PROTECT, related_name="superseded_by"
    )
    verdict = models.CharField(max_length=16, choices=Outcome)
    reasons = models.JSONField(default=list)
    hazards = models.JSONField(default=list)
    signals = models.JSONField(default=list)
    hash_hits = models.JSONField(default=list)
    pdq = models.CharField(max_length=64, blank=True, default="")
    film_hash = models.TextField(
        blank=True, default="", db_default="", help_text="vPDQ of a film; empty for all else."
    )
    simhash = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        help_text="How the text reads, for texts that are nearly the same; empty for short ones.",
    )
    policy_version = models.CharField(max_length=64, help_text="Policy and detector versions.")
    policy = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="+")
    judged_in_ms = models.PositiveIntegerField(help_text="Time spent in detectors, milliseconds.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict__in=Outcome.values), name="moderation_verdict_known"
            ),
            models.UniqueConstraint(
                fields=["asset"],
                condition=Q(supersedes__isnull=True),
                name="moderation_one_first_verdict_per_asset",
            ),
        ]
        indexes = [models.Index(fields=["asset", "-created_at"], name="moderation_verdict_asset")]

    def __str__(self) -> str:
        return f"{self.asset_id}: {self.verdict}"


class PromptScreening(Row):
    """A prompt that did not simply pass; what passes leaves no row."""

    correlation_id = models.UUIDField()
    text_sha256 = models.CharField(max_length=64)
    prompt = models.TextField()
    modality = models.CharField(max_length=16)
    verdict = models.CharField(max_length=16, choices=Outcome)
    reasons = models.JSONField(default=list)
    signals = models.JSONField(default=list)
    policy_version = models.CharField(max_length=64)
    times = models.PositiveIntegerField(default=1, help_text="How often the same answer was given.")

    class Meta:
        db_table = "moderation_prompt_screening"
        constraints = [
            models.UniqueConstraint(
                fields=["correlation_id", "text_sha256", "verdict"],
                name="moderation_one_screening_per_answer",
            ),
            models.CheckConstraint(
                condition=Q(verdict__in=[Outcome.HOLD, Outcome.BLOCK, Outcome.UNAVAILABLE]),
                name="moderation_screening_did_not_pass",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.correlation_id}: {self.verdict}"


class Case(Row):
    """A question that only a person may answer: may this asset be seen?"""

    class State(models.TextChoices):
        """Where the case stands; a claim whose lease ran out counts as open."""

        OPEN = "open"
        CLAIMED = "claimed"
        DECIDED = "decided"

    class Because(models.TextChoices):
        """Why a person has to look."""

        HOLD = "hold"
        UNAVAILABLE = "unavailable"
        REPORT = "report"
        LINEAGE = "lineage"
        RESTRICTION = "restriction"
        NOTICE = "notice"
        # Its deadline passed before anything judged it.
        OVERDUE = "overdue"
        # Who was ruled against asks for another person's look.
        APPEAL = "appeal"
        # The same as something that was blocked.
        DUPLICATE = "duplicate"
        # The checks decided alone, and it was drawn for a person to decide as well.
        SAMPLE = "sample"
        # A second person saw otherwise what the first had decided.
        DISAGREEMENT = "disagreement"

    class Desk(models.TextChoices):
        """Who may decide it: anybody who reviews, senior staff, or who answers for the law."""

        FIRST = "first"
        SENIOR = "senior"
        LEGAL = "legal"

    class Ruling(models.TextChoices):
        """What a case can end with."""

        RELEASE = "release"
        BLOCK = "block"

    # Nobody and nothing has judged the asset: a later judgement may end the case.
    WAITING: ClassVar[tuple[str, ...]] = (Because.UNAVAILABLE, Because.OVERDUE)
    MOVES: ClassVar[dict[str, set[str]]] = {
        State.OPEN: {State.CLAIMED, State.DECIDED},
        State.CLAIMED: {State.OPEN, State.CLAIMED, State.DECIDED},
        State.DECIDED: set(),
    }

    asset = models.ForeignKey("assets.Asset", on_delete=models.PROTECT, related_name="+")
    organisation_id = models.UUIDField(help_text="The asset's organisation: filter without a join.")
    verdict = models.ForeignKey(Verdict, null=True, on_delete=models.PROTECT, related_name="+")
    previous = models.OneToOneField(
        "self", null=True, on_delete=models.PROTECT, related_name="reopened_as"
    )
    not_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Who ruled before: an appeal is decided by somebody else.",
    )
    state = models.CharField(max_length=16, choices=State, default=State.OPEN)
    because = models.CharField(max_length=16, choices=Because)
    severity = models.PositiveSmallIntegerField(default=0)
    hazards = models.JSONField(default=list)
    ruled_on = models.JSONField(
        default=list,
        db_default=models.Value([], models.JSONField()),
        help_text="What the ruling is about, where its reason names another hazard.",
    )
    desk = models.CharField(max_length=8, choices=Desk, default=Desk.FIRST, db_default=Desk.FIRST)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Who gave it to another desk: somebody else decides.",
    )
    queue = models.ForeignKey(
        "moderation.ReviewQueue", null=True, on_delete=models.PROTECT, related_name="cases"
    )
    routed_at = models.DateTimeField(
        null=True, help_text="Empty: what rules look at has changed since, or nobody has looked."
    )
    reach = models.PositiveIntegerField(
        default=0, db_default=0, help_text="How many people had seen it."
    )
    rank_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text="The earlier, the sooner it is somebody's turn; the database writes it.",
    )
    rank_slot = models.IntegerField(
        null=True, editable=False, help_text="The six hours that `rank_at` is in."
    )
    report_count = models.PositiveIntegerField(default=0)
    report_weight = models.FloatField(
        default=0.0, db_default=0.0, help_text="What its reports count together."
    )
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    lease_expires_at = models.DateTimeField(null=True)
    rechecked_at = models.DateTimeField(
        null=True, help_text="When the platform last tried again to judge it, for outages only."
    )
    retry_at = models.DateTimeField(
        null=True, help_text="Not tried again before; empty: as soon as somebody tries."
    )
    is_given_up = models.BooleanField(
        db_default=False, default=False, help_text="The platform tries no more; people decide."
    )
    escalated_at = models.DateTimeField(
        null=True, help_text="When the asset was found overdue, alarmed and given to people."
    )
    due_at = models.DateTimeField(null=True, help_text="By when a person should have decided.")
    due_under = models.CharField(
        max_length=40, blank=True, default="", db_default="", help_text="The clock that says so."
    )
    late_at = models.DateTimeField(null=True, help_text="When it was found late, and escalated.")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_by_system = models.BooleanField(default=False)
    decided_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=16, choices=Ruling, blank=True, default="")
    reason = models.CharField(max_length=REASON_CHARACTERS, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["open", "claimed", "decided"]),
                name="moderation_case_state_known",
            ),
            models.CheckConstraint(
                condition=Q(
                    because__in=[
                        "hold",
                        "unavailable",
                        "report",
                        "lineage",
                        "restriction",
                        "notice",
                        "overdue",
                        "appeal",
                        "duplicate",
                        "sample",
                        "disagreement",
                    ]
                ),
                name="moderation_case_because_known",
            ),
            models.CheckConstraint(
                condition=Q(not_by__isnull=True)
                | Q(decided_by__isnull=True)
                | ~Q(decided_by=models.F("not_by")),
                name="moderation_appeal_decided_by_somebody_else",
            ),
            models.CheckConstraint(
                condition=Q(not_by__isnull=True)
                | Q(claimed_by__isnull=True)
                | ~Q(claimed_by=models.F("not_by")),
                name="moderation_appeal_claimed_by_somebody_else",
            ),
            models.CheckConstraint(
                condition=Q(desk__in=["first", "senior", "legal"]),
                name="moderation_case_desk_known",
            ),
            models.CheckConstraint(
                condition=Q(proposed_by__isnull=True)
                | Q(decided_by__isnull=True)
                | ~Q(decided_by=models.F("proposed_by")),
                name="moderation_second_level_is_somebody_else",
            ),
            models.CheckConstraint(
                condition=Q(late_at__isnull=True) | Q(due_at__isnull=False),
                name="moderation_late_case_was_due",
            ),
            models.CheckConstraint(
                condition=~Q(because="overdue") | Q(escalated_at__isnull=False),
                name="moderation_overdue_case_was_escalated",
            ),
            models.UniqueConstraint(
                fields=["asset"],
                condition=~Q(state="decided"),
                name="moderation_one_undecided_case_per_asset",
            ),
            models.CheckConstraint(
                condition=~Q(state="claimed")
                | Q(claimed_by__isnull=False, lease_expires_at__isnull=False),
                name="moderation_claimed_case_has_holder_and_lease",
            ),
            models.CheckConstraint(
                condition=~Q(state="decided")
                | (
                    Q(outcome__in=["release", "block"], decided_at__isnull=False)
                    & ~Q(reason="")
                    & (
                        Q(decided_by__isnull=False, decided_by_system=False)
                        | Q(decided_by__isnull=True, decided_by_system=True)
                    )
                ),
                name="moderation_decided_case_says_who_what_why",
            ),
        ]
        indexes = [
            models.Index(
                fields=["rank_slot", "rank_at", "id"],
                condition=~Q(state="decided"),
                name="moderation_case_turn",
            ),
            models.Index(
                fields=["created_at"],
                condition=~Q(state="decided") & Q(routed_at__isnull=True),
                name="moderation_case_unrouted",
            ),
            models.Index(fields=["asset", "-created_at"], name="moderation_case_asset"),
            models.Index(
                fields=["due_at"],
                condition=~Q(state="decided") & Q(late_at__isnull=True),
                name="moderation_case_due",
            ),
            models.Index(
                fields=["-decided_at"], condition=Q(state="decided"), name="moderation_case_decided"
            ),
        ]

    def __str__(self) -> str:
        return f"case {self.pk} ({self.state})"

    @property
    def grounds(self) -> list[str]:
        """The hazards that its ruling is about: what the reviewer named, or what was found."""
        return list(self.ruled_on or self.hazards)

    def move_to(self, state: str) -> None:
        """Set the new state, or raise InvalidMove."""
        if state not in self.MOVES[self.state]:
            raise InvalidMove(
                f"a case that is {self.state} cannot become {state}", code="invalid_case_move"
            )
        self.state = state

    def is_held_by_another(self, user_id: object, at: datetime) -> bool:
        """Whether somebody else's claim is still running at that moment."""
        return (
            self.state == self.State.CLAIMED
            and self.claimed_by_id != user_id
            and self.lease_expires_at is not None
            and self.lease_expires_at > at
        )
