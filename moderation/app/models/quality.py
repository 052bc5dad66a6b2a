"""What is looked at again, known answers, and what people found of the checks' calls."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from moderation.app.models.decisions import Decision
from moderation.app.models.gate import REASON_CHARACTERS, Case, Verdict
from tidegate.primitives.errors import InvalidMove
from tidegate.primitives.models import Row


class GoldenItem(Row):
    """A decided case whose right answer is known, given to reviewers among the others."""

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="golden")
    answer = models.CharField(max_length=16, choices=Case.Ruling)
    explanation = models.CharField(
        max_length=REASON_CHARACTERS, help_text="Why; reviewers read it once they have answered."
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    retired_at = models.DateTimeField(null=True)
    retired_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        db_table = "moderation_golden_item"
        constraints = [
            models.CheckConstraint(
                condition=Q(answer__in=["release", "block"]), name="moderation_golden_answer_known"
            ),
            models.CheckConstraint(
                condition=Q(retired_at__isnull=True) | Q(retired_by__isnull=False),
                name="moderation_retired_golden_says_who",
            ),
        ]

    def __str__(self) -> str:
        return f"golden {self.case_id}: {self.answer}"


class SecondLook(Row):
    """A decided case that somebody else answers blindly; it never moves the output.

    `expected` is what the first person ruled, or the known answer. What is answered can be taken
    back for as long as decisions can; only then is it compared (`settled`).
    """

    class Kind(models.TextChoices):
        """A decision that was drawn, or an item with a known answer."""

        SAMPLE = "sample"
        GOLDEN = "golden"

    class State(models.TextChoices):
        """Where it stands; a claim whose lease ran out counts as waiting."""

        WAITING = "waiting"
        CLAIMED = "claimed"
        ANSWERED = "answered"
        SETTLED = "settled"
        # What it was compared with was taken back before anybody answered.
        VOID = "void"

    class Answer(models.TextChoices):
        """What the second person would do; asking others is an answer that nothing is said by."""

        RELEASE = "release"
        BLOCK = "block"
        REFER = "refer"

    MOVES: ClassVar[dict[str, set[str]]] = {
        State.WAITING: {State.CLAIMED, State.VOID},
        State.CLAIMED: {State.CLAIMED, State.WAITING, State.ANSWERED, State.VOID},
        State.ANSWERED: {State.CLAIMED, State.SETTLED, State.VOID},
        State.SETTLED: set(),
        State.VOID: set(),
    }

    kind = models.CharField(max_length=8, choices=Kind)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="second_looks")
    decision = models.OneToOneField(
        Decision, null=True, on_delete=models.PROTECT, related_name="second_look"
    )
    golden = models.ForeignKey(
        GoldenItem, null=True, on_delete=models.PROTECT, related_name="looks"
    )
    expected = models.CharField(max_length=16, choices=Case.Ruling)
    first_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    chance = models.FloatField(help_text="How likely it was to be looked at again, 0..1.")
    uncertainty = models.FloatField(default=0.0, help_text="How near the checks were, 0..1.")
    doubt = models.FloatField(default=0.0, help_text="How little was known of the first, 0..1.")
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    claimed_at = models.DateTimeField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=8, choices=Answer, blank=True, default="")
    action = models.CharField(max_length=16, blank=True, default="")
    reason_code = models.CharField(max_length=32, blank=True, default="")
    reason = models.CharField(max_length=REASON_CHARACTERS, blank=True, default="")
    answered_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    adjudication = models.OneToOneField(
        Case, null=True, on_delete=models.PROTECT, related_name="adjudicates"
    )

    class Meta:
        db_table = "moderation_second_look"
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "claimed", "answered", "settled", "void"]),
                name="moderation_second_look_state_known",
            ),
            models.CheckConstraint(
                condition=Q(kind="sample", decision__isnull=False, golden__isnull=True)
                | Q(kind="golden", decision__isnull=True, golden__isnull=False),
                name="moderation_second_look_has_one_cause",
            ),
            models.CheckConstraint(
                condition=Q(reviewer__isnull=True)
                | Q(first_by__isnull=True)
                | ~Q(reviewer=F("first_by")),
                name="moderation_second_look_is_by_another",
            ),
            models.CheckConstraint(
                condition=~Q(state="claimed")
                | Q(reviewer__isnull=False, lease_expires_at__isnull=False),
                name="moderation_claimed_look_has_holder_and_lease",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["answered", "settled"])
                | Q(reviewer__isnull=False, answered_at__isnull=False)
                & Q(answer__in=["release", "block", "refer"]),
                name="moderation_answered_look_says_who_and_what",
            ),
            models.UniqueConstraint(
                fields=["golden", "reviewer"], name="moderation_golden_once_per_reviewer"
            ),
        ]
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=Q(state__in=["waiting", "claimed"]),
                name="moderation_look_waiting",
            ),
            models.Index(
                fields=["answered_at"],
                condition=Q(state="answered"),
                name="moderation_look_answered",
            ),
            models.Index(fields=["first_by", "-settled_at"], name="moderation_look_first"),
            models.Index(fields=["reviewer", "-settled_at"], name="moderation_look_reviewer"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of case {self.case_id} ({self.state})"

    def move_to(self, state: str) -> None:
        """Set the new state, or raise InvalidMove."""
        if state not in self.MOVES[self.state]:
            raise InvalidMove(
                f"a second look that is {self.state} cannot become {state}",
                code="invalid_look_move",
            )
        self.state = state


class CallVerdict(Row):
    """What a person's decision says about one call of a check.

    The call is read from a verdict, whose row is never changed: it keeps the text that was judged,
    every score and the versions. `content_sha256` names that content.
    """

    class Outcome(models.TextChoices):
        """The call in the light of what the person found."""

        TP = "tp"
        FP = "fp"
        TN = "tn"
        FN = "fn"
        UNSURE = "unsure"

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="call_verdicts")
    verdict = models.ForeignKey(Verdict, on_delete=models.PROTECT, related_name="+")
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    surface = models.CharField(max_length=16)
    detector = models.CharField(max_length=64)
    version = models.CharField(max_length=128)
    hazard = models.CharField(max_length=64)
    score = models.FloatField(help_text="The highest on this surface, 0..1.")
    hold_at = models.FloatField(help_text="The threshold then, 0..1.")
    outcome = models.CharField(max_length=8, choices=Outcome)
    weight = models.FloatField(help_text="How many like it this one stands for.")
    content_sha256 = models.CharField(max_length=64)

    class Meta:
        db_table = "moderation_call_verdict"
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome__in=["tp", "fp", "tn", "fn", "unsure"]),
                name="moderation_call_outcome_known",
            ),
            models.UniqueConstraint(
                fields=["decision", "surface", "detector", "hazard"],
                name="moderation_one_word_per_call",
            ),
        ]
        indexes = [
            models.Index(
                fields=["surface", "detector", "hazard", "-created_at"],
                name="moderation_call_detector",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.detector} {self.hazard}: {self.outcome}"
