"""Reads of notes: those on a case, those that call upon somebody, and whom one may call upon."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F, Q, QuerySet

from moderation.app.models import CaseNote, Mention
from moderation.app.roles import READERS, require_reader
from tidegate.accounts.models import User
from tidegate.accounts.viewers import Viewer


@dataclass(frozen=True, slots=True)
class NoteSummary:
    """A note as staff read it."""

    id: UUID
    author: str
    words: str
    mentions: tuple[str, ...]
    at: datetime


def notes_of(viewer: Viewer, case_id: UUID, *, is_blind: bool = False) -> tuple[NoteSummary, ...]:
    """Return the notes on a case, oldest first; a key reads those of its organisation.

    Who made the output reads none, staff or not: notes are about it, and perhaps about them. Who is
    to decide blindly reads what was written before anybody had, and their own.

    Raises:
        NotAllowed: the viewer is no review staff.
    """
    user_id = require_reader(viewer)
    found = CaseNote.objects.filter(case_id=case_id).exclude(case__asset__owner_id=user_id)
    if viewer.organisation_id is not None:
        found = found.filter(case__organisation_id=viewer.organisation_id)
    if is_blind:
        found = found.filter(Q(created_at__lt=F("case__decided_at")) | Q(author_id=user_id))
    rows = found.select_related("author").prefetch_related("mentions__person")
    return tuple(
        NoteSummary(
            id=note.pk,
            author=note.author.display_name,
            words=note.words,
            mentions=tuple(one.person.display_name for one in note.mentions.all()),
            at=note.created_at,
        )
        for note in rows.order_by("created_at", "id")
    )


def mentions_of(viewer: Viewer) -> QuerySet[Mention]:
    """Return where the viewer is called upon, what is unread first, then the newest.

    Raises:
        NotAllowed: the viewer is no review staff.
    """
    user_id = require_reader(viewer)
    own = Mention.objects.filter(person_id=user_id)
    if viewer.organisation_id is not None:
        own = own.filter(note__case__organisation_id=viewer.organisation_id)
    newest_first = own.order_by(F("read_at").asc(nulls_first=True), "-created_at", "-id")
    return newest_first.select_related("note__author", "note__case")


def unread_mentions(user_id: UUID) -> int:
    """Return how often somebody is called upon and has not looked."""
    return Mention.objects.filter(person_id=user_id, read_at=None).count()


def colleagues(viewer: Viewer, *, besides: UUID) -> QuerySet[User]:
    """Return whom a note can call upon, by name: who may read cases, but for two.

    Not the viewer, and not whoever is named: they made the output.

    Raises:
        NotAllowed: the viewer is no review staff.
    """
    user_id = require_reader(viewer)
    reads = Q(appointments__role__in=READERS, appointments__ended_at=None)
    found = User.objects.filter(reads, is_active=True).exclude(pk__in=[user_id, besides])
    return found.distinct().order_by("display_name", "pk")
