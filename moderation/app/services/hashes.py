"""Writes of the hash banks' entries: fingerprints that settle a matter without a score."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction

from moderation.app.fingerprints import Fingerprint, film_fingerprint
from moderation.app.models import HashBank, HashEntry, HashFrame
from moderation.app.roles import require_hash_keeper
from moderation.app.services.banks import bank_of, reason_of, standard_bank
from moderation.app.services.hash_records import PLATFORM, picture, record_entry
from moderation.core.film_hashes import InvalidFilmHash
from moderation.core.hashes import is_hash
from moderation.core.hazards import Hazard
from tidegate.accounts.viewers import Viewer
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

    `value` is 64 hexadecimal digits; of a film its hash as `core.film_hashes` reads it.

    Raises:
        NotAllowed: not a senior reviewer or policy admin.
        NotFound: no such bank.
        InvalidInput: unknown kind, effect or hazard, a value that is no such hash, no reason, or an
            expiry that has passed.
        Conflict: the fingerprint is already listed with another effect.
    """
    user_id = require_hash_keeper(viewer)
    if kind not in HashEntry.Kind.values or (
        bank_id is None and effect not in HashBank.Effect.values
    ):
        raise InvalidInput(
            f"A hash is one of {HashEntry.Kind.values} and means one of {HashBank.Effect.values}.",
            code="unknown_hash_kind",
            pointer="/kind",
        )
    listing = _fingerprint(HashEntry.Kind(kind), value)
    if hazard and hazard not in set(Hazard):
        raise InvalidInput("There is no such hazard.", code="unknown_hazard", pointer="/hazard")
    if len(source) > SOURCE_CHARACTERS or "\0" in source:
        raise InvalidInput("The source is too long.", code="invalid_length", pointer="/source")
    words = reason_of(reason, "A listing needs a reason.")
    _future(expires_at)
    bank = standard_bank(HashBank.Effect(effect)) if bank_id is None else bank_of(bank_id)
    other = (
        HashEntry.objects.filter(kind=kind, value=listing.value)
        .exclude(bank__effect=bank.effect)
        .select_related("bank")
        .first()
    )
    if other is not None:
        raise Conflict(f"This hash is already listed: {other.bank.effect}.", code="hash_listed")
    entry, is_new = HashEntry.objects.select_related("bank").get_or_create(
        bank=bank,
        kind=kind,
        value=listing.value,
        defaults={
            "reason": words,
            "hazard": hazard,
            "source": source.strip(),
            "expires_at": expires_at,
            "added_by_id": user_id,
        },
    )
    if is_new:
        keep_frames([(entry, listing)])
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


def keep_frames(listings: Iterable[tuple[HashEntry, Fingerprint]]) -> None:
    """Write the pictures that new entries of films are found by."""
    HashFrame.objects.bulk_create(
        HashFrame(
            entry=entry,
            value=frame.value,
            quality=frame.quality,
            at_ms=round(frame.at_seconds * 1_000),
        )
        for entry, listing in listings
        for frame in listing.frames
    )


def _fingerprint(kind: HashEntry.Kind, value: str) -> Fingerprint:
    if kind == HashEntry.Kind.VPDQ:
        try:
            return film_fingerprint(value)
        except InvalidFilmHash as error:
            raise InvalidInput(
                f"This is no hash of a film: {error}.", code="hash_invalid", pointer="/value"
            ) from error
    digits = value.strip().lower()
    if not is_hash(digits):
        raise InvalidInput(
            "A hash has 64 hexadecimal digits.", code="hash_invalid", pointer="/value"
        )
    return Fingerprint(kind, digits)


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
