"""The entries. The database itself refuses UPDATE, DELETE and TRUNCATE on them."""

from django.db import models
from django.db.models import F, Q

from tidegate.accounts.models import Organisation
from tidegate.primitives.models import Row


class Kind(models.TextChoices):
    """Why credits moved."""

    GRANT = "grant"
    PURCHASE = "purchase"
    RESERVE = "reserve"
    RELEASE = "release"
    CHARGE = "charge"
    REFUND = "refund"
    ADJUSTMENT = "adjustment"


class Pot(models.TextChoices):
    """Where credits lie: two pots of each organisation, two of the platform."""

    AVAILABLE = "available"
    RESERVED = "reserved"
    ISSUED = "issued"
    EARNED = "earned"


MOVEMENTS: dict[Kind, frozenset[tuple[Pot, Pot]]] = {
    Kind.GRANT: frozenset({(Pot.ISSUED, Pot.AVAILABLE)}),
    Kind.PURCHASE: frozenset({(Pot.ISSUED, Pot.AVAILABLE)}),
    Kind.RESERVE: frozenset({(Pot.AVAILABLE, Pot.RESERVED)}),
    Kind.RELEASE: frozenset({(Pot.RESERVED, Pot.AVAILABLE)}),
    # From what is available where an output that was refunded is delivered after all.
    Kind.CHARGE: frozenset({(Pot.RESERVED, Pot.EARNED), (Pot.AVAILABLE, Pot.EARNED)}),
    Kind.REFUND: frozenset({(Pot.EARNED, Pot.AVAILABLE)}),
    Kind.ADJUSTMENT: frozenset({(Pot.ISSUED, Pot.AVAILABLE), (Pot.AVAILABLE, Pot.ISSUED)}),
}
"""Every movement there is, from one pot to another: what leaves the one arrives in the other."""


def _known_movement() -> Q:
    known = Q()
    for kind, ways in MOVEMENTS.items():
        for source, target in sorted(ways):
            known |= Q(kind=kind.value, source=source.value, target=target.value)
    return known


class Entry(Row):
    """One movement of `amount` credits from the pot `source` to the pot `target`.

    `seq` counts per organisation from 1 without gaps, under a lock on the payer; `available_after`
    and `reserved_after` are its two pots after the movement, so the last entry is the balance and
    no row is ever updated. `subject_id` is the job (or grant) it is about, `output_index` which of
    its outputs, `occasion` which time (0: the settlement; else the asset's visibility version):
    together with `kind` they happen once. `quantity` says into how many equal parts a reservation
    falls. `reason` is a code.
    """

    # No constraint in the database: organisations are never removed, and the check would lock
    # their row in every submission.
    organisation = models.ForeignKey(
        Organisation,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    source = models.CharField(max_length=9, choices=Pot.choices)
    target = models.CharField(max_length=9, choices=Pot.choices)
    amount = models.BigIntegerField()
    quantity = models.PositiveSmallIntegerField(default=1)
    subject_type = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    output_index = models.PositiveSmallIntegerField(null=True, blank=True)
    occasion = models.PositiveIntegerField(default=0)
    reason = models.CharField(max_length=40, blank=True)
    available_after = models.BigIntegerField()
    reserved_after = models.BigIntegerField()
    correlation_id = models.UUIDField()

    class Meta:
        db_table = "ledger_entry"
        ordering = ("organisation", "seq")
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "seq"], name="ledger_entry_seq_once_per_organisation"
            ),
            models.UniqueConstraint(
                fields=["subject_id", "kind", "output_index", "occasion"],
                nulls_distinct=False,
                name="ledger_entry_once_per_occasion",
            ),
            models.CheckConstraint(condition=Q(seq__gte=1), name="ledger_entry_seq_from_one"),
            models.CheckConstraint(condition=Q(amount__gte=1), name="ledger_entry_moves_something"),
            models.CheckConstraint(
                condition=Q(quantity__gte=1) & Q(amount__gte=F("quantity")),
                name="ledger_entry_parts_hold_something",
            ),
            models.CheckConstraint(condition=_known_movement(), name="ledger_entry_movement_known"),
            models.CheckConstraint(
                condition=Q(available_after__gte=0, reserved_after__gte=0),
                name="ledger_entry_never_overdrawn",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id}#{self.seq} {self.kind} {self.amount}"
