"""Tables of the hash banks: lists of fingerprints, what a match means, and what matched."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from moderation.app.models.gate import REASON_CHARACTERS, Case
from tidegate.primitives.models import Row

NAME_CHARACTERS = 80
SOURCE_CHARACTERS = 200


class HashBank(Row):
    """A list of fingerprints that all mean the same when they match.

    `enabled_share` is the part of all content that the bank has a say about; which part is drawn
    from the bank and the content, so asking again draws the same.
    """

    class Effect(models.TextChoices):
        """What a match means."""

        BLOCK = "block"
        HOLD = "hold"
        ALLOW = "allow"

    name = models.CharField(max_length=NAME_CHARACTERS, unique=True)
    effect = models.CharField(max_length=8, choices=Effect)
    enabled_share = models.FloatField(default=1.0, help_text="0 (off) to 1 (all content).")
    fuse_matches = models.PositiveIntegerField(
        null=True, help_text="Different contents an entry may match; empty: as configured."
    )
    fuse_seconds = models.PositiveIntegerField(
        null=True, help_text="Within how long; empty: as configured."
    )

    class Meta:
        db_table = "moderation_hash_bank"
        constraints = [
            models.CheckConstraint(
                condition=Q(effect__in=["block", "hold", "allow"]),
                name="moderation_bank_effect_known",
            ),
            models.CheckConstraint(
                condition=Q(enabled_share__gte=0.0, enabled_share__lte=1.0),
                name="moderation_bank_share_is_a_share",
            ),
            models.CheckConstraint(
                condition=(Q(fuse_matches__isnull=True) | Q(fuse_matches__gte=1))
                & (Q(fuse_seconds__isnull=True) | Q(fuse_seconds__gte=1)),
                name="moderation_bank_fuse_can_blow",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.effect})"


class HashEntry(Row):
    """A fingerprint in a bank. One that has expired or is paused matches nothing."""

    class Kind(models.TextChoices):
        """What was hashed, and how."""

        SHA256 = "sha256"
        PDQ = "pdq"
        TEXT = "text"
        SIMHASH = "simhash"
        VPDQ = "vpdq"

    EXACT: ClassVar[frozenset[str]] = frozenset({Kind.SHA256, Kind.TEXT})

    bank = models.ForeignKey(HashBank, on_delete=models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=8, choices=Kind)
    value = models.CharField(
        max_length=64, help_text="64 lower-case hexadecimal digits; of a film's its digest."
    )
    hazard = models.CharField(max_length=32, blank=True, default="")
    reason = models.CharField(max_length=REASON_CHARACTERS)
    source = models.CharField(
        max_length=SOURCE_CHARACTERS, blank=True, default="", help_text="Who says so."
    )
    tags = models.JSONField(default=list)
    source_case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="+")
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    expires_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    paused_because = models.CharField(max_length=REASON_CHARACTERS, blank=True, default="")
    paused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    paused_by_fuse = models.BooleanField(default=False)
    counted_from = models.DateTimeField(
        null=True, help_text="When it was last resumed: the fuse forgets what matched before."
    )

    class Meta:
        db_table = "moderation_hash_entry"
        constraints = [
            models.UniqueConstraint(
                fields=["bank", "kind", "value"], name="moderation_hash_once_in_a_bank"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["sha256", "pdq", "text", "simhash", "vpdq"]),
                name="moderation_hash_kind_known",
            ),
            models.CheckConstraint(
                condition=Q(value__regex=r"^[0-9a-f]{64}$"), name="moderation_hash_is_hexadecimal"
            ),
            models.CheckConstraint(
                condition=Q(
                    paused_at__isnull=True,
                    paused_because="",
                    paused_by__isnull=True,
                    paused_by_fuse=False,
                )
                | (Q(paused_at__isnull=False) & ~Q(paused_because="")),
                name="moderation_paused_hash_says_why",
            ),
        ]
        indexes = [
            models.Index(fields=["value"], name="moderation_hash_value"),
            models.Index(
                fields=["-paused_at"],
                condition=Q(paused_at__isnull=False),
                name="moderation_hash_paused",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.value[:12]}… ({self.bank_id})"

    def is_live(self, at: datetime) -> bool:
        """Whether it matches anything at that moment."""
        return self.paused_at is None and (self.expires_at is None or self.expires_at > at)


class HashFrame(Row):
    """A picture of a listed film: one of the hashes that an entry of the kind vpdq is made of."""

    entry = models.ForeignKey(HashEntry, on_delete=models.CASCADE, related_name="frames")
    value = models.CharField(max_length=64, help_text="PDQ: 64 lower-case hexadecimal digits.")
    quality = models.PositiveSmallIntegerField(help_text="0 (flat) to 100.")
    at_ms = models.PositiveBigIntegerField(help_text="When it is seen, milliseconds.")

    class Meta:
        db_table = "moderation_hash_frame"
        constraints = [
            models.UniqueConstraint(
                fields=["entry", "value"], name="moderation_frame_once_in_a_film"
            ),
            models.CheckConstraint(
                condition=Q(value__regex=r"^[0-9a-f]{64}$"), name="moderation_frame_is_hexadecimal"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.value[:12]}… at {self.at_ms} ms"


class HashMatch(Row):
    """An entry matched a content for the first time; the same content again adds nothing."""

    entry = models.ForeignKey(HashEntry, on_delete=models.CASCADE, related_name="matches")
    content = models.CharField(max_length=64, help_text="SHA-256 of what was matched.")
    asset = models.ForeignKey("assets.Asset", null=True, on_delete=models.PROTECT, related_name="+")
    distance = models.PositiveSmallIntegerField(default=0)

    class Meta:
        db_table = "moderation_hash_match"
        constraints = [
            models.UniqueConstraint(
                fields=["entry", "content"], name="moderation_hash_match_once_per_content"
            ),
        ]
        indexes = [
            models.Index(fields=["entry", "-created_at"], name="moderation_hash_match_recent")
        ]

    def __str__(self) -> str:
        return f"{self.entry_id} matched {self.content[:12]}…"
