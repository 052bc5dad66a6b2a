"""Assets, their renditions and blobs, and the moves of their visibility."""

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from tidegate.accounts.models import Organisation, User
from tidegate.assets.deadlines import JUDGED_WITHIN_SECONDS
from tidegate.primitives.errors import InvalidMove
from tidegate.primitives.models import Row
from tidegate.projects.models import Project


class Visibility(models.TextChoices):
    """Only `released` is ever seen by anyone but the owner and staff."""

    PENDING = "pending"
    RELEASED = "released"
    HELD = "held"
    BLOCKED = "blocked"
    WITHDRAWN = "withdrawn"


class Modality(models.TextChoices):
    """What kind of thing an asset is."""

    TEXT = "text"
    IMAGE = "image"
    SPEECH = "speech"
    MUSIC = "music"
    VIDEO = "video"
    # Several outputs that belong together: the whole that they are parts of.
    COMPOSITION = "composition"


class Asset(Row):
    """One output of a model, or a whole of several. `visibility_version` rises with every move.

    A part names its `whole` from the beginning; the whole's row comes when every part is
    released. Until then, and whenever a part is not released any more, others see neither.
    """

    MOVES: ClassVar[dict[Visibility, frozenset[Visibility]]] = {
        Visibility.PENDING: frozenset(
            {Visibility.RELEASED, Visibility.HELD, Visibility.BLOCKED},
        ),
        Visibility.HELD: frozenset({Visibility.RELEASED, Visibility.BLOCKED}),
        Visibility.RELEASED: frozenset({Visibility.HELD, Visibility.WITHDRAWN}),
        # The last two only when a ruling is taken back: it stands again where it stood.
        Visibility.BLOCKED: frozenset({Visibility.RELEASED, Visibility.HELD, Visibility.WITHDRAWN}),
        # A ruling reaches what its owner has withdrawn, or restoring would undo it.
        Visibility.WITHDRAWN: frozenset({Visibility.RELEASED, Visibility.BLOCKED}),
    }

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+")
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    # By id only: jobs live in a service above this app.
    job_id = models.UUIDField(null=True, blank=True)
    output_index = models.PositiveIntegerField(default=0)

    modality = models.CharField(max_length=16, choices=Modality.choices)
    title = models.CharField(max_length=200, blank=True)
    prompt = models.TextField(blank=True)
    text = models.TextField(blank=True)
    media_type = models.CharField(max_length=80)

    visibility = models.CharField(
        max_length=9, choices=Visibility.choices, default=Visibility.PENDING
    )
    visibility_version = models.PositiveIntegerField(default=1)
    # For staff: [{hazard, rule, score?}]. For the author: [{code, title}].
    reasons = models.JSONField(default=list, blank=True)
    public_reasons = models.JSONField(default=list, blank=True)

    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # No constraint binds it to a row: the parts are there before their whole is.
    whole = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    seed = models.BigIntegerField(null=True, blank=True)
    model_name = models.CharField(max_length=100, blank=True)
    model_version = models.CharField(max_length=100, blank=True)
    parameters = models.JSONField(default=dict, blank=True)
    # By id only, as the job: what its prompt was written with.
    preset_version_id = models.UUIDField(null=True, blank=True)
    correlation_id = models.UUIDField()
    judge_by = models.DateTimeField(
        # For rows of a release that does not know of it; `create_asset` says it itself.
        db_default=Now() + timedelta(seconds=JUDGED_WITHIN_SECONDS),
        help_text="When an asset that is not judged yet is overdue, and a person gets it.",
    )
    released_at = models.DateTimeField(null=True, blank=True)
    # Codes that reviewers gave it; what they may be is data of the gate.
    rating = models.CharField(max_length=32, blank=True, default="", db_default="")
    labels = models.JSONField(
        default=list, blank=True, db_default=models.Value([], models.JSONField())
    )

    class Meta:
        db_table = "assets_asset"
        constraints = [
            models.UniqueConstraint(
                fields=["job_id", "output_index"], name="assets_asset_once_per_job_output"
            ),
            models.CheckConstraint(
                name="assets_asset_visibility_known",
                condition=Q(visibility__in=["pending", "released", "held", "blocked", "withdrawn"]),
            ),
            models.CheckConstraint(
                name="assets_asset_modality_known",
                condition=Q(
                    modality__in=["text", "image", "speech", "music", "video", "composition"]
                ),
            ),
            models.CheckConstraint(
                name="assets_asset_is_no_part_of_itself",
                condition=Q(whole__isnull=True) | ~Q(whole=models.F("id")),
            ),
            models.CheckConstraint(
                name="assets_asset_released_at_is_known_when_released",
                condition=~Q(visibility="released") | Q(released_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["owner", "-created_at"], name="assets_asset_of_owner"),
            models.Index(fields=["project", "-created_at"], name="assets_asset_of_project"),
            models.Index(
                fields=["-released_at"],
                condition=Q(visibility="released"),
                name="assets_asset_newest_released",
            ),
            models.Index(
                fields=["whole"],
                condition=Q(whole__isnull=False),
                name="assets_asset_of_whole",
            ),
            models.Index(
                fields=["created_at"],
                condition=Q(visibility="pending"),
                name="assets_asset_oldest_pending",
            ),
            models.Index(
                fields=["judge_by"],
                condition=Q(visibility="pending"),
                name="assets_asset_judge_by",
            ),
        ]

    def __str__(self) -> str:
        return self.title or str(self.pk)

    def move_to(self, visibility: Visibility) -> None:
        """Set the new visibility and count the move, or raise InvalidMove."""
        before = Visibility(self.visibility)
        if visibility not in self.MOVES[before]:
            raise InvalidMove(
                f"An asset that is {before.value} cannot become {visibility.value}.",
                code="asset_move_not_allowed",
            )
        self.visibility = visibility
        self.visibility_version += 1


class Blob(models.Model):
    """Bytes in storage, named by their content. Several renditions may share one."""

    sha256 = models.CharField(primary_key=True, max_length=64)
    size = models.PositiveBigIntegerField()
    media_type = models.CharField(max_length=80)

    class Meta:
        db_table = "assets_blob"
        constraints = [
            models.CheckConstraint(
                name="assets_blob_sha256_is_hexadecimal",
                condition=Q(sha256__regex=r"^[0-9a-f]{64}$"),
            ),
        ]

    def __str__(self) -> str:
        return self.sha256


class Rendition(Row):
    """One form of an asset that can be fetched. Pixels and milliseconds, null where meaningless."""

    class Kind(models.TextChoices):
        ORIGINAL = "original"
        PREVIEW = "preview"
        POSTER = "poster"
        SCORE = "score"
        MIDI = "midi"
        NOTATION = "notation"
        CAPTIONS = "captions"

    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="renditions")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="+")
    media_type = models.CharField(max_length=80)
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    duration_ms = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        db_table = "assets_rendition"
        # As they were made: the original first.
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(
                fields=["asset", "kind"], name="assets_rendition_once_per_kind"
            ),
            models.CheckConstraint(
                name="assets_rendition_kind_known",
                condition=Q(
                    kind__in=[
                        "original",
                        "preview",
                        "poster",
                        "score",
                        "midi",
                        "notation",
                        "captions",
                    ]
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.asset_id} {self.kind}"


class Move(Row):
    """One step of an asset's visibility, as its owner and staff read it on the asset's page."""

    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="moves")
    before = models.CharField(max_length=9, choices=Visibility.choices, blank=True)
    after = models.CharField(max_length=9, choices=Visibility.choices)
    actor_kind = models.CharField(max_length=9)
    actor_id = models.CharField(max_length=64, blank=True)
    reason = models.TextField(blank=True)
    at = models.DateTimeField()
    version = models.PositiveIntegerField()

    class Meta:
        db_table = "assets_move"
        constraints = [
            models.UniqueConstraint(
                fields=["asset", "version"], name="assets_move_once_per_version"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.asset_id} v{self.version}: {self.before} -> {self.after}"
