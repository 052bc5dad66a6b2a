"""Compositions and their parts."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q

from generation.app.models.jobs import Job
from generation.core.catalogue import LARGEST_SEED
from tidegate.accounts.models import Organisation, User
from tidegate.assets.models import Asset
from tidegate.primitives.errors import InvalidMove
from tidegate.primitives.models import Row
from tidegate.projects.models import Project


class Composition(Row):
    """One request for several things that belong together, after a recipe.

    The recipe is kept as it was, so that a new one changes nothing that has begun. The asset that
    the parts become has this row's id.
    """

    class State(models.TextChoices):
        RUNNING = "running"
        COMPLETED = "completed"
        FAILED = "failed"
        CANCELLED = "cancelled"

    MOVES: ClassVar[dict[State, frozenset[State]]] = {
        State.RUNNING: frozenset({State.COMPLETED, State.FAILED, State.CANCELLED}),
        State.COMPLETED: frozenset(),
        State.FAILED: frozenset(),
        State.CANCELLED: frozenset(),
    }

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+", db_index=False)
    requested_by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    api_key_id = models.UUIDField(null=True, blank=True)
    correlation_id = models.UUIDField()

    recipe_name = models.CharField(max_length=64)
    recipe_version = models.CharField(max_length=12)
    recipe = models.JSONField()
    inputs = models.JSONField()
    title = models.CharField(max_length=200)
    seed = models.BigIntegerField()

    state = models.CharField(max_length=9, choices=State.choices, default=State.RUNNING)
    # Which part, and from 0 which item of it, was the reason of the end.
    error_part = models.CharField(max_length=32, blank=True)
    error_index = models.PositiveSmallIntegerField(default=0)
    error_code = models.CharField(max_length=40, blank=True)
    error_detail = models.TextField(blank=True)
    # When the sweeper last looked; those it saw longest ago come first.
    swept_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "generation_composition"
        constraints = [
            models.CheckConstraint(
                name="generation_composition_state_known",
                condition=Q(state__in=["running", "completed", "failed", "cancelled"]),
            ),
            models.CheckConstraint(
                name="generation_composition_ended_at_exactly_when_ended",
                condition=Q(state="running", ended_at__isnull=True)
                | ~Q(state="running") & Q(ended_at__isnull=False),
            ),
            models.CheckConstraint(
                name="generation_composition_error_exactly_when_failed",
                condition=Q(state="failed") & ~Q(error_code="")
                | ~Q(state="failed") & Q(error_code=""),
            ),
            models.CheckConstraint(
                name="generation_composition_seed_in_range",
                condition=Q(seed__gte=0, seed__lte=LARGEST_SEED),
            ),
        ]
        indexes = [
            models.Index(fields=["requested_by", "-id"], name="generation_composition_of"),
            models.Index(
                models.F("swept_at").asc(nulls_first=True),
                models.F("id"),
                condition=Q(state="running"),
                name="generation_composition_running",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recipe_name} {self.pk} {self.state}"

    def move_to(self, state: "Composition.State", *, at: datetime) -> None:
        """Set the last state and when it came, or raise InvalidMove."""
        if state not in self.MOVES[self.State(self.state)]:
            raise InvalidMove(
                f"A composition that is {self.state} cannot become {state.value}.",
                code="composition_move_not_allowed",
            )
        self.state = state
        self.ended_at = at


class CompositionPart(Row):
    """One part, or one item of a repeated part; what became of it stands in its job and asset.

    `left_out` is an optional part without which the whole goes on. A part is `passed` while its
    asset is released or withdrawn by its owner.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        WORKING = "working"
        PASSED = "passed"
        FAILED = "failed"
        LEFT_OUT = "left_out"

    composition = models.ForeignKey(
        Composition, on_delete=models.PROTECT, related_name="parts", db_index=False
    )
    name = models.CharField(max_length=32)
    index = models.PositiveSmallIntegerField(default=0)
    # Where its part stands in the recipe.
    position = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    job = models.OneToOneField(
        Job, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    asset = models.ForeignKey(
        Asset, on_delete=models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    error_code = models.CharField(max_length=40, blank=True)
    error_detail = models.TextField(blank=True)

    class Meta:
        db_table = "generation_composition_part"
        ordering = ("position", "index")
        constraints = [
            models.UniqueConstraint(
                fields=["composition", "name", "index"], name="generation_composition_part_once"
            ),
            models.CheckConstraint(
                name="generation_composition_part_state_known",
                condition=Q(state__in=["waiting", "working", "passed", "failed", "left_out"]),
            ),
            models.CheckConstraint(
                name="generation_composition_part_waits_without_a_job",
                condition=~Q(state="waiting") | Q(job__isnull=True),
            ),
            models.CheckConstraint(
                name="generation_composition_part_works_with_a_job",
                condition=~Q(state__in=["working", "passed"]) | Q(job__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.composition_id} {self.name} {self.index} {self.state}"
