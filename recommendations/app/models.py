"""What the feed remembers: items, tastes, what people did, what they were shown."""

from django.db import models
from django.db.models import Q
from pgvector.django import HnswIndex, VectorField

from recommendations.core.vectors import DIMENSIONS
from tidegate.accounts.models import User
from tidegate.assets.models import Asset
from tidegate.primitives.models import Row


class Item(models.Model):
    """An asset as retrieval sees it.

    `is_listed` copies the asset's visibility to keep the indexes small. It decides nothing:
    what a viewer gets is asked of the asset itself, in the request that returns it.
    """

    asset = models.OneToOneField(
        Asset, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    owner_id = models.UUIDField()
    project_id = models.UUIDField()
    modality = models.CharField(max_length=16)
    family = models.CharField(max_length=16)
    embedding = VectorField(dimensions=DIMENSIONS, null=True)
    # ln(decayed likes) + t/τ: see recommendations.core.heat.
    heat = models.FloatField(null=True)
    is_listed = models.BooleanField(default=False)
    visibility_version = models.PositiveIntegerField(default=0)
    released_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "recommendations_item"
        constraints = [
            models.CheckConstraint(
                name="recommendations_item_listed_only_when_released",
                condition=Q(is_listed=False) | Q(released_at__isnull=False),
            ),
        ]
        indexes = [
            HnswIndex(
                fields=["embedding"],
                name="recommendations_item_nearest",
                opclasses=["vector_cosine_ops"],
                m=16,
                ef_construction=64,
            ),
            models.Index(
                fields=["-released_at"],
                condition=Q(is_listed=True),
                name="recommendations_item_newest",
            ),
            models.Index(
                fields=["-heat"],
                condition=Q(is_listed=True, heat__isnull=False),
                name="recommendations_item_hottest",
            ),
            models.Index(
                fields=["asset"],
                condition=Q(embedding__isnull=True),
                name="recommendations_item_unread",
            ),
        ]

    def __str__(self) -> str:
        return str(self.asset_id)


class ViewerState(models.Model):
    """A viewer's taste: the fold of recommendations.core.taste over their interactions."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="+")
    direction = VectorField(dimensions=DIMENSIONS, null=True)
    positive = VectorField(dimensions=DIMENSIONS)
    positive_weight = models.FloatField()
    negative = VectorField(dimensions=DIMENSIONS)
    negative_weight = models.FloatField()
    # [[asset id, ISO time], …], newest first.
    liked = models.JSONField(default=list)
    at = models.DateTimeField()

    class Meta:
        db_table = "recommendations_viewer_state"

    def __str__(self) -> str:
        return str(self.user_id)


class Interaction(Row):
    """One thing somebody did with an asset they could see. Tastes are folded of this log."""

    class Kind(models.TextChoices):
        VIEW = "view"
        PLAY = "play"
        LIKE = "like"
        UNLIKE = "unlike"
        HIDE = "hide"
        REPORT = "report"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    asset = models.ForeignKey(Asset, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=6, choices=Kind.choices)
    note = models.TextField(blank=True)
    at = models.DateTimeField()
    # False when it changed nothing: a second like, an unlike of what was not liked.
    is_effective = models.BooleanField(default=True)
    # True once its event was folded; a rebuild folds these and leaves the rest to their events.
    is_folded = models.BooleanField(default=False)

    class Meta:
        db_table = "recommendations_interaction"
        constraints = [
            models.CheckConstraint(
                name="recommendations_interaction_kind_known",
                condition=Q(kind__in=["view", "play", "like", "unlike", "hide", "report"]),
            ),
        ]
        indexes = [
            models.Index(fields=["user", "asset", "kind", "-at"], name="recommendations_done_to"),
            models.Index(fields=["user", "at"], name="recommendations_done_by"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.kind} {self.asset_id}"


class Reaction(Row):
    """What stands of a viewer's interactions with an asset; one row per kind."""

    class Kind(models.TextChoices):
        LIKE = "like"
        HIDE = "hide"
        REPORT = "report"
        SEEN = "seen"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    asset = models.ForeignKey(Asset, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=6, choices=Kind.choices)
    at = models.DateTimeField()

    class Meta:
        db_table = "recommendations_reaction"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "asset", "kind"], name="recommendations_reaction_stands_once"
            ),
            models.CheckConstraint(
                name="recommendations_reaction_kind_known",
                condition=Q(kind__in=["like", "hide", "report", "seen"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.kind} {self.asset_id}"


class Exposure(models.Model):
    """That a viewer was shown an asset: where, why, and with which chance.

    The record behind "who saw what was taken down" and behind every honest evaluation. It
    outlives nothing: no foreign keys, so that writing it is one cheap statement.
    """

    user_id = models.UUIDField()
    asset_id = models.UUIDField()
    slate_id = models.UUIDField()
    position = models.PositiveSmallIntegerField()
    source = models.CharField(max_length=7)
    propensity = models.FloatField()
    at = models.DateTimeField()

    class Meta:
        db_table = "recommendations_exposure"
        indexes = [
            models.Index(fields=["asset_id", "at"], name="recommendations_shown"),
            models.Index(fields=["at"], name="recommendations_shown_when"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.asset_id} at {self.position}"
