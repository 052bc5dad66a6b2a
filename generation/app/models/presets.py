"""Presets: prompt templates that are kept, in versions that never change.

Who has a preset is decided by the preset (its author alone, or an organisation's members); whether
everybody may see its words is decided for each version, because the gate judges words.
"""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from tidegate.accounts.models import Organisation, User
from tidegate.primitives.errors import InvalidMove
from tidegate.primitives.models import Row


class Preset(Row):
    """A named way of asking. `latest` counts its versions, which are numbered from 1.

    What is archived is offered to nobody, and can be brought back. What staff took down is its
    keepers' only, and is published no more until staff reinstate it.
    """

    class Scope(models.TextChoices):
        """Whose it is: the author's alone, or the organisation's."""

        USER = "user"
        ORGANISATION = "organisation"

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    scope = models.CharField(max_length=12, choices=Scope.choices)
    latest = models.PositiveIntegerField(default=1)
    archived_at = models.DateTimeField(null=True, blank=True)
    taken_down_at = models.DateTimeField(null=True, blank=True)
    taken_down_because = models.CharField(max_length=500, blank=True)

    class Meta:
        db_table = "generation_preset"
        constraints = [
            models.CheckConstraint(
                name="generation_preset_scope_known",
                condition=Q(scope__in=["user", "organisation"]),
            ),
            models.CheckConstraint(
                name="generation_preset_taken_down_with_a_reason",
                condition=Q(taken_down_at__isnull=True, taken_down_because="")
                | Q(taken_down_at__isnull=False) & ~Q(taken_down_because=""),
            ),
            models.CheckConstraint(
                name="generation_preset_has_a_version", condition=Q(latest__gte=1)
            ),
        ]
        indexes = [
            models.Index(
                fields=["author", "-id"],
                condition=Q(scope="user"),
                name="generation_preset_of_author",
            ),
            models.Index(
                fields=["organisation", "-id"],
                condition=Q(scope="organisation"),
                name="generation_preset_of_company",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scope} preset {self.pk}"


class PresetVersion(Row):
    """What a preset says at one number. The database refuses to change its contents.

    `prompt` and `negative_prompt` are templates (see `generation.core.prompting`), `variables`
    and `lists` what they refer to. Only `publication` and what the gate said of it ever move.
    """

    class Publication(models.TextChoices):
        PRIVATE = "private"
        PUBLIC = "public"
        HELD = "held"
        UNANSWERED = "unanswered"
        REFUSED = "refused"
        WITHDRAWN = "withdrawn"

    # What the gate answers to a wish to publish. What is refused stays so; the rest is asked again.
    _ANSWERS: ClassVar[frozenset[Publication]] = frozenset(
        {Publication.PUBLIC, Publication.HELD, Publication.UNANSWERED, Publication.REFUSED}
    )
    MOVES: ClassVar[dict[Publication, frozenset[Publication]]] = {
        Publication.PRIVATE: _ANSWERS,
        Publication.HELD: _ANSWERS,
        Publication.UNANSWERED: _ANSWERS,
        Publication.PUBLIC: frozenset({Publication.WITHDRAWN}),
        Publication.WITHDRAWN: _ANSWERS,
        Publication.REFUSED: frozenset(),
    }

    preset = models.ForeignKey(
        Preset, on_delete=models.PROTECT, related_name="versions", db_index=False
    )
    number = models.PositiveIntegerField()
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)

    name = models.CharField(max_length=80)
    description = models.CharField(max_length=500, blank=True)
    model_name = models.CharField(max_length=80)
    prompt = models.TextField()
    negative_prompt = models.TextField(blank=True)
    style = models.CharField(max_length=40, blank=True)
    parameters = models.JSONField(default=dict, blank=True)
    variables = models.JSONField(default=list, blank=True)
    lists = models.JSONField(default=dict, blank=True)

    publication = models.CharField(
        max_length=10, choices=Publication.choices, default=Publication.PRIVATE
    )
    screened_at = models.DateTimeField(null=True, blank=True)
    screening_policy = models.CharField(max_length=100, blank=True)
    # Public codes of why it is held or refused.
    reasons = models.JSONField(default=list, blank=True)

    class Meta:
        db_table = "generation_preset_version"
        constraints = [
            models.UniqueConstraint(
                fields=["preset", "number"], name="generation_preset_version_once"
            ),
            models.CheckConstraint(
                name="generation_preset_version_numbered_from_one", condition=Q(number__gte=1)
            ),
            models.CheckConstraint(
                name="generation_preset_version_publication_known",
                condition=Q(
                    publication__in=[
                        "private",
                        "public",
                        "held",
                        "unanswered",
                        "refused",
                        "withdrawn",
                    ]
                ),
            ),
            models.CheckConstraint(
                name="generation_preset_version_public_only_screened",
                condition=Q(publication__in=["private", "unanswered"])
                | Q(screened_at__isnull=False),
            ),
        ]
        indexes = [
            # What everybody sees of a preset: its newest public version.
            models.Index(
                F("preset"),
                F("number").desc(),
                condition=Q(publication="public"),
                name="generation_preset_public",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.number}"

    def require_move(self, publication: "PresetVersion.Publication") -> None:
        """Raise InvalidMove unless it may become this public."""
        before = self.Publication(self.publication)
        if publication not in self.MOVES[before]:
            raise InvalidMove(
                f"A version that is {before.value} cannot become {publication.value}.",
                code="preset_move_not_allowed",
            )

    def move_to(self, publication: "PresetVersion.Publication", *, at: datetime) -> None:
        """Set how public it is, or raise InvalidMove. An answer of the gate stamps its moment."""
        self.require_move(publication)
        self.publication = publication
        if publication not in {self.Publication.UNANSWERED, self.Publication.WITHDRAWN}:
            self.screened_at = at
