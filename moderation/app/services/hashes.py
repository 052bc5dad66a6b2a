"""Writes of the hash lists: fingerprints that settle a matter without a score."""

from typing import Any
from uuid import UUID

from django.db import transaction

from moderation.app.fingerprints import fingerprints_of_asset
from moderation.app.models import REASON_CHARACTERS, Case, HashEntry
from moderation.app.roles import require_hash_keeper
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.primitives.actor import Actor
from tidegate.primitives.errors import Conflict, InvalidInput, NotFound

_HEXADECIMAL = frozenset("0123456789abcdef")
_DIGITS = 64
PLATFORM = "platform"


@transaction.atomic
def add_hash(
    *, kind: str, value: str, effect: str, viewer: Viewer, reason: str, hazard: str = ""
) -> HashEntry:
    """Put a fingerprint on a list, or return the entry that already says the same.

    Raises:
        NotAllowed: not a senior reviewer or policy admin.
        InvalidInput: unknown kind or effect, not 64 hexadecimal digits, or no reason.
        Conflict: the fingerprint is already listed with another effect.
    """
    user_id = require_hash_keeper(viewer)
    digits = value.strip().lower()
    if kind not in HashEntry.Kind.values or effect not in HashEntry.Effect.values:
        raise InvalidInput(
            f"A hash is one of {HashEntry.Kind.values} and means one of {HashEntry.Effect.values}.",
            code="unknown_hash_kind",
            pointer="/kind",
        )
    if len(digits) != _DIGITS or not _HEXADECIMAL.issuperset(digits):
        raise InvalidInput(
            "A hash has 64 hexadecimal digits.", code="hash_invalid", pointer="/value"
        )
    words = reason.strip()
    if not 0 < len(words) <= REASON_CHARACTERS:
        raise InvalidInput("A listing needs a reason.", code="reason_missing", pointer="/reason")
    entry, is_new = HashEntry.objects.get_or_create(
        kind=kind,
        value=digits,
        defaults={"effect": effect, "reason": words, "hazard": hazard, "added_by_id": user_id},
    )
    if not is_new and entry.effect != effect:
        raise Conflict(f"This hash is already listed: {entry.effect}.", code="hash_listed")
    if is_new:
        _record(Action.HASH_LISTED, entry, chain=PLATFORM, actor=viewer.actor(), reason=words)
    return entry


@transaction.atomic
def remove_hash(*, entry_id: UUID, viewer: Viewer, reason: str) -> None:
    """Take a fingerprint off its list; the trail keeps what it said.

    Raises:
        NotAllowed: not a senior reviewer or policy admin.
        NotFound: no such entry.
        InvalidInput: no reason.
    """
    require_hash_keeper(viewer)
    words = reason.strip()
    if not 0 < len(words) <= REASON_CHARACTERS:
        raise InvalidInput("A removal needs a reason.", code="reason_missing", pointer="/reason")
    entry = HashEntry.objects.select_for_update().filter(pk=entry_id).first()
    if entry is None:
        raise NotFound("There is no such hash.", code="hash_not_found")
    before = _picture(entry)
    entry.delete()
    record(
        Action.HASH_UNLISTED,
        chain=PLATFORM,
        actor=viewer.actor(),
        subject_type="moderation.hash_entry",
        subject_id=str(entry_id),
        before=before,
        after=None,
        reason=words,
    )


def list_output(*, asset: Asset, case: Case, viewer: Viewer, reason: str) -> list[HashEntry]:
    """Put a blocked output's fingerprints on the block list, in the decision's transaction.

    The entries belong to the case's chain, because one transaction may write one chain only.
    A fingerprint that is already listed stays as it is, except that a ruling to block is newer
    than an entry that allowed the same bytes.
    """
    entries = []
    for kind, value in fingerprints_of_asset(asset):
        entry, is_new = HashEntry.objects.select_for_update().get_or_create(
            kind=kind,
            value=value,
            defaults={
                "effect": HashEntry.Effect.BLOCK,
                "hazard": case.hazards[0] if case.hazards else "",
                "reason": reason,
                "source_case": case,
                "added_by_id": viewer.user_id,
            },
        )
        if not is_new and entry.effect != HashEntry.Effect.BLOCK:
            entry.effect = HashEntry.Effect.BLOCK
            entry.save(update_fields=["effect"])
            is_new = True
        if is_new:
            _record(
                Action.HASH_LISTED,
                entry,
                chain=f"organisation:{case.organisation_id}",
                actor=viewer.actor(),
                reason=reason,
                correlation_id=asset.correlation_id,
            )
        entries.append(entry)
    return entries


def _picture(entry: HashEntry) -> dict[str, Any]:
    return {
        "kind": str(entry.kind),
        "value": entry.value,
        "effect": str(entry.effect),
        "hazard": entry.hazard,
    }


def _record(
    action: Action,
    entry: HashEntry,
    *,
    chain: str,
    actor: Actor,
    reason: str,
    correlation_id: UUID | None = None,
) -> None:
    record(
        action,
        chain=chain,
        actor=actor,
        subject_type="moderation.hash_entry",
        subject_id=str(entry.pk),
        before=None,
        after=_picture(entry),
        reason=reason,
        correlation_id=correlation_id,
    )
