"""Writes of hash banks: making one, its share of the traffic, its fuse."""

import math
from typing import Final
from uuid import UUID

from django.db import transaction

from moderation.app.models import REASON_CHARACTERS, HashBank
from moderation.app.roles import require_bank_admin
from moderation.app.services.hash_records import picture_of_bank, record_bank
from tidegate.accounts.viewers import Viewer
from tidegate.audit.actions import Action
from tidegate.primitives.errors import Conflict, InvalidInput, NotFound

NAME_CHARACTERS: Final = 80
MOST_MATCHES: Final = 1_000_000
MOST_SECONDS: Final = 30 * 24 * 3_600


def standard_bank(effect: HashBank.Effect) -> HashBank:
    """Return the bank that an effect alone means: the one that is named like it."""
    bank, _ = HashBank.objects.get_or_create(name=effect.value, defaults={"effect": effect})
    return bank


@transaction.atomic
def create_bank(
    *,
    name: str,
    effect: str,
    viewer: Viewer,
    reason: str,
    enabled_share: float = 1.0,
    fuse_matches: int | None = None,
    fuse_seconds: int | None = None,
) -> HashBank:
    """Make an empty bank.

    Raises:
        NotAllowed: not a policy admin.
        InvalidInput: a name, effect, share or fuse that cannot be, or no reason.
        Conflict: the name is taken.
    """
    require_bank_admin(viewer)
    words = reason_of(reason, "A bank needs a reason.")
    title = name.strip()
    if not 0 < len(title) <= NAME_CHARACTERS or "\0" in title:
        raise InvalidInput(
            f"A bank's name has 1 to {NAME_CHARACTERS} characters.",
            code="invalid_length",
            pointer="/name",
        )
    if effect not in HashBank.Effect.values:
        raise InvalidInput(
            f"A bank means one of {HashBank.Effect.values}.",
            code="invalid_choice",
            pointer="/effect",
        )
    _require_share(enabled_share)
    _require_fuse(fuse_matches, fuse_seconds)
    bank, is_new = HashBank.objects.get_or_create(
        name=title,
        defaults={
            "effect": effect,
            "enabled_share": enabled_share,
            "fuse_matches": fuse_matches,
            "fuse_seconds": fuse_seconds,
        },
    )
    if not is_new:
        raise Conflict("There is a bank of this name.", code="bank_name_taken")
    record_bank(Action.BANK_CREATED, bank, actor=viewer.actor(), reason=words, before=None)
    return bank


@transaction.atomic
def change_bank(
    *,
    bank_id: UUID,
    viewer: Viewer,
    reason: str,
    enabled_share: float,
    fuse_matches: int | None,
    fuse_seconds: int | None,
) -> HashBank:
    """Set a bank's share of the traffic and its fuse; None means as configured.

    Raises:
        NotAllowed: not a policy admin.
        NotFound: no such bank.
        InvalidInput: a share or fuse that cannot be, or no reason.
    """
    require_bank_admin(viewer)
    words = reason_of(reason, "A change needs a reason.")
    _require_share(enabled_share)
    _require_fuse(fuse_matches, fuse_seconds)
    bank = bank_of(bank_id, is_locked=True)
    before = picture_of_bank(bank)
    bank.enabled_share = enabled_share
    bank.fuse_matches = fuse_matches
    bank.fuse_seconds = fuse_seconds
    if picture_of_bank(bank) == before:
        return bank
    bank.save(update_fields=["enabled_share", "fuse_matches", "fuse_seconds"])
    record_bank(Action.BANK_CHANGED, bank, actor=viewer.actor(), reason=words, before=before)
    return bank


def bank_of(bank_id: UUID, *, is_locked: bool = False) -> HashBank:
    """Return a bank, or raise NotFound."""
    banks = HashBank.objects.select_for_update(no_key=True) if is_locked else HashBank.objects.all()
    bank = banks.filter(pk=bank_id).first()
    if bank is None:
        raise NotFound("There is no such bank.", code="bank_not_found")
    return bank


def reason_of(reason: str, refusal: str) -> str:
    """Return a reason without blanks around it, or raise InvalidInput with the refusal."""
    words = reason.strip()
    if not 0 < len(words) <= REASON_CHARACTERS or "\0" in words:
        raise InvalidInput(refusal, code="reason_missing", pointer="/reason")
    return words


def _require_share(share: float) -> None:
    if not math.isfinite(share) or not 0.0 <= share <= 1.0:
        raise InvalidInput(
            "A share lies between 0 and 1.", code="out_of_range", pointer="/enabled_share"
        )


def _require_fuse(matches: int | None, seconds: int | None) -> None:
    for name, value, most in (
        ("fuse_matches", matches, MOST_MATCHES),
        ("fuse_seconds", seconds, MOST_SECONDS),
    ):
        if value is not None and not 1 <= value <= most:
            raise InvalidInput(
                f"This lies between 1 and {most}.", code="out_of_range", pointer=f"/{name}"
            )
