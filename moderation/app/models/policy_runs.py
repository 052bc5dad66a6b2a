"""Tables of long runs of a policy: over stored decisions, and over what is released."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from moderation.app.models.policies import POLICY_REASON_CHARACTERS, PolicyVersion
from tidegate.primitives.errors import InvalidMove
from tidegate.primitives.models import Row


class BacktestRun(Row):
    """A policy run over stored decisions, batch by batch; figures and place commit together."""

    class State(models.TextChoices):
        """Under way, over, or given up."""

        RUNNING = "running"
        FINISHED = "finished"
        CANCELLED = "cancelled"

    MOVES: ClassVar[dict[str, set[str]]] = {
        State.RUNNING: {State.FINISHED, State.CANCELLED},
        State.FINISHED: set(),
        State.CANCELLED: set(),
    }

    policy = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="backtests")
    since = models.DateTimeField()
    until = models.DateTimeField(help_text="Not included.")
    state = models.CharField(max_length=16, choices=State, default=State.RUNNING)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    done_until = models.DateTimeField(null=True, help_text="The last decision that was repeated.")
    done_id = models.UUIDField(null=True)
    counted = models.JSONField(default=dict, help_text="`core.backtesting.Backtest.to_json`.")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "moderation_backtest_run"
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["running", "finished", "cancelled"]),
                name="moderation_backtest_state_known",
            ),
            models.CheckConstraint(
                condition=Q(until__gt=models.F("since")), name="moderation_backtest_has_a_period"
            ),
            models.CheckConstraint(
                condition=Q(done_until__isnull=True, done_id__isnull=True)
                | Q(done_until__isnull=False, done_id__isnull=False),
                name="moderation_backtest_place_is_whole",
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"], condition=Q(state="running"), name="moderation_backtest_running"
            ),
        ]

    def __str__(self) -> str:
        return f"backtest {self.pk} ({self.state})"

    def move_to(self, state: str) -> None:
        """Set the new state, or raise InvalidMove."""
        if state not in self.MOVES[self.state]:
            raise InvalidMove(
                f"a backtest that is {self.state} cannot become {state}", code="invalid_run_move"
            )
        self.state = state


class RetroRun(Row):
    """A policy run over what is released; the place and what was done there commit together."""

    class State(models.TextChoices):
        """Looking only, looked, holding, stopped for a while, over, taking back, taken back."""

        PREVIEWING = "previewing"
        READY = "ready"
        RUNNING = "running"
        PAUSED = "paused"
        FINISHED = "finished"
        UNDOING = "undoing"
        UNDONE = "undone"
        CANCELLED = "cancelled"

    MOVES: ClassVar[dict[str, set[str]]] = {
        State.PREVIEWING: {State.READY, State.CANCELLED},
        State.READY: {State.RUNNING, State.CANCELLED},
        State.RUNNING: {State.PAUSED, State.FINISHED},
        State.PAUSED: {State.RUNNING, State.UNDOING},
        State.FINISHED: {State.UNDOING},
        State.UNDOING: {State.UNDONE},
        State.UNDONE: set(),
        State.CANCELLED: set(),
    }

    policy = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="retro_runs")
    state = models.CharField(max_length=16, choices=State, default=State.PREVIEWING)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.CharField(max_length=POLICY_REASON_CHARACTERS)
    until = models.DateTimeField(help_text="What was made from then on is none of its business.")
    place = models.UUIDField(null=True, help_text="The last asset of the present pass.")
    previewed = models.PositiveBigIntegerField(default=0)
    would_hold = models.PositiveBigIntegerField(default=0)
    not_repeatable = models.PositiveBigIntegerField(default=0)
    examples = models.JSONField(default=list)
    looked_at = models.PositiveBigIntegerField(default=0)
    held = models.PositiveBigIntegerField(default=0)
    released_again = models.PositiveBigIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "moderation_retro_run"
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    state__in=[
                        "previewing",
                        "ready",
                        "running",
                        "paused",
                        "finished",
                        "undoing",
                        "undone",
                        "cancelled",
                    ]
                ),
                name="moderation_retro_state_known",
            ),
            models.UniqueConstraint(
                fields=["policy"],
                condition=Q(state__in=["previewing", "ready", "running", "paused", "undoing"]),
                name="moderation_one_open_retro_run_per_policy",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="moderation_retro_run_says_why"),
        ]

    def __str__(self) -> str:
        return f"retro-run {self.pk} ({self.state})"

    def move_to(self, state: str) -> None:
        """Set the new state, or raise InvalidMove."""
        if state not in self.MOVES[self.state]:
            raise InvalidMove(
                f"a retro-run that is {self.state} cannot become {state}", code="invalid_run_move"
            )
        self.state = state


class RetroHold(Row):
    """One asset that a retro-run held: what undoing it goes by."""

    run = models.ForeignKey(RetroRun, on_delete=models.PROTECT, related_name="holds")
    asset = models.ForeignKey("assets.Asset", on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey("moderation.Case", on_delete=models.PROTECT, related_name="+")
    opened_case = models.BooleanField(help_text="False: a case was open already.")
    undone = models.BooleanField(default=False)

    class Meta:
        db_table = "moderation_retro_hold"
        constraints = [
            models.UniqueConstraint(fields=["run", "asset"], name="moderation_retro_holds_once"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.asset_id}"
