"""Reads of the hash banks for staff: banks with their counts, entries, lists for others."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Count, Max, Prefetch, Q, QuerySet

from moderation.app.models import HashBank, HashEntry, HashFrame, HashMatch
from moderation.app.roles import require_hash_reader, require_reader
from moderation.core import exchange
from moderation.core.exchange import Descriptor
from moderation.core.film_hashes import Frame
from tidegate.accounts.viewers import Viewer
from tidegate.primitives.clock import now
from tidegate.primitives.errors import FieldError, InvalidInput, NotFound

_AT_ONCE: Final = 2_000
ENTRY_STATES: Final = ("all", "live", "paused", "fused", "expired")


@dataclass(frozen=True, slots=True)
class BankSummary:
    """A bank with how many entries it has, and how many of them are paused or have expired."""

    bank: HashBank
    entries: int
    paused: int
    expired: int


def banks(viewer: Viewer) -> list[BankSummary]:
    """Return every bank, by name.

    Raises:
        NotAllowed: the viewer is no review staff.
    """
    require_hash_reader(viewer)
    counted = HashBank.objects.annotate(
        all_entries=Count("entries"),
        paused=Count("entries", filter=Q(entries__paused_at__isnull=False)),
        expired=Count("entries", filter=Q(entries__expires_at__lte=now())),
    )
    return [
        BankSummary(bank, bank.all_entries, bank.paused, bank.expired)
        for bank in counted.order_by("name")
    ]


def bank_for(viewer: Viewer, bank_id: UUID) -> HashBank:
    """Return one bank.

    Raises:
        NotAllowed: the viewer is no review staff.
        NotFound: no such bank.
    """
    require_hash_reader(viewer)
    bank = HashBank.objects.filter(pk=bank_id).first()
    if bank is None:
        raise NotFound("There is no such bank.", code="bank_not_found")
    return bank


def bank_named(viewer: Viewer, name: str) -> HashBank:
    """Return the bank of a name; errors as `bank_for`."""
    require_hash_reader(viewer)
    bank = HashBank.objects.filter(name=name).first()
    if bank is None:
        raise NotFound("There is no such bank.", code="bank_not_found")
    return bank


def hash_entries(
    viewer: Viewer,
    *,
    bank_id: UUID | None = None,
    state: str = "all",
    kind: str = "",
    value: str = "",
) -> QuerySet[HashEntry]:
    """Return entries with `match_count` and `matched_at`, filtered; unordered.

    `value` is the beginning of a hash.

    Raises:
        NotAllowed: the viewer is no review staff.
        InvalidInput: an unknown state or kind.
    """
    require_reader(viewer)
    entries = HashEntry.objects.select_related("bank", "added_by", "paused_by")
    if state not in ENTRY_STATES:
        raise _not_offered("state")
    if kind and kind not in HashEntry.Kind.values:
        raise _not_offered("kind")
    moment = now()
    is_over = Q(expires_at__lte=moment)
    entries = {
        "all": entries,
        "live": entries.filter(~is_over | Q(expires_at=None), paused_at=None),
        "paused": entries.exclude(paused_at=None),
        "fused": entries.filter(paused_by_fuse=True),
        "expired": entries.filter(is_over),
    }[state]
    if bank_id is not None:
        entries = entries.filter(bank_id=bank_id)
    if kind:
        entries = entries.filter(kind=kind)
    if value:
        entries = entries.filter(value__startswith=value.strip().lower().replace("\0", ""))
    return entries.annotate(match_count=Count("matches"), matched_at=Max("matches__created_at"))


def hash_entry_for(viewer: Viewer, entry_id: UUID) -> HashEntry:
    """Return one entry as `hash_entries` does.

    Raises:
        NotAllowed: the viewer is no review staff.
        NotFound: no such entry.
    """
    entry = hash_entries(viewer).filter(pk=entry_id).first()
    if entry is None:
        raise NotFound("There is no such hash.", code="hash_not_found")
    return entry


def matches_of(viewer: Viewer, entry_id: UUID, *, limit: int = 50) -> list[HashMatch]:
    """Return the newest contents that an entry matched; errors as `hash_entry_for`.

    A key sees its own organisation's only.
    """
    hash_entry_for(viewer, entry_id)
    matches = HashMatch.objects.filter(entry_id=entry_id)
    if viewer.organisation_id is not None:
        matches = matches.filter(asset__organisation_id=viewer.organisation_id)
    return list(matches.order_by("-created_at", "-id")[:limit])


def exported(viewer: Viewer, *, bank_id: UUID, form: str) -> str:
    """Return a bank's entries as others read them (`moderation.core.exchange`).

    What is paused is left out: what was found to be wrong is not handed on.

    Raises:
        NotAllowed, NotFound: as `bank_for`.
        InvalidInput: an unknown form.
    """
    bank = bank_for(viewer, bank_id)
    for known in exchange.FORMS:
        if form == known:
            return exchange.write(_descriptors(bank), known, effect=bank.effect)
    raise _not_offered("form")


def _descriptors(bank: HashBank) -> Iterator[Descriptor]:
    entries = HashEntry.objects.filter(bank=bank, paused_at=None).order_by("pk")
    frames = Prefetch("frames", HashFrame.objects.order_by("at_ms", "pk"))
    for line, entry in enumerate(entries.prefetch_related(frames).iterator(_AT_ONCE), 1):
        yield Descriptor(
            line=line,
            kind=entry.kind,
            value=entry.value,
            frames=tuple(
                Frame(frame.value, frame.quality, frame.at_ms / 1_000)
                for frame in entry.frames.all()
            ),
            hazard=entry.hazard,
            tags=tuple(entry.tags),
            owner=entry.source,
            description=entry.reason,
            expires_at=entry.expires_at,
        )


def _not_offered(field: str) -> InvalidInput:
    message = f"There is no such {field}."
    return InvalidInput(errors=[FieldError(f"/{field}", "invalid_choice", message)])
