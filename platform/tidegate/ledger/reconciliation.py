"""Proving the ledger from its own entries: every running figure follows from the movements."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection


@dataclass(frozen=True, slots=True)
class Drift:
    """One thing that does not add up. `where` names the entry, the subject or the organisation."""

    where: str
    why: str

    def __str__(self) -> str:
        return f"{self.where}: {self.why}"


@dataclass(frozen=True, slots=True)
class Totals:
    """What was looked at, in entries and organisations, and the four pots in credits."""

    entries: int
    organisations: int
    available: int
    reserved: int
    issued: int
    earned: int


_TOTALS = """
WITH moved AS (
    SELECT COALESCE(sum(amount) FILTER (WHERE target = pot.name), 0)
         - COALESCE(sum(amount) FILTER (WHERE source = pot.name), 0) AS held, pot.name
      FROM (VALUES ('available'), ('reserved'), ('issued'), ('earned')) AS pot (name)
      LEFT JOIN ledger_entry ON true GROUP BY pot.name
)
SELECT (SELECT count(*) FROM ledger_entry),
       (SELECT count(DISTINCT organisation_id) FROM ledger_entry),
       max(held) FILTER (WHERE name = 'available'), max(held) FILTER (WHERE name = 'reserved'),
       max(held) FILTER (WHERE name = 'issued'), max(held) FILTER (WHERE name = 'earned')
  FROM moved
"""

# Every entry is compared with the sum of all movements up to it: a changed amount, a removed or
# an added row shows at the first entry whose figures no longer follow.
_FIGURES = """
SELECT organisation_id, seq, place, available_after, available, reserved_after, reserved
  FROM (
    SELECT organisation_id, seq, available_after, reserved_after,
           row_number() OVER chain AS place,
           sum(amount * ((target = 'available')::int - (source = 'available')::int)) OVER chain
               AS available,
           sum(amount * ((target = 'reserved')::int - (source = 'reserved')::int)) OVER chain
               AS reserved
      FROM ledger_entry WINDOW chain AS (PARTITION BY organisation_id ORDER BY seq)
  ) AS fold
 WHERE place <> seq OR available <> available_after OR reserved <> reserved_after
    OR available < 0 OR reserved < 0
 ORDER BY organisation_id, seq LIMIT %(limit)s
"""

_SUBJECTS = """
SELECT subject_type, subject_id, set_aside, used, charged, refunded
  FROM (
    SELECT subject_type, subject_id,
           COALESCE(sum(amount) FILTER (WHERE kind = 'reserve'), 0) AS set_aside,
           COALESCE(sum(amount) FILTER (WHERE source = 'reserved'), 0) AS used,
           COALESCE(sum(amount) FILTER (WHERE kind = 'charge'), 0) AS charged,
           COALESCE(sum(amount) FILTER (WHERE kind = 'refund'), 0) AS refunded,
           count(DISTINCT organisation_id) AS payers
      FROM ledger_entry GROUP BY subject_type, subject_id
  ) AS fold
 WHERE used > set_aside OR refunded > charged OR charged - refunded > set_aside OR payers > 1
 ORDER BY subject_id LIMIT %(limit)s
"""


def totals() -> Totals:
    """Return the sums over all entries."""
    with connection.cursor() as cursor:
        cursor.execute(_TOTALS)
        return Totals(*(int(value or 0) for value in cursor.fetchone()))


def drifts(*, limit: int = 100) -> Iterator[Drift]:
    """Yield what does not add up among the entries themselves, at most `limit` of each sort."""
    for organisation, seq, place, available, summed, reserved, aside in _rows(_FIGURES, limit):
        where = f"organisation {organisation}, entry {seq}"
        if place != seq:
            yield Drift(where, f"is number {place} of its organisation: one is missing or added")
        if (available, reserved) != (summed, aside):
            yield Drift(
                where,
                f"says {available} available and {reserved} reserved;"
                f" the movements come to {summed} and {aside}",
            )
        elif min(summed, aside) < 0:
            yield Drift(where, f"is overdrawn: {summed} available, {aside} reserved")
    for kind, subject, aside, used, charged, refunded in _rows(_SUBJECTS, limit):
        yield Drift(
            f"{kind} {subject}",
            f"{aside} were reserved, {used} of them used;"
            f" {charged} were charged, {refunded} of them refunded",
        )


def _rows(query: str, limit: int) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, {"limit": limit})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
