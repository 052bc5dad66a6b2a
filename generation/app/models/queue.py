"""The fair queue that jobs wait in.

Each modality has a tree of lanes: its root, below it organisations, their projects, and the people
in them, whose jobs are the leaves. Only who holds the root's row lock writes lanes, so two claims
never read the same standing, and nobody else ever waits for a lane.
"""

from django.db import models
from django.db.models import F, Q

from tidegate.accounts.models import Organisation
from tidegate.primitives.models import Row


class Lane(models.Model):
    """How much service one organisation, project or person had; see `generation.core.fairness`.

    `is_waiting` says that a job below may be claimable. The database's trigger rings a `Bell`
    when one becomes so in a lane that is not waiting; a claim that finds nothing ends the waiting.
    """

    class Level(models.IntegerChoices):
        ROOT = 0
        ORGANISATION = 1
        PROJECT = 2
        PERSON = 3

    id = models.BigAutoField(primary_key=True)
    modality = models.CharField(max_length=16)
    level = models.PositiveSmallIntegerField(choices=Level.choices)
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    # By id only: a lane is bookkeeping and outlives nobody's right to be deleted.
    organisation_id = models.UUIDField(null=True, blank=True)
    project_id = models.UUIDField(null=True, blank=True)
    user_id = models.UUIDField(null=True, blank=True)

    weight = models.PositiveSmallIntegerField(default=1, db_default=1)
    # Where it stands on its parent's clock, and the clock of its own children.
    virtual_time = models.FloatField(default=0.0, db_default=0.0)
    clock = models.FloatField(default=0.0, db_default=0.0)
    is_waiting = models.BooleanField(default=False, db_default=False)

    class Meta:
        db_table = "generation_lane"
        constraints = [
            models.UniqueConstraint(
                fields=["modality", "organisation_id", "project_id", "user_id"],
                nulls_distinct=False,
                name="generation_lane_once",
            ),
            models.CheckConstraint(
                name="generation_lane_weight_is_positive", condition=Q(weight__gte=1)
            ),
            models.CheckConstraint(
                name="generation_lane_level_fits_its_ids",
                condition=Q(level=0, organisation_id__isnull=True)
                | Q(level=1, organisation_id__isnull=False, project_id__isnull=True)
                | Q(level=2, project_id__isnull=False, user_id__isnull=True)
                | Q(level=3, project_id__isnull=False, user_id__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                F("parent"),
                F("virtual_time"),
                F("id"),
                condition=Q(is_waiting=True),
                name="generation_lane_next",
            ),
            models.Index(
                fields=["modality", "user_id"],
                condition=Q(is_waiting=True, level=3),
                name="generation_lane_of_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.modality} {self.level} {self.virtual_time:g}"


class Bell(models.Model):
    """A job became claimable in a lane that was not waiting. Rung by a trigger, never by us."""

    id = models.BigAutoField(primary_key=True)
    modality = models.CharField(max_length=16)
    organisation_id = models.UUIDField()
    project_id = models.UUIDField()
    user_id = models.UUIDField()

    class Meta:
        db_table = "generation_bell"
        indexes = [
            models.Index(
                fields=["modality", "project_id", "user_id"], name="generation_bell_of_lane"
            )
        ]

    def __str__(self) -> str:
        return f"{self.modality} {self.project_id} {self.user_id}"


class Cap(Row):
    """How many jobs of one modality may run at once, where the setting's number is not right.

    Without a subject it is for every organisation or person that has no row of its own; with an
    empty modality, for every modality that has none.
    """

    class Scope(models.TextChoices):
        ORGANISATION = "organisation"
        PERSON = "person"

    scope = models.CharField(max_length=12, choices=Scope.choices)
    subject_id = models.UUIDField(null=True, blank=True)
    modality = models.CharField(max_length=16, blank=True)
    most_running = models.PositiveIntegerField()

    class Meta:
        db_table = "generation_cap"
        constraints = [
            models.UniqueConstraint(
                fields=["scope", "subject_id", "modality"],
                nulls_distinct=False,
                name="generation_cap_once",
            ),
            models.CheckConstraint(
                name="generation_cap_scope_known",
                condition=Q(scope__in=["organisation", "person"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.modality} {self.most_running}"


class QueueClock(models.Model):
    """The clock of the release before lanes; kept for a release so that both may run."""

    modality = models.CharField(primary_key=True, max_length=8)
    virtual_time = models.FloatField(default=0.0)

    class Meta:
        db_table = "generation_queue_clock"

    def __str__(self) -> str:
        return f"{self.modality} {self.virtual_time:g}"


class OrganisationShare(Row):
    """The standing of the release before lanes; kept for a release so that both may run."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    modality = models.CharField(max_length=8)
    weight = models.PositiveSmallIntegerField(default=1)
    virtual_time = models.FloatField(default=0.0)

    class Meta:
        db_table = "generation_organisation_share"
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "modality"], name="generation_share_once_per_modality"
            ),
            models.CheckConstraint(
                name="generation_share_weight_is_positive", condition=Q(weight__gte=1)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id} {self.modality} {self.virtual_time:g}"
