"""Notes of staff about a case, and whom they call upon."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from moderation.app.models.gate import REASON_CHARACTERS, Case
from tidegate.primitives.models import Row


class CaseNote(Row):
    """What somebody of the staff wrote about a case, for staff alone; a correction is a new one."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    words = models.CharField(max_length=REASON_CHARACTERS)

    class Meta:
        db_table = "moderation_case_note"
        constraints = [
            models.CheckConstraint(condition=~Q(words=""), name="moderation_note_says_something"),
        ]
        indexes = [models.Index(fields=["case", "created_at"], name="moderation_note_case")]

    def __str__(self) -> str:
        return f"note on case {self.case_id}"


class Mention(Row):
    """Somebody named in a note: it waits for them until they have read it."""

    note = models.ForeignKey(CaseNote, on_delete=models.PROTECT, related_name="mentions")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["note", "person"], name="moderation_one_mention_per_note_and_person"
            ),
        ]
        indexes = [
            models.Index(
                fields=["person"],
                condition=Q(read_at__isnull=True),
                name="moderation_mention_unread",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.note_id}"
