"""What the feed remembers: items, tastes, what people did, what they were shown."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q
from pgvector.django import HnswIndex, VectorField

from recommendations.core.exploring import BUDGET
from recommendations.core.tags import LONGEST
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
    # ln(decayed likes) + t/τ: see recommendations.core.heat.
    heat = models.FloatField(null=True)
    is_listed = models.BooleanField(default=False)
    visibility_version = models.PositiveIntegerField(default=0)
    released_at = models.DateTimeField(null=True)
    tags = ArrayField(models.CharField(max_length=LONGEST), default=list, db_default=[])
    model = models.CharField(max_length=100, blank=True, default="", db_default="")
    # Its author's: what it is written in, nobody has measured.
    language = models.CharField(max_length=12, blank=True, default="", db_default="")
    # Places of exploration: how many it gets, how many it had, and how many led to something.
    budget = models.PositiveSmallIntegerField(default=BUDGET, db_default=BUDGET)
    shown = models.PositiveIntegerField(default=0, db_default=0)
    wins = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        db_table = "recommendations_item"
        constraints = [
            models.CheckConstraint(
                name="recommendations_item_listed_only_when_released",
                condition=Q(is_listed=False) | Q(released_at__isnull=False),
            ),
        ]
        indexes = [
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
                fields=["-released_at"],
                condition=Q(is_listed=True, shown__lt=F("budget")),
                name="recommendations_item_untried",
            ),
            models.Index(
                fields=["language", "-heat"],
                condition=Q(is_listed=True, heat__isnull=False),
                name="recommendations_item_hot_in",
            ),
            models.Index(
                fields=["owner_id", "-released_at"],
                condition=Q(is_listed=True),
                name="recommendations_item_of_owner",
            ),
        ]

    def __str__(self) -> str:
        return str(self.asset_id)


class ItemVector(models.Model):
    """What an item means. Apart from it, because it never changes and the item does all the time.

    Every update of a row with a searched vector puts it into that index again: milliseconds, where
    a like should cost microseconds.
    """

    item = models.OneToOneField(
        Item, on_delete=models.CASCADE, primary_key=True, related_name="meaning"
    )
    embedding = VectorField(dimensions=DIMENSIONS)

    class Meta:
        db_table = "recommendations_item_vector"
        indexes = [
            HnswIndex(
                fields=["embedding"],
                name="recommendations_nearest",
                opclasses=["vector_cosine_ops"],
                m=16,
                ef_construction=64,
            ),
        ]

    def __str__(self) -> str:
        return str(self.item_id)


class ItemWords(models.Model):
    """The terms an item is found by (recommendations.core.words); apart for the same reason."""

    item = models.OneToOneField(Item, on_delete=models.CASCADE, primary_key=True, related_name="+")
    words = SearchVectorField()

    class Meta:
        db_table = "recommendations_words"
        indexes = [GinIndex(fields=["words"], name="recommendations_words_found")]

    def __str__(self) -> str:
        return str(self.item_id)


class CommonDirection(Row):
    """What the items of the catalogue had in common when that was last measured; the newest counts.

    Told from a sample of `items` vectors.
    """

    direction = VectorField(dimensions=DIMENSIONS)
    items = models.PositiveIntegerField()

    class Meta:
        db_table = "recommendations_common_direction"

    def __str__(self) -> str:
        return str(self.pk)


class ViewerState(models.Model):
    """A viewer's taste: the fold of recommendations.core.taste over their interactions.

    `document` is what `recommendations.app.tastes` writes and reads: sums as 32-bit numbers, and
    what was touched. Nothing is searched in it, and it is written with every deed.
    """

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="+")
    # Empty in a row of an earlier release: the next deed folds it anew from the log.
    document = models.BinaryField(default=b"")
    at = models.DateTimeField()

    class Meta:
        db_table = "recommendations_viewer_state"

    def __str__(self) -> str:
        return str(self.user_id)


class Interaction(Row):
    """One thing somebody did with an asset they could see. Tastes are folded of this log."""

    class Kind(models.TextChoices):
        VIEW = "view"
        DWELL = "dwell"
        PLAY = "play"
        LIKE = "like"
        UNLIKE = "unlike"
        SAVE = "save"
        UNSAVE = "unsave"
        SHARE = "share"
        REMIX = "remix"
        HIDE = "hide"
        LESS = "less"
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
    # In which order: a rebuild folds in this one, and so comes to the same numbers.
    folded_as = models.BigIntegerField(null=True)
    # Where it was shown to them, if that is known.
    slate_id = models.UUIDField(null=True)
    dwell_ms = models.PositiveIntegerField(null=True)

    class Meta:
        db_table = "recommendations_interaction"
        constraints = [
            models.CheckConstraint(
                name="recommendations_interaction_kind_known",
                condition=Q(
                    kind__in=[
                        "view",
                        "dwell",
                        "play",
                        "like",
                        "unlike",
                        "save",
                        "unsave",
                        "share",
                        "remix",
                        "hide",
                        "less",
                        "report",
                    ]
                ),
            ),
        ]
        indexes = [
            models.Index(fields=["user", "asset", "kind", "-at"], name="recommendations_done_to"),
            models.Index(fields=["user", "at"], name="recommendations_done_by"),
            models.Index(
                fields=["folded_as"],
                condition=Q(folded_as__isnull=False),
                name="recommendations_done_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.kind} {self.asset_id}"


class Reaction(Row):
    """What stands of a viewer's interactions with an asset; one row per kind."""

    class Kind(models.TextChoices):
        LIKE = "like"
        SAVE = "save"
        HIDE = "hide"
        LESS = "less"
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
                condition=Q(kind__in=["like", "save", "hide", "less", "report", "seen"]),
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
    source = models.CharField(max_length=8)
    propensity = models.FloatField()
    at = models.DateTimeField()
    # How long it was on the viewer's screen; null where nobody said.
    looked_ms = models.PositiveIntegerField(null=True)

    class Meta:
        db_table = "recommendations_exposure"
        indexes = [
            models.Index(fields=["asset_id", "at"], name="recommendations_shown"),
            models.Index(fields=["at"], name="recommendations_shown_when"),
            models.Index(fields=["user_id", "-at"], name="recommendations_shown_to"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.asset_id} at {self.position}"


class StoredSlate(models.Model):
    """An ordered slate as it was made: what pages go on in, and what a model learns from.

    `places` and `features` are what `recommendations.app.slates` packs: ids, sources, chances, and
    what each item was described by. Never content: every page asks the gate anew.
    """

    id = models.UUIDField(primary_key=True)
    user_id = models.UUIDField(null=True)
    # Whose cursor it is: a key's differs from its creator's, whose view is wider.
    bound_to = models.UUIDField(null=True)
    places = models.BinaryField()
    features = models.BinaryField()
    model = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        db_table = "recommendations_slate"
        indexes = [
            models.Index(fields=["at"], name="recommendations_slate_when"),
            models.Index(fields=["user_id"], name="recommendations_slate_whose"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Follow(Row):
    """That somebody wants to see what a creator releases."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    creator = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        db_table = "recommendations_follow"
        constraints = [
            models.UniqueConstraint(fields=["user", "creator"], name="recommendations_follow_once"),
            models.CheckConstraint(
                name="recommendations_follow_somebody_else", condition=~Q(user=F("creator"))
            ),
        ]
        indexes = [models.Index(fields=["creator"], name="recommendations_followed")]

    def __str__(self) -> str:
        return f"{self.user_id} follows {self.creator_id}"


class Mute(Row):
    """That somebody does not want to see anything of a creator in what is recommended."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    creator = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        db_table = "recommendations_mute"
        constraints = [
            models.UniqueConstraint(fields=["user", "creator"], name="recommendations_mute_once"),
            models.CheckConstraint(
                name="recommendations_mute_somebody_else", condition=~Q(user=F("creator"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} mutes {self.creator_id}"


class FeedChoices(models.Model):
    """What somebody wants of their feed. Without a row: personal, everything, every language."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="+")
    is_personal = models.BooleanField(default=True)
    # The highest rating they want to be shown; empty: all.
    rating = models.CharField(max_length=32, blank=True, default="")
    hides_covered = models.BooleanField(default=False)
    # Languages of authors; none: all.
    languages = ArrayField(models.CharField(max_length=12), default=list)
    # Facets that count for nothing, whatever they do: "tag:robots", "model:…".
    silenced = ArrayField(models.CharField(max_length=140), default=list)
    # Deeds before it count for nothing: they reset their interests then.
    forgets_before = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "recommendations_feed_choices"

    def __str__(self) -> str:
        return str(self.user_id)


class TogetherPair(models.Model):
    """How often an item was turned to around another: see recommendations.core.together.

    `weight` is kept as heat is: ln(decayed count) + t/τ.
    """

    item_id = models.UUIDField()
    other_id = models.UUIDField()
    weight = models.FloatField()

    class Meta:
        db_table = "recommendations_together"
        constraints = [
            models.UniqueConstraint(
                fields=["item_id", "other_id"], name="recommendations_together_once"
            ),
        ]
        indexes = [
            models.Index(fields=["item_id", "-weight"], name="recommendations_together_most"),
            models.Index(fields=["other_id"], name="recommendations_together_other"),
        ]

    def __str__(self) -> str:
        return f"{self.item_id} {self.other_id}"


class Progress(models.Model):
    """How far a task has read the log: moves in the transaction of what it did."""

    name = models.CharField(primary_key=True, max_length=40)
    position = models.BigIntegerField(default=0)
    # Of a walk over rows: the last one that is done.
    last = models.CharField(max_length=64, blank=True, default="")
    moment = models.DateTimeField(null=True)

    class Meta:
        db_table = "recommendations_progress"

    def __str__(self) -> str:
        return self.name


class RankingModel(Row):
    """A trained ranking model. At most one is in force; the prior is, where none is."""

    document = models.JSONField()
    # Log-loss, calibration error and examples, of it and of what it would replace.
    figures = models.JSONField()
    is_in_force = models.BooleanField(default=False)

    class Meta:
        db_table = "recommendations_ranking_model"
        constraints = [
            models.UniqueConstraint(
                fields=["is_in_force"],
                condition=Q(is_in_force=True),
                name="recommendations_ranking_model_one_in_force",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Experiment(Row):
    """A comparison of ways to rank. At most one runs; who is in which arm follows from its key."""

    name = models.CharField(max_length=60, unique=True)
    # recommendations.core.experiments.Plan.document
    arms = models.JSONField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "recommendations_experiment"
        constraints = [
            models.UniqueConstraint(
                fields=["ended_at"],
                nulls_distinct=False,
                condition=Q(ended_at=None),
                name="recommendations_experiment_one_runs",
            ),
        ]

    def __str__(self) -> str:
        return self.name
