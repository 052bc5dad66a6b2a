"""Tables of the care for reviewers: what each chose, and what the install has for everybody."""

from typing import Any, Final

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from tidegate.primitives.models import Row

_HAZARD_CHARACTERS: Final = 32
_BLURS: Final = ("none", "light", "strong")


def _hazards(**given: Any) -> Any:
    return ArrayField(models.CharField(max_length=_HAZARD_CHARACTERS), **given)


class ReviewerCare(Row):
    """What one person chose, and since when they are at it. Empty and null: as for everybody.

    The sitting is kept for its own sake: the trail holds what was opened and decided, but not how
    long a page stayed open. Whoever claims, decides or chooses locks this row first.
    """

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    blur = models.CharField(max_length=8, blank=True, default="")
    is_grey = models.BooleanField(null=True)
    is_muted = models.BooleanField(null=True)
    has_stills = models.BooleanField(null=True)
    by_hazard = models.JSONField(
        default=dict, help_text='{"violence": {"blur": "strong", "is_grey": true}}'
    )
    last = _hazards(null=True, help_text="What comes after the others, in this order.")
    opted_out = _hazards(default=list)
    began_at = models.DateTimeField(null=True, help_text="When the running sitting began.")
    active_at = models.DateTimeField(null=True, help_text="When they were last at it.")
    looking_at = models.ForeignKey(
        "moderation.Case", null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        db_table = "moderation_reviewer_care"
        constraints = [
            models.CheckConstraint(
                condition=Q(blur__in=["", *_BLURS]), name="moderation_care_blur_known"
            ),
            models.CheckConstraint(
                condition=Q(began_at__isnull=True, active_at__isnull=True)
                | Q(began_at__isnull=False, active_at__gte=F("began_at")),
                name="moderation_sitting_begins_before_it_goes_on",
            ),
        ]

    def __str__(self) -> str:
        return f"care for {self.person_id}"


class CareRules(Row):
    """What the install has for everybody. At most one row; without it the shipped values count."""

    is_only = models.BooleanField(default=True, unique=True)
    blur = models.CharField(max_length=8)
    is_grey = models.BooleanField()
    is_muted = models.BooleanField()
    has_stills = models.BooleanField()
    floor_blur = models.CharField(max_length=8)
    floor_is_grey = models.BooleanField()
    floor_is_muted = models.BooleanField()
    floor_has_stills = models.BooleanField()
    last = _hazards(default=list)
    work_minutes = models.PositiveIntegerField(help_text="0: no limit.")
    exposures = models.PositiveIntegerField(help_text="0: no limit.")
    break_minutes = models.PositiveIntegerField()
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()

    class Meta:
        db_table = "moderation_care_rules"
        constraints = [
            models.CheckConstraint(condition=Q(is_only=True), name="moderation_care_rules_are_one"),
            models.CheckConstraint(
                condition=Q(blur__in=_BLURS, floor_blur__in=_BLURS),
                name="moderation_care_rules_blur_known",
            ),
            models.CheckConstraint(
                condition=Q(break_minutes__gte=1), name="moderation_care_break_has_a_length"
            ),
        ]

    def __str__(self) -> str:
        return f"care for everybody, set {self.set_at:%Y-%m-%d}"
