"""Uploads: a picture, whose it is, what the gate said of it, and until when it is kept."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q

from tidegate.accounts.models import Organisation, User
from tidegate.assets.models import Blob
from tidegate.primitives.errors import InvalidMove
from tidegate.primitives.models import Row
from tidegate.projects.models import Project


class Upload(Row):
    """A picture somebody brought along. Only its owner ever sees it, only accepted it is used.

    `held` with no `screened_at` waits for the gate's answer; `held` with one was doubted. What was
    refused at once has no blob: its bytes were never stored.
    """

    class State(models.TextChoices):
        HELD = "held"
        ACCEPTED = "accepted"
        REFUSED = "refused"

    MOVES: ClassVar[dict[State, frozenset[State]]] = {
        State.HELD: frozenset({State.ACCEPTED, State.REFUSED}),
        State.ACCEPTED: frozenset(),
        State.REFUSED: frozenset(),
    }

    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+", db_index=False)
    blob = models.ForeignKey(
        Blob, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    media_type = models.CharField(max_length=80)
    # In pixels, of what is kept.
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    # Of the file as it was sent: recognises the same upload, and is what hash lists know.
    source_sha256 = models.CharField(max_length=64)
    source_type = models.CharField(max_length=80)

    state = models.CharField(max_length=8, choices=State.choices, default=State.HELD)
    screened_at = models.DateTimeField(null=True, blank=True)
    screening_policy = models.CharField(max_length=100, blank=True)
    # Public codes of why it was refused or held.
    reasons = models.JSONField(default=list, blank=True)
    correlation_id = models.UUIDField()
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "uploads_upload"
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "project", "source_sha256"],
                name="uploads_upload_once_per_project",
            ),
            models.CheckConstraint(
                name="uploads_upload_state_known",
                condition=Q(state__in=["held", "accepted", "refused"]),
            ),
            models.CheckConstraint(
                name="uploads_upload_ruled_exactly_when_screened",
                condition=Q(state="held") | Q(screened_at__isnull=False),
            ),
            models.CheckConstraint(
                name="uploads_upload_has_bytes_unless_refused",
                condition=Q(state="refused") | Q(blob__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["owner", "-id"], name="uploads_upload_of_owner"),
            models.Index(fields=["expires_at"], name="uploads_upload_expiring"),
            models.Index(
                fields=["id"], condition=Q(screened_at__isnull=True), name="uploads_upload_owed"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.state}"

    @property
    def is_usable(self) -> bool:
        """Whether a job may work on it."""
        return self.state == self.State.ACCEPTED

    def move_to(self, state: "Upload.State", *, at: datetime) -> None:
        """Set what the gate ruled, or raise InvalidMove. A hold may be confirmed by a hold."""
        before = self.State(self.state)
        if state != before and state not in self.MOVES[before]:
            raise InvalidMove(
                f"An upload that is {before.value} cannot become {state.value}.",
                code="upload_move_not_allowed",
            )
        self.state = state
        self.screened_at = at
