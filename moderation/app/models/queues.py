"""Queues that cases wait in, and what reviewers can do."""

from typing import Final

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from tidegate.primitives.models import Row

RULE_CHARACTERS: Final = 500
SKILL_CHARACTERS: Final = 32


class ReviewQueue(Row):
    """Where cases wait that its rule holds for; the first in order whose rule does takes a case.

    Whoever reviews works in it who has all that it `needs`, and is one of its `members` where it
    has any. Senior staff work everywhere.
    """

    name = models.CharField(max_length=40, unique=True)
    title = models.JSONField(help_text='{"en": "Urgent", "zh": "紧急"}')
    position = models.PositiveSmallIntegerField(help_text="The lowest is asked first.")
    rule = models.CharField(max_length=RULE_CHARACTERS, help_text="A condition in CEL.")
    needs = ArrayField(models.CharField(max_length=SKILL_CHARACTERS), default=list)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+")
    is_paused = models.BooleanField(default=False, help_text="Nobody is given its cases.")

    class Meta:
        db_table = "moderation_review_queue"
        constraints = [
            models.CheckConstraint(
                condition=Q(name__regex=r"^[a-z][a-z0-9_]{0,39}$"),
                name="moderation_queue_name_is_a_code",
            ),
        ]
        indexes = [models.Index(fields=["position", "name"], name="moderation_queue_order")]

    def __str__(self) -> str:
        return self.name


class ReviewerSkill(Row):
    """What somebody can do that not everybody can: a language, a subject, an equipment."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    skill = models.CharField(max_length=SKILL_CHARACTERS)

    class Meta:
        db_table = "moderation_reviewer_skill"
        constraints = [
            models.UniqueConstraint(
                fields=["person", "skill"], name="moderation_skill_once_per_person"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.skill}"
