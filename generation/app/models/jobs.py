"""Jobs and their outputs."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from generation.app.models.presets import PresetVersion
from generation.core.catalogue import LARGEST_SEED
from generation.core.seeds import seed_of
from tidegate.accounts.models import Organisation, User
from tidegate.assets.models import Asset
from tidegate.primitives.errors import InvalidMove
from tidegate.primitives.models import Row
from tidegate.projects.models import Project

_QUEUED = Q(state="queued")


class Job(Row):
    """One request, for one output or several.

    Output `index` is made with the seed `(seed + index) mod 2**53`; how far each one is stands in
    `JobOutput`.

    While it runs, `lease_owner` and `attempt` together are the fencing token: a worker whose
    token no longer matches writes nothing. `released_text` is the part of a streamed text that
    the gate let through so far; the whole text lives in the asset and is judged there.
    """

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        CANCELLED = "cancelled"
        REFUSED = "refused"

    MOVES: ClassVar[dict[State, frozenset[State]]] = {
        State.QUEUED: frozenset({State.RUNNING, State.FAILED, State.CANCELLED, State.REFUSED}),
        State.RUNNING: frozenset({State.QUEUED, State.SUCCEEDED, State.FAILED, State.CANCELLED}),
        State.SUCCEEDED: frozenset(),
        State.FAILED: frozenset(),
        State.CANCELLED: frozenset(),
        State.REFUSED: frozenset(),
    }
    TERMINAL: ClassVar[frozenset[State]] = frozenset(
        {State.SUCCEEDED, State.FAILED, State.CANCELLED, State.REFUSED}
    )

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+", db_index=False)
    requested_by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    api_key_id = models.UUIDField(null=True, blank=True)
    correlation_id = models.UUIDField()

    model_name = models.CharField(max_length=64)
    # The catalogue's version that the request was resolved to; empty in jobs older than versions.
    model_version = models.CharField(max_length=12, blank=True, default="", db_default="")
    modality = models.CharField(max_length=8)
    prompt = models.TextField()
    parameters = models.JSONField(default=dict, blank=True)
    seed = models.BigIntegerField()
    priority = models.SmallIntegerField(default=0)
    # Of the whole job, all its outputs together.
    cost_credits = models.PositiveIntegerField()
    outputs_wanted = models.PositiveSmallIntegerField(default=1, db_default=1)
    # The jobs that one request asked for together.
    batch_id = models.UUIDField(null=True, blank=True)
    # What this is a remix of; its author is credited on what comes out.
    parent = models.ForeignKey(
        Asset, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    # What the prompt was written with, if anything; `prompt` is what came of it.
    preset_version = models.ForeignKey(
        PresetVersion,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    style = models.CharField(max_length=40, blank=True, default="", db_default="")

    # The composition that its output is a part of; by id, which is the whole asset's too.
    whole_id = models.UUIDField(null=True, blank=True)

    state = models.CharField(max_length=9, choices=State.choices, default=State.QUEUED)
    # Null while the gate still owes its answer about the prompt: such a job is never claimed.
    screened_at = models.DateTimeField(null=True, blank=True)
    screening_policy = models.CharField(max_length=100, blank=True)
    # The gate doubted the prompt: nothing is streamed, the output is judged as a whole.
    is_prompt_held = models.BooleanField(default=False)
    # Public codes of why the prompt was refused or held.
    refusal = models.JSONField(default=list, blank=True)
    # JSON pointers to the fields of the request that it is about.
    refused_fields = models.JSONField(default=list, db_default=[], blank=True)

    attempt = models.PositiveIntegerField(default=0)
    interruptions = models.PositiveIntegerField(default=0)
    postponements = models.PositiveIntegerField(default=0)
    # How often it was tried again after a failure that nobody foresaw.
    failures = models.PositiveIntegerField(default=0, db_default=0)
    # Why it was last put back: {code, detail, stage, attempt, at}; also while it waits again.
    last_failure = models.JSONField(null=True, blank=True)
    lease_owner = models.CharField(max_length=120, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    # Whoever asked does not want it after this moment.
    cancel_at = models.DateTimeField(null=True, blank=True)

    progress = models.JSONField(null=True, blank=True)
    released_text = models.TextField(blank=True)
    is_text_withheld = models.BooleanField(default=False)

    error_code = models.CharField(max_length=40, blank=True)
    error_detail = models.TextField(blank=True)
    error_stage = models.CharField(max_length=12, blank=True)
    does_retry_help = models.BooleanField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "generation_job"
        constraints = [
            models.CheckConstraint(
                name="generation_job_state_known",
                condition=Q(
                    state__in=["queued", "running", "succeeded", "failed", "cancelled", "refused"]
                ),
            ),
            models.CheckConstraint(
                name="generation_job_modality_known",
                condition=Q(modality__in=["text", "image", "speech", "music", "video"]),
            ),
            models.CheckConstraint(
                name="generation_job_lease_exactly_while_running",
                condition=Q(state="running", lease_expires_at__isnull=False) & ~Q(lease_owner="")
                | ~Q(state="running") & Q(lease_expires_at__isnull=True, lease_owner=""),
            ),
            models.CheckConstraint(
                name="generation_job_ended_at_exactly_when_ended",
                condition=Q(state__in=["queued", "running"], ended_at__isnull=True)
                | Q(
                    state__in=["succeeded", "failed", "cancelled", "refused"],
                    ended_at__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="generation_job_runs_only_screened",
                condition=Q(state__in=["queued", "cancelled", "failed"])
                | Q(screened_at__isnull=False),
            ),
            models.CheckConstraint(
                name="generation_job_error_exactly_when_failed_or_refused",
                condition=Q(state__in=["failed", "refused"]) & ~Q(error_code="")
                | ~Q(state__in=["failed", "refused"]) & Q(error_code=""),
            ),
            models.CheckConstraint(
                name="generation_job_seed_in_range",
                condition=Q(seed__gte=0, seed__lte=LARGEST_SEED),
            ),
            models.CheckConstraint(
                name="generation_job_wants_an_output", condition=Q(outputs_wanted__gte=1)
            ),
        ]
        indexes = [
            # What a lane of the fair queue offers next.
            models.Index(
                F("modality"),
                F("project"),
                F("requested_by"),
                F("priority").desc(),
                F("id"),
                condition=_QUEUED & Q(screened_at__isnull=False, not_before__isnull=True),
                name="generation_job_claimable_lane",
            ),
            models.Index(
                fields=["modality", "not_before"],
                condition=_QUEUED & Q(not_before__isnull=False),
                name="generation_job_postponed",
            ),
            models.Index(
                fields=["modality", "organisation", "requested_by"],
                condition=Q(state="running"),
                name="generation_job_running_of",
            ),
            # How long the latest jobs of a model took.
            models.Index(
                fields=["model_name", "-ended_at"],
                condition=Q(state="succeeded"),
                name="generation_job_pace",
            ),
            models.Index(
                fields=["cancel_at"],
                condition=_QUEUED & Q(cancel_at__isnull=False),
                name="generation_job_unwanted_after",
            ),
            models.Index(
                fields=["batch_id", "id"],
                condition=Q(batch_id__isnull=False),
                name="generation_job_of_batch",
            ),
            models.Index(
                fields=["whole_id"],
                condition=Q(whole_id__isnull=False, state__in=["queued", "running"]),
                name="generation_job_open_of_whole",
            ),
            models.Index(
                fields=["id"],
                condition=_QUEUED & Q(screened_at__isnull=True),
                name="generation_job_unscreened",
            ),
            models.Index(
                fields=["lease_expires_at"],
                condition=Q(state="running"),
                name="generation_job_running",
            ),
            models.Index(fields=["expires_at"], condition=_QUEUED, name="generation_job_expiring"),
            models.Index(fields=["requested_by", "-id"], name="generation_job_of_person"),
        ]

    def __str__(self) -> str:
        return f"{self.model_name} {self.pk} {self.state}"

    @property
    def is_ended(self) -> bool:
        """Whether the job reached a state it never leaves."""
        return self.state in self.TERMINAL

    def move_to(self, state: "Job.State", *, at: datetime) -> None:
        """Set the new state, drop the lease and stamp the end, or raise InvalidMove."""
        if state not in self.MOVES[self.State(self.state)]:
            raise InvalidMove(
                f"A job that is {self.state} cannot become {state.value}.",
                code="job_move_not_allowed",
            )
        self.state = state
        self.lease_owner = ""
        self.lease_expires_at = None
        if state in self.TERMINAL:
            self.ended_at = at

    def seed_of(self, index: int) -> int:
        """Return the seed that output `index` is made with."""
        return seed_of(self.seed, index)


class JobOutput(Row):
    """What became of one output of a job. No row yet: it waits, or is being made.

    The unique pair is what a second delivery of the same output runs into.
    """

    class State(models.TextChoices):
        MADE = "made"
        FAILED = "failed"

    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="+", db_index=False)
    index = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=6, choices=State.choices)
    asset = models.ForeignKey(
        Asset, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    attempt = models.PositiveIntegerField()
    error_code = models.CharField(max_length=40, blank=True)
    error_detail = models.TextField(blank=True)

    class Meta:
        db_table = "generation_output"
        constraints = [
            models.UniqueConstraint(fields=["job", "index"], name="generation_output_once"),
            models.CheckConstraint(
                name="generation_output_state_known", condition=Q(state__in=["made", "failed"])
            ),
            models.CheckConstraint(
                name="generation_output_is_an_asset_or_a_failure",
                condition=Q(state="made", asset__isnull=False, error_code="")
                | Q(state="failed", asset__isnull=True) & ~Q(error_code=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.job_id} {self.index} {self.state}"
