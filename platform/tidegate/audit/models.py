"""Entries and checkpoints. The database itself refuses UPDATE, DELETE and TRUNCATE on both."""

from typing import Any

from django.db import models
from django.db.models.functions import Now

from tidegate.audit import canonical
from tidegate.audit.sealing import SealedJSONField, SealedTextField, as_stored
from tidegate.primitives.models import Row


class Entry(Row):
    """One thing that was done. `seq` counts per chain from 1 without gaps, under a lock.

    `hash` is SHA-256 over the canonical bytes of everything else, `prev_hash` included.
    Order is by `seq`: `at` is what the clock said, and clocks go back. Personal values are sealed
    (see `sealing`): they are read opened, and hashed as they stand in the row.
    """

    chain = models.CharField(max_length=100)
    seq = models.BigIntegerField()
    at = models.DateTimeField()
    action = models.CharField(max_length=100)
    actor_kind = models.CharField(max_length=20)
    actor_id = models.CharField(max_length=200, blank=True)
    actor_label = SealedTextField(blank=True)
    subject_type = models.CharField(max_length=100)
    subject_id = models.CharField(max_length=200)
    before = SealedJSONField(null=True)
    after = SealedJSONField(null=True)
    reason = SealedTextField(blank=True)
    correlation_id = models.UUIDField()
    prev_hash = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)

    class Meta:
        db_table = "audit_entry"
        ordering = ("chain", "seq")
        constraints = [
            models.UniqueConstraint(fields=["chain", "seq"], name="audit_entry_seq_once_per_chain"),
            models.UniqueConstraint(
                fields=["chain", "prev_hash"], name="audit_entry_chain_never_forks"
            ),
            models.CheckConstraint(condition=models.Q(seq__gte=1), name="audit_entry_seq_from_one"),
        ]
        indexes = [
            models.Index(
                fields=["subject_type", "subject_id", "seq"], name="audit_entry_of_subject"
            ),
            models.Index(fields=["-at"], name="audit_entry_newest"),
            models.Index(fields=["correlation_id"], name="audit_entry_of_correlation"),
            models.Index(fields=["actor_id", "-at"], name="audit_entry_of_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.chain}#{self.seq} {self.action}"

    def document(self) -> dict[str, Any]:
        """Return what `hash` covers."""
        return {**self.content(), "seq": self.seq, "prev_hash": bytes(self.prev_hash).hex()}

    def content(self) -> dict[str, Any]:
        """Return what `hash` covers, without the entry's place in its chain."""
        return {
            "id": str(self.id),
            "chain": self.chain,
            "at": canonical.timestamp(self.at),
            "action": self.action,
            "actor": [self.actor_kind, self.actor_id, as_stored(self.actor_label)],
            "subject": [self.subject_type, self.subject_id],
            "before": as_stored(self.before),
            "after": as_stored(self.after),
            "reason": as_stored(self.reason),
            "correlation_id": str(self.correlation_id),
        }

    def sealed(self) -> dict[str, Any]:
        """Return the sealed values as they stand in the row, by field; only those."""
        kept = {
            name: (getattr(self, name), as_stored(getattr(self, name)))
            for name in ("actor_label", "before", "after", "reason")
        }
        return {name: stored for name, (read, stored) in kept.items() if read != stored}


class SubjectKey(models.Model):
    """The key of a person's values in the trail, wrapped; destroyed, they are erased for good."""

    subject = models.CharField(primary_key=True, max_length=100)
    wrapped = models.BinaryField(max_length=128, null=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "audit_subject_key"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(wrapped__isnull=False, destroyed_at__isnull=True)
                | models.Q(wrapped__isnull=True, destroyed_at__isnull=False),
                name="audit_subject_key_is_there_or_destroyed",
            ),
        ]

    def __str__(self) -> str:
        return self.subject


class Checkpoint(models.Model):
    """A signed statement that a chain had `entries` entries and ended with `hash`.

    `root` is the root of their Merkle tree (RFC 9162); checkpoints made before there were trees
    have none, and what they signed stays as it was.

    The key that signs is not in the database: who can rewrite every row still cannot sign.
    Checkpoints of all chains are numbered together, from 1 without gaps, under a lock.
    """

    number = models.BigIntegerField(primary_key=True)
    chain = models.CharField(max_length=100)
    seq = models.BigIntegerField()
    hash = models.BinaryField(max_length=32)
    entries = models.BigIntegerField()
    at = models.DateTimeField()
    root = models.BinaryField(max_length=32, null=True)
    key_id = models.CharField(max_length=64)
    signature = models.BinaryField(max_length=64)

    class Meta:
        db_table = "audit_checkpoint"
        ordering = ("chain", "seq")
        constraints = [
            models.UniqueConstraint(
                fields=["chain", "seq"], name="audit_checkpoint_once_per_chain_and_seq"
            ),
        ]

    def __str__(self) -> str:
        return f"checkpoint {self.number}: {self.chain}#{self.seq}"

    def document(self) -> dict[str, Any]:
        """Return what `signature` covers."""
        return {
            "number": self.number,
            "chain": self.chain,
            "seq": self.seq,
            "hash": bytes(self.hash).hex(),
            "entries": self.entries,
            "at": canonical.timestamp(self.at),
            "key_id": self.key_id,
            **({} if self.root is None else {"root": bytes(self.root).hex()}),
        }


class Witness(models.Model):
    """Who keeps checkpoints outside: how far it has taken them, and since when it does not."""

    url = models.CharField(primary_key=True, max_length=500)
    number = models.BigIntegerField(default=0, help_text="The last checkpoint that it took.")
    taken_at = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=400, blank=True, default="")
    failing_since = models.DateTimeField(null=True)
    retry_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "audit_witness"

    def __str__(self) -> str:
        return self.url


class TreeNode(models.Model):
    """The root of a complete subtree of a chain's Merkle tree: 2**level leaves, the `index`-th."""

    pk = models.CompositePrimaryKey("chain", "level", "index")
    chain = models.CharField(max_length=100)
    level = models.PositiveSmallIntegerField()
    index = models.BigIntegerField()
    hash = models.BinaryField(max_length=32)

    class Meta:
        db_table = "audit_tree_node"

    def __str__(self) -> str:
        return f"{self.chain}: {self.level}/{self.index}"
