"""Writes of the hash banks' entries: fingerprints that settle a matter without a score."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from moderation.app.fingerprints import fingerprints_of_asset
from moderation.app.models import Case, HashBank, HashEntry
from moderation.app.roles import require_hash_keeper
from moderation.app.services.banks import bank_of, reason_of, standard_bank
from moderation.app.services.hash_records import PLATFORM, picture, record_entry
from moderation.core.hashes import is_pdq
from moderation.core.hazards import Hazard
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.primitives.clock import now
from tidegate.primitives.errors import Conflict, InvalidInput, NotFound

SOURCE_CHARACTERS = 200


@transaction.atomic
def add_hash(
    *,
    kind: str,
    value: str,
    viewer: Viewer,
    reason: str,
    effect: str = "",
    bank_id: UUID | None = None,
    hazard: str = "",
    source: str = "",
    expires_at: datetime | None = None,
) -> HashEntry:
    """Put a fingerprint into a bank, or return the entry that already says the same.

    `effect` alone means the standard bank of that effect.

    Raises:
        NotAllowed: not a senior reviewer or policy admin.
        NotFound: no such bank.
        InvalidInput: unknown kind, effect or hazard, not 64 hexadecimal digits, no reason, or an
            expiry that has passed.
        Conflict: the fingerprint is already listed with another effect.
    """
    user_id = require_hash_keeper(viewer)
    digits = value.strip().lower()
    if kind not in HashEntry.Kind.values or (
        bank_id is None and effect not in HashBank.Effect.values
    ):
        raise InvalidInput(
            f"A hash is one of {HashEntry.Kind.values} and means one of {HashBank.Effect.values}.",
            code="unknown_hash_kind",
            pointer="/kind",
        )
    if not is_pdq(digits):
        raise InvalidInput(
            "A hash has 64 hexadecimal digits.", code="hash_invalid", pointer="/value"
        )
    if hazard and hazard not in set(Hazard):
        raise InvalidInput("There is no such hazard.", code="unknown_hazard", pointer="/hazard")
    if len(source) > SOURCE_CHARACTERS or "\0" in source:
        raise InvalidInput("The source is too long.", code="invalid_length", pointer="/source")
    words = reason_of(reason, "A listing needs a reason.")
    _future(expires_at)
    bank = standard_bank(HashBank.Effect(effect)) if bank_id is None else bank_of(bank_id)
    other = (
        HashEntry.objects.filter(kind=kind, value=digits)
        .exclude(bank__effect=bank.effect)
        .select_related("bank")
        .first()
    )
    if other is not None:
        raise Conflict(f"This hash is already listed: {other.bank.effect}.", code="hash_listed")
    entry, is_new = HashEntry.objects.select_related("bank").get_or_create(
        bank=bank,
        kind=kind,
        value=digits,
        defaults={
            "reason": words,
            "hazard": hazard,
            "source": source.strip(),
            "expires_at": expires_at,
            "added_by_id": user_id,
        },
    )
    if is_new:
        record_entry(Action.HASH_LISTED, entry, actor=viewer.actor(), reason=words, before=None)
    return entry


@transaction.atomic
def remove_hash(*, entry_id: UUID, viewer: Viewer, reason: str) -> None:
    """Take a fingerprint out of its bank; the trail keeps what it said.

    Raises:
        NotAllowed: not a senior reviewer or policy admin.
        NotFound: no such entry.
        InvalidInput: no reason.
    """
    require_hash_keeper(viewer)
    words = reason_of(reason, "A removal needs a reason.")
    entry = _locked(entry_id)
    before = picture(entry)
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


@transaction.atomic
def pause_hash(*, entry_id: UUID, viewer: Viewer, reason: str) -> HashEntry:
    """Let an entry match nothing until it is resumed; one that is paused stays as it is.

    Raises:
        NotAllowed, NotFound, InvalidInput: as `remove_hash`.
    """
    user_id = require_hash_keeper(viewer)
    words = reason_of(reason, "A pause needs a reason.")
    entry = _locked(entry_id)
    if entry.paused_at is not None:
        return entry
    before = picture(entry)
    entry.paused_at, entry.paused_because, entry.paused_by_id = now(), words, user_id
    entry.save(update_fields=["paused_at", "paused_because", "paused_by"])
    record_entry(Action.HASH_PAUSED, entry, actor=viewer.actor(), reason=words, before=before)
    return entry


@transaction.atomic
def resume_hash(*, entry_id: UUID, viewer: Viewer, reason: str) -> HashEntry:
    """Let a paused entry match again; its fuse counts from now on.

    Raises:
        NotAllowed, NotFound, InvalidInput: as `remove_hash`.
    """
    require_hash_keeper(viewer)
    words = reason_of(reason, "Resuming needs a reason.")
    entry = _locked(entry_id)
    if entry.paused_at is None:
        return entry
    before = picture(entry)
    entry.paused_at, entry.paused_because, entry.paused_by_id = None, "", None
    entry.paused_by_fuse = False
    entry.counted_from = now()
    entry.save(
        update_fields=[
            "paused_at",
            "paused_because",
            "paused_by",
            "paused_by_fuse",
            "counted_from",
        ]
    )
    record_entry(Action.HASH_RESUMED, entry, actor=viewer.actor(), reason=words, before=before)
    return entry


@transaction.atomic
def set_hash_expiry(
    *, entry_id: UUID, viewer: Viewer, expires_at: datetime | None, reason: str
) -> HashEntry:
    """Say until when an entry matches; None is for ever.

    Raises:
        NotAllowed, NotFound, InvalidInput: as `remove_hash`; also for a moment that has passed.
    """
    require_hash_keeper(viewer)
    words = reason_of(reason, "A change needs a reason.")
    _future(expires_at)
    entry = _locked(entry_id)
    if entry.expires_at == expires_at:
        return entry
    before = picture(entry)
    entry.expires_at = expires_at
    entry.save(update_fields=["expires_at"])
    record_entry(Action.HASH_CHANGED, entry, actor=viewer.actor(), reason=words, before=before)
    return entry


def list_output(*, asset: Asset, case: Case, viewer: Viewer, reason: str) -> list[HashEntry]:
    """Put a blocked output's fingerprints into the standard banks, in the decision's transaction.

    The same bytes, the same text and pictures that look the same will be blocked; a text that is
    merely near will be held, because one other word may make it another matter.

    The entries belong to the case's chain, because one transaction may write one chain only. A
    fingerprint that such a bank lists already stays as it is, also one that is paused: its fuse,
    or a person, had a reason. But a ruling to block is newer than an entry that was milder, and
    than one that has expired: these become entries of this case.
    """
    entries = []
    for kind, value in fingerprints_of_asset(asset):
        is_near = kind == HashEntry.Kind.SIMHASH
        bank = standard_bank(HashBank.Effect.HOLD if is_near else HashBank.Effect.BLOCK)
        entry, before = _ruled_out(bank, kind, value, case=case, viewer=viewer, reason=reason)
        if before is None or before != picture(entry):
            record_entry(
                Action.HASH_LISTED,
                entry,
                chain=f"organisation:{case.organisation_id}",
                actor=viewer.actor(),
                reason=reason,
                before=before,
                correlation_id=asset.correlation_id,
            )
        entries.append(entry)
    return entries


def _ruled_out(
    bank: HashBank, kind: HashEntry.Kind, value: str, *, case: Case, viewer: Viewer, reason: str
) -> tuple[HashEntry, dict[str, Any] | None]:
    """Return the entry that keeps a fingerprint out, and its picture before; None of a new one."""
    known = list(
        HashEntry.objects.select_for_update(of=("self",))
        .select_related("bank")
        .filter(kind=kind, value=value)
        .order_by("pk")
    )
    strict = {HashBank.Effect.BLOCK, bank.effect}
    blocks = [entry for entry in known if entry.bank.effect in strict]
    changing = (blocks or known)[:1]
    if not changing:
        entry, is_new = HashEntry.objects.select_related("bank").get_or_create(
            bank=bank,
            kind=kind,
            value=value,
            defaults={**_ruled(case, reason), "added_by_id": viewer.user_id},
        )
        return entry, None if is_new else picture(entry)
    entry = changing[0]
    before = picture(entry)
    is_over = entry.expires_at is not None and entry.expires_at <= now()
    if blocks and (entry.paused_at is not None or not is_over):
        return entry, before
    changes = {**_ruled(case, reason), "bank": entry.bank if blocks else bank, "expires_at": None}
    if not blocks:
        changes |= {"paused_at": None, "paused_because": "", "paused_by": None}
        changes |= {"paused_by_fuse": False, "counted_from": now()}
    for name, value_of in changes.items():
        setattr(entry, name, value_of)
    entry.save(update_fields=[*changes])
    return entry, before


def _ruled(case: Case, reason: str) -> dict[str, Any]:
    return {
        "hazard": case.hazards[0] if case.hazards else "",
        "reason": reason,
        "source": "case",
        "source_case": case,
    }


def _locked(entry_id: UUID) -> HashEntry:
    entry = (
        HashEntry.objects.select_for_update(of=("self",))
        .select_related("bank")
        .filter(pk=entry_id)
        .first()
    )
    if entry is None:
        raise NotFound("There is no such hash.", code="hash_not_found")
    return entry


def _future(moment: datetime | None) -> None:
    if moment is not None and (moment.tzinfo is None or moment <= now()):
        raise InvalidInput(
            "An expiry lies in the future and has a time zone.",
            code="in_the_past",
            pointer="/expires_at",
        )
