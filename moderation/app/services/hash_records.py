"""What the trail keeps of hash entries and banks, and where."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from moderation.app.models import HashBank, HashEntry
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.primitives.actor import Actor

PLATFORM = "platform"


def picture(entry: HashEntry) -> dict[str, Any]:
    """Return what the trail keeps of an entry."""
    return {
        "kind": str(entry.kind),
        "value": entry.value,
        "bank": entry.bank.name,
        "effect": str(entry.bank.effect),
        "hazard": entry.hazard,
        "source": entry.source,
        "expires_at": entry.expires_at.isoformat() if entry.expires_at else "",
        "paused": entry.paused_because,
    }


def picture_of_bank(bank: HashBank) -> dict[str, Any]:
    """Return what the trail keeps of a bank."""
    return {
        "name": bank.name,
        "effect": str(bank.effect),
        "enabled_share": str(bank.enabled_share),
        "fuse_matches": bank.fuse_matches,
        "fuse_seconds": bank.fuse_seconds,
    }


def record_entry(
    action: Action,
    entry: HashEntry,
    *,
    actor: Actor,
    reason: str,
    before: Mapping[str, Any] | None,
    chain: str = PLATFORM,
    correlation_id: UUID | None = None,
) -> None:
    """Append a change of an entry to a chain."""
    record(
        action,
        chain=chain,
        actor=actor,
        subject_type="moderation.hash_entry",
        subject_id=str(entry.pk),
        before=before,
        after=picture(entry),
        reason=reason,
        correlation_id=correlation_id,
    )


def record_bank(
    action: Action,
    bank: HashBank,
    *,
    actor: Actor,
    reason: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Append a change of a bank to the platform's chain."""
    record(
        action,
        chain=PLATFORM,
        actor=actor,
        subject_type="moderation.hash_bank",
        subject_id=str(bank.pk),
        before=before,
        after=picture_of_bank(bank) if after is None else after,
        reason=reason,
    )
