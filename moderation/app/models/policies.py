"""Tables of the life of a policy: its versions, and what shadows would have said.

A version is one text together with one state of the word lists, known by its SHA-256. Which one
judges stands here and nowhere else: exactly one is active, at most one more is tried as a canary.
"""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from tidegate.primitives.errors import InvalidMove
from tidegate.primitives.models import Row

POLICY_REASON_CHARACTERS = 2_000
_VERDICTS = ["release", "hold", "block", "unavailable"]


class PolicyVersion(Row):
    """One policy text under one state of the word lists, and where its life stands."""

    class State(models.TextChoices):
        """Draft, tried beside the traffic, approved, tried on a share, in force, over."""

        DRAFT = "draft"
        SHADOW = "shadow"
        APPROVED = "approved"
        CANARY = "canary"
        ACTIVE = "active"
        RETIRED = "retired"

    class Origin(models.TextChoices):
        """Who brought it: the policy file, a person, or only a verdict's stamp."""

        FILE = "file"
        PERSON = "person"
        STAMP = "stamp"

    # What leads to ACTIVE from elsewhere than CANARY is the policy file, which takes over while
    # people have not, and a roll-back, which brings a retired one back.
    MOVES: ClassVar[dict[str, set[str]]] = {
        State.DRAFT: {State.SHADOW, State.APPROVED, State.RETIRED, State.ACTIVE},
        State.SHADOW: {State.DRAFT, State.APPROVED, State.RETIRED, State.ACTIVE},
        State.APPROVED: {State.DRAFT, State.CANARY, State.RETIRED, State.ACTIVE},
        State.CANARY: {State.CANARY, State.ACTIVE, State.RETIRED},
        State.ACTIVE: {State.RETIRED},
        State.RETIRED: {State.DRAFT, State.APPROVED, State.ACTIVE},
    }

    version = models.CharField(max_length=64, unique=True)
    source = models.TextField(help_text="The policy file, as it was read.")
    name = models.CharField(max_length=80, blank=True, default="", db_default="")
    lists_digest = models.CharField(
        max_length=64, blank=True, default="", db_default="", help_text="SHA-256 of the word lists."
    )
    origin = models.CharField(
        max_length=8, choices=Origin, default=Origin.STAMP, db_default=Origin.STAMP
    )
    state = models.CharField(
        max_length=16, choices=State, default=State.DRAFT, db_default=State.DRAFT
    )
    state_since = models.DateTimeField(null=True)
    # The release before reads and writes this one; it always says the same as `state`.
    active = models.BooleanField(default=False)
    activated_at = models.DateTimeField(null=True)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_at = models.DateTimeField(null=True)
    reason = models.CharField(
        max_length=POLICY_REASON_CHARACTERS,
        blank=True,
        default="",
        db_default="",
        help_text="Why it stands where it stands.",
    )
    canary_share = models.FloatField(null=True, help_text="Part of the traffic, above 0 up to 1.")
    canary_seed = models.CharField(max_length=64, blank=True, default="", db_default="")
    replaced = models.ForeignKey(
        "self",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="What was active before it: a roll-back goes there.",
    )
    probation_until = models.DateTimeField(
        null=True, help_text="Until when a fuse watches it although it is active."
    )
    rolled_back_at = models.DateTimeField(null=True)
    rolled_back_because = models.CharField(
        max_length=POLICY_REASON_CHARACTERS, blank=True, default="", db_default=""
    )
    rolled_back_by_fuse = models.BooleanField(default=False, db_default=False)

    class Meta:
        db_table = "moderation_policy_version"
        constraints = [
            models.UniqueConstraint(
                fields=["active"], condition=Q(active=True), name="moderation_one_active_policy"
            ),
            models.UniqueConstraint(
                fields=["state"],
                condition=Q(state="canary"),
                name="moderation_one_canary_policy",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=["draft", "shadow", "approved", "canary", "active", "retired"]
                ),
                name="moderation_policy_state_known",
            ),
            models.CheckConstraint(
                condition=Q(origin__in=["file", "person", "stamp"]),
                name="moderation_policy_origin_known",
            ),
            models.CheckConstraint(
                condition=Q(active=True, state="active") | (Q(active=False) & ~Q(state="active")),
                name="moderation_policy_active_is_its_state",
            ),
            models.CheckConstraint(
                condition=~Q(origin="person") | Q(proposed_by__isnull=False),
                name="moderation_policy_has_a_proposer",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True)
                | Q(proposed_by__isnull=True)
                | ~Q(approved_by=models.F("proposed_by")),
                name="moderation_policy_approved_by_another",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "canary"]) | Q(approved_by__isnull=False),
                name="moderation_policy_tried_is_approved",
            ),
            models.CheckConstraint(
                condition=~Q(state="active") | Q(origin="file") | Q(approved_by__isnull=False),
                name="moderation_policy_in_force_is_approved",
            ),
            models.CheckConstraint(
                condition=~Q(state="canary") | Q(canary_share__gt=0.0, canary_share__lte=1.0),
                name="moderation_canary_has_a_share",
            ),
        ]
        indexes = [
            models.Index(
                fields=["state"],
                condition=Q(state__in=["shadow", "canary", "active"]),
                name="moderation_policy_judging",
            ),
        ]

    def __str__(self) -> str:
        return self.version[:12]

    def move_to(self, state: str) -> None:
        """Set the new state, or raise InvalidMove."""
        if state not in self.MOVES[self.state]:
            raise InvalidMove(
                f"a policy that is {self.state} cannot become {state}", code="invalid_policy_move"
            )
        self.state = state
        self.active = state == self.State.ACTIVE


class ShadowDecision(Row):
    """What a shadow would have said of one output; rows are kept for a limited time."""

    policy = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="+")
    asset = models.ForeignKey("assets.Asset", on_delete=models.PROTECT, related_name="+")
    live = models.CharField(max_length=16, help_text="The verdict that counted.")
    shadow = models.CharField(
        max_length=16, blank=True, help_text="Empty: not comparable, a signal was not there."
    )
    because = models.JSONField(default=list, help_text="Why, where they differ.")

    class Meta:
        db_table = "moderation_shadow_decision"
        constraints = [
            models.UniqueConstraint(
                fields=["policy", "asset"], name="moderation_one_shadow_decision_per_asset"
            ),
            models.CheckConstraint(
                condition=Q(live__in=_VERDICTS) & Q(shadow__in=[*_VERDICTS, ""]),
                name="moderation_shadow_decision_known",
            ),
        ]
        indexes = [
            models.Index(
                fields=["policy", "-id"],
                condition=~Q(live=models.F("shadow")),
                name="moderation_shadow_differs",
            ),
            models.Index(fields=["created_at"], name="moderation_shadow_age"),
        ]

    def __str__(self) -> str:
        return f"{self.asset_id}: {self.live} / {self.shadow}"
