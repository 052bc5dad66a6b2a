"""Every reading of the trail but its verification."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from tidegate.audit.models import Checkpoint, Entry


def trail(subject_type: str, subject_id: str) -> QuerySet[Entry]:
    """Return everything that was ever done to one subject, in order."""
    return Entry.objects.filter(subject_type=subject_type, subject_id=subject_id).order_by("seq")


def entries(
    *,
    chain: str | None = None,
    action: str | None = None,
    actor_id: str | None = None,
    subject_type: str | None = None,
    subject_id: str | None = None,
    correlation_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[Entry]:
    """Return the entries that match every value given, newest first (by id, which rises)."""
    asked: Mapping[str, str | UUID | datetime | None] = {
        "chain": chain,
        "action": action,
        "actor_id": actor_id,
        "subject_type": subject_type,
        "subject_id": subject_id,
        "correlation_id": correlation_id,
        "at__gte": since,
        "at__lt": until,
    }
    wanted = {name: value for name, value in asked.items() if value is not None}
    return Entry.objects.filter(**wanted).order_by("-id")


def last_checkpoints(limit: int = 5) -> QuerySet[Checkpoint]:
    """Return the newest signed checkpoints of any chain, newest first."""
    return Checkpoint.objects.order_by("-number")[:limit]


def timeline(correlation_id: UUID) -> QuerySet[Entry]:
    """Return everything that one request led to, in every chain, in the order that it happened."""
    return Entry.objects.filter(correlation_id=correlation_id).order_by("id")


def correlations_of(subject_id: str, limit: int = 10) -> list[UUID]:
    """Return the requests that a subject had a part in, the newest first."""
    rows = Entry.objects.filter(subject_id=subject_id).order_by("-id")
    return list(dict.fromkeys(rows.values_list("correlation_id", flat=True)[:200]))[:limit]
