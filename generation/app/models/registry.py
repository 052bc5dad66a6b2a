"""Models, their versions and what became of them on a model server.

A version is a catalogue entry word for word; rows say which one is offered. A shipped entry needs
no row: until it is synchronised it is offered as its file says.
"""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q

from tidegate.primitives.errors import InvalidMove
from tidegate.primitives.models import Row


class RegisteredModel(Row):
    """A model by name: whether it is offered, and which versions its aliases mean.

    `stable` is what a request gets; of every hundred (organisation, seed) pairs, `canary_percent`
    get `canary`. While `follows_shipped`, a new release's entry becomes stable by itself.
    """

    class State(models.TextChoices):
        ENABLED = "enabled"
        DISABLED = "disabled"

    class Because(models.TextChoices):
        """Why a model is disabled."""

        NEW = "new"
        OPERATOR = "operator"
        CRASHED = "crashed"
        UNSAFE = "unsafe"

    MOVES: ClassVar[dict[State, frozenset[State]]] = {
        State.ENABLED: frozenset({State.DISABLED}),
        State.DISABLED: frozenset({State.ENABLED}),
    }

    name = models.CharField(max_length=64, unique=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.DISABLED)
    because = models.CharField(max_length=8, choices=Because.choices, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    # What the server said when the model crashed: the end of its traceback.
    crash_log = models.TextField(blank=True)
    is_shipped = models.BooleanField(default=False)
    follows_shipped = models.BooleanField(default=False)

    stable = models.ForeignKey(
        "ModelVersion", on_delete=models.PROTECT, related_name="+", null=True, db_index=False
    )
    canary = models.ForeignKey(
        "ModelVersion",
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        db_index=False,
    )
    canary_percent = models.PositiveSmallIntegerField(default=0)

    deprecated_at = models.DateTimeField(null=True, blank=True)
    retires_at = models.DateTimeField(null=True, blank=True)
    successor = models.CharField(max_length=64, blank=True)
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "generation_model"
        constraints = [
            models.CheckConstraint(
                name="generation_model_state_known",
                condition=Q(state__in=["enabled", "disabled"]),
            ),
            models.CheckConstraint(
                name="generation_model_because_exactly_when_disabled",
                condition=Q(state="enabled", because="")
                | Q(state="disabled", because__in=["new", "operator", "crashed", "unsafe"]),
            ),
            models.CheckConstraint(
                name="generation_model_share_only_of_a_canary",
                condition=Q(canary__isnull=True, canary_percent=0)
                | Q(canary__isnull=False, canary_percent__lte=100),
            ),
            models.CheckConstraint(
                name="generation_model_retires_only_deprecated",
                condition=Q(retires_at__isnull=True) | Q(deprecated_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.state}"

    def move_to(self, state: "RegisteredModel.State", *, at: datetime) -> None:
        """Set the new state, or raise InvalidMove."""
        if state not in self.MOVES[self.State(self.state)]:
            raise InvalidMove(f"The model is {self.state} already.", code="model_move_not_allowed")
        self.state = state
        self.changed_at = at
        if state == self.State.ENABLED:
            self.because = self.reason = self.crash_log = ""


class ModelVersion(Row):
    """One content of an entry; never changed. `is_open` while requests may name it."""

    model = models.ForeignKey(
        RegisteredModel, on_delete=models.PROTECT, related_name="versions", db_index=False
    )
    version = models.CharField(max_length=12)
    document = models.JSONField()
    is_shipped = models.BooleanField(default=False)
    is_open = models.BooleanField(default=False)

    class Meta:
        db_table = "generation_model_version"
        constraints = [
            models.UniqueConstraint(
                fields=["model", "version"], name="generation_model_version_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model_id}@{self.version}"


class RegistryStamp(models.Model):
    """One row: when the registry last changed. Processes compare it with what they remember."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "generation_registry_stamp"
        constraints = [
            models.CheckConstraint(name="generation_registry_stamp_is_one", condition=Q(id=1)),
        ]

    def __str__(self) -> str:
        return f"{self.changed_at}"


class Served(Row):
    """What became of a model on a server: how often it was loaded, and what last went wrong.

    Whether it is loaded now is asked of the server; it may have been restarted.
    """

    server = models.CharField(max_length=200)
    triton_model = models.CharField(max_length=128)
    loads = models.PositiveIntegerField(default=0)
    loaded_at = models.DateTimeField(null=True, blank=True)
    load_seconds = models.FloatField(null=True, blank=True)
    unloaded_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)
    last_error_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "generation_served"
        constraints = [
            models.UniqueConstraint(
                fields=["server", "triton_model"], name="generation_served_once_per_server"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.triton_model} on {self.server}"
