"""Taking up lists of hashes that others exchange: all of a list or nothing of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from moderation.app.fingerprints import Fingerprint
from moderation.app.models import HashBank, HashEntry
from moderation.app.roles import require_hash_importer
from moderation.app.services.banks import bank_of, reason_of
from moderation.app.services.hash_records import record_bank
from moderation.app.services.hashes import keep_frames
from moderation.core import exchange
from moderation.core.exchange import Descriptor
from tidegate.accounts.viewers import Viewer
from tidegate.audit.actions import Action
from tidegate.primitives.errors import FieldError, InvalidInput

MOST_LINES: Final = 200_000
_AT_ONCE: Final = 2_000
_SHOWN_FAULTS: Final = 100
_TAKEN: Final = ("hazard", "reason", "source", "tags", "expires_at")


@dataclass(frozen=True, slots=True)
class Imported:
    """How many entries a list added, changed, and found as they are."""

    added: int
    changed: int
    unchanged: int


@transaction.atomic
def import_hashes(
    *, bank_id: UUID, text: str, form: exchange.Form, viewer: Viewer, reason: str
) -> Imported:
    """Put every hash of a list into a bank; the same list again changes nothing.

    What stands in the bank already takes hazard, tags, owner, description and expiry from the list,
    but stays paused if it is. What the list does not name stays.

    Raises:
        NotAllowed: not a senior reviewer, policy admin or the platform itself.
        NotFound: no such bank.
        InvalidInput: naming each line that is wrong (a hundred of them at most), or no reason.
    """
    user_id = require_hash_importer(viewer)
    words = reason_of(reason, "An import needs a reason.")
    # Two imports into one bank wait for each other: each sees what the other has put there.
    bank = bank_of(bank_id, is_locked=True)
    descriptors = _read(text, form, bank)
    added = changed = 0
    for at in range(0, len(descriptors), _AT_ONCE):
        new, different = _take(bank, descriptors[at : at + _AT_ONCE], words, user_id)
        added += new
        changed += different
    done = Imported(added, changed, len(descriptors) - added - changed)
    record_bank(
        Action.BANK_IMPORTED,
        bank,
        actor=viewer.actor(),
        reason=words,
        before=None,
        after={
            "bank": bank.name,
            "list_sha256": sha256(text.encode("utf-8", "replace")).hexdigest(),
            "added": done.added,
            "changed": done.changed,
            "unchanged": done.unchanged,
        },
    )
    return done


def _read(text: str, form: exchange.Form, bank: HashBank) -> list[Descriptor]:
    try:
        descriptors = exchange.read(text, form, effect=bank.effect)
    except exchange.InvalidList as error:
        raise InvalidInput(
            f"Lines that are wrong: {len(error.faults)}; nothing was taken.",
            errors=[
                FieldError(
                    f"/{fault.line}/{fault.field}",
                    "hash_list_invalid",
                    f"line {fault.line}: {fault.field}: {fault.message}",
                )
                for fault in error.faults[:_SHOWN_FAULTS]
            ],
        ) from error
    if len(descriptors) > MOST_LINES:
        raise InvalidInput(
            errors=[
                FieldError(
                    "/list", "hash_list_invalid", f"A list has at most {MOST_LINES} lines; cut it."
                )
            ]
        )
    return descriptors


def _take(
    bank: HashBank, descriptors: Sequence[Descriptor], reason: str, user_id: UUID | None
) -> tuple[int, int]:
    """Insert and update some lines; return how many of each."""
    known = {
        (entry.kind, entry.value): entry
        for entry in HashEntry.objects.select_for_update()
        .filter(bank=bank, value__in=[one.value for one in descriptors])
        .order_by("pk")
    }
    new: list[tuple[HashEntry, Fingerprint]] = []
    different: list[HashEntry] = []
    for one in descriptors:
        entry = known.get((one.kind, one.value))
        said = _said(one, reason if entry is None else entry.reason)
        if entry is None:
            entry = HashEntry(
                bank=bank, kind=one.kind, value=one.value, added_by_id=user_id, **said
            )
            new.append((entry, Fingerprint(HashEntry.Kind(one.kind), one.value, one.frames)))
        elif any(getattr(entry, name) != value for name, value in said.items()):
            for name, value in said.items():
                setattr(entry, name, value)
            different.append(entry)
    HashEntry.objects.bulk_create(entry for entry, _ in new)
    keep_frames(new)
    HashEntry.objects.bulk_update(different, _TAKEN)
    return len(new), len(different)


def _said(one: Descriptor, reason: str) -> dict[str, Any]:
    """Return what a line says; of one without a description the reason is that of its listing."""
    return {
        "hazard": one.hazard,
        "reason": one.description or reason,
        "source": one.owner,
        "tags": list(one.tags),
        "expires_at": one.expires_at,
    }
