"""Writes of matches: what an entry matched, and the fuse that pauses one that matches too much."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from moderation.app.configuration import configuration
from moderation.app.judgement import Judgement, without
from moderation.app.models import HashEntry, HashMatch
from moderation.app.services.hash_records import PLATFORM, picture, record_entry
from tidegate.assets.models import Asset
from tidegate.audit.actions import Action
from tidegate.primitives.actor import Actor
from tidegate.primitives.clock import now

FUSE = Actor.system("moderation")


def note_matches(judgement: Judgement, *, correlation_id: UUID) -> Judgement:
    """Count what matched a prompt or a picture that no asset is made of; see `count`."""
    if not judgement.hash_hits:
        return judgement  # nearly every prompt, and a request waits for it
    with transaction.atomic():
        return count(judgement, asset=None, correlation_id=correlation_id)


def count(judgement: Judgement, *, asset: Asset | None, correlation_id: UUID) -> Judgement:
    """Count the matches of a judgement, inside the caller's transaction, and say what stands.

    An entry that has now matched more different contents than its bank's fuse allows is paused.
    The match that was one too many no longer counts, and neither does one by an entry that was
    paused, expired or taken off since the output was looked at: such an output is held (see
    `judgement.without`), so a person sees it and the entry. Entries are locked in the order of
    their ids, after the asset, before the case and the chain.
    """
    hits = {hit["entry"]: hit for hit in judgement.hash_hits if hit["entry"]}
    if not hits:
        return judgement
    entries = HashEntry.objects.select_for_update(of=("self",), no_key=True).select_related("bank")
    found = {str(entry.pk): entry for entry in entries.filter(pk__in=hits).order_by("pk")}
    moment = now()
    gone = {key for key in hits if key not in found or not found[key].is_live(moment)}
    for key, entry in found.items():
        if key not in gone and _is_one_too_many(entry, hits[key], asset):
            _blow(entry, asset=asset, correlation_id=correlation_id)
            gone.add(key)
    return without(judgement, gone) if gone else judgement


def _is_one_too_many(entry: HashEntry, hit: Mapping[str, Any], asset: Asset | None) -> bool:
    """Record the match; the same content again is no other content, and never too many."""
    _, is_new = HashMatch.objects.get_or_create(
        entry=entry,
        content=hit["content"],
        defaults={"asset": asset, "distance": hit["distance"]},
    )
    if not is_new:
        return False
    most, seconds = _fuse(entry)
    recent = HashMatch.objects.filter(
        entry=entry, created_at__gt=now() - timedelta(seconds=seconds)
    )
    if entry.counted_from is not None:
        recent = recent.filter(created_at__gt=entry.counted_from)
    return recent.count() > most


def _fuse(entry: HashEntry) -> tuple[int, float]:
    limits = configuration()
    bank = entry.bank
    return (
        limits.fuse_matches if bank.fuse_matches is None else bank.fuse_matches,
        limits.fuse_seconds if bank.fuse_seconds is None else bank.fuse_seconds,
    )


def _blow(entry: HashEntry, *, asset: Asset | None, correlation_id: UUID) -> None:
    most, seconds = _fuse(entry)
    before = picture(entry)
    entry.paused_at = now()
    entry.paused_by_fuse = True
    entry.paused_because = f"It matched more than {most} different contents in {seconds:g} s."
    entry.save(update_fields=["paused_at", "paused_by_fuse", "paused_because"])
    record_entry(
        Action.HASH_FUSED,
        entry,
        # One transaction writes one chain: a verdict's is its organisation's.
        chain=PLATFORM if asset is None else f"organisation:{asset.organisation_id}",
        actor=FUSE,
        before=before,
        reason=entry.paused_because,
        correlation_id=correlation_id,
    )
