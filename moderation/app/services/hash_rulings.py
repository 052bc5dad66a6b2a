"""What a ruling to block puts into the standard banks: the fingerprints of the output."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q

from moderation.app.fingerprints import Fingerprint, fingerprints_of_asset
from moderation.app.models import Appeal, Case, HashBank, HashEntry
from moderation.app.services.banks import standard_bank
from moderation.app.services.hash_records import picture, record_entry
from moderation.app.services.hashes import keep_frames
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.primitives.clock import now


def lock_alike(asset: Asset) -> list[Fingerprint]:
    """Return the fingerprints of an output, and lock what lists them already.

    Before any chain is: verdicts lock entries first, too.
    """
    found = fingerprints_of_asset(asset)
    alike = Q(pk__in=[])
    for one in found:
        alike |= Q(kind=one.kind, value=one.value)
    list(HashEntry.objects.select_for_update(of=("self",)).filter(alike).order_by("pk"))
    return found


def list_output(
    fingerprints: Iterable[Fingerprint],
    *,
    asset: Asset,
    case: Case,
    viewer: Viewer,
    reason: str,
) -> list[HashEntry]:
    """Put a blocked output's fingerprints into the standard banks, in the decision's transaction.

    The same bytes, the same text and pictures that look the same will be blocked; a text that is
    merely near will be held, because one other word may make it another matter.

    The entries belong to the case's chain, because one transaction may write one chain only. A
    fingerprint that such a bank lists already stays as it is, also one that is paused: its fuse,
    or a person, had a reason. But a ruling to block is newer than an entry that was milder, and
    than one that has expired: these become entries of this case.
    """
    entries = []
    for found in fingerprints:
        is_near = found.kind == HashEntry.Kind.SIMHASH
        bank = standard_bank(HashBank.Effect.HOLD if is_near else HashBank.Effect.BLOCK)
        entry, before = _ruled_out(bank, found, case=case, viewer=viewer, reason=reason)
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


def lock_listed_by_appealed(answer: Case) -> list[HashEntry]:
    """Lock what a block put on the lists that its author appeals against in this open case.

    Before any chain is: verdicts lock entries first, too.
    """
    return list(
        HashEntry.objects.select_for_update(of=("self",))
        .select_related("bank")
        .filter(
            source_case__appeals_against__answer=answer,
            source_case__appeals_against__state=Appeal.State.OPEN,
            source_case__appeals_against__party=Appeal.Party.AUTHOR,
        )
        .order_by("pk")
    )


def unlist(entries: Iterable[HashEntry], *, answer: Case, viewer: Viewer, reason: str) -> None:
    """Take locked entries off the lists, in the transaction of the decision that overturns.

    An entry that was milder before the block is gone with it.
    """
    for entry in entries:
        before, key = picture(entry), entry.pk
        entry.delete()
        record(
            Action.HASH_UNLISTED,
            chain=f"organisation:{answer.organisation_id}",
            actor=viewer.actor(),
            subject_type="moderation.hash_entry",
            subject_id=str(key),
            before=before,
            after=None,
            reason=reason,
            correlation_id=answer.asset.correlation_id,
        )


def _ruled_out(
    bank: HashBank, found: Fingerprint, *, case: Case, viewer: Viewer, reason: str
) -> tuple[HashEntry, dict[str, Any] | None]:
    """Return the entry that keeps a fingerprint out, and its picture before; None of a new one."""
    known = list(
        HashEntry.objects.select_for_update(of=("self",))
        .select_related("bank")
        .filter(kind=found.kind, value=found.value)
        .order_by("pk")
    )
    strict = {HashBank.Effect.BLOCK, bank.effect}
    blocks = [entry for entry in known if entry.bank.effect in strict]
    changing = (blocks or known)[:1]
    if not changing:
        entry, is_new = HashEntry.objects.select_related("bank").get_or_create(
            bank=bank,
            kind=found.kind,
            value=found.value,
            defaults={**_ruled(case, reason), "added_by_id": viewer.user_id},
        )
        if is_new:
            keep_frames([(entry, found)])
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
        "hazard": next(iter(case.grounds), ""),
        "reason": reason,
        "source": "case",
        "source_case": case,
    }
