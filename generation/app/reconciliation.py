"""Proving that jobs and ledger say the same: every job paid for as its outputs say."""

import logging
from collections.abc import Iterator
from typing import Any

from django.db import connection, transaction

from tidegate.ledger import reconciliation as ledger
from tidegate.ledger.reconciliation import Drift, Totals

logger = logging.getLogger("generation.credits")

_RESERVATIONS = """
WITH reservation AS (
    SELECT aside.organisation_id, aside.subject_id, aside.amount, aside.quantity,
           COALESCE(sum(spent.amount) FILTER (WHERE spent.source = 'reserved'), 0) AS used
      FROM ledger_entry AS aside
      LEFT JOIN ledger_entry AS spent
        ON spent.subject_id = aside.subject_id AND spent.kind <> 'reserve'
     WHERE aside.kind = 'reserve' AND aside.subject_type = 'generation.job'
     GROUP BY aside.organisation_id, aside.subject_id, aside.amount, aside.quantity
)
"""
# Each query follows the one above, and returns a job and a sentence about it.
_CHECKS = (
    """
    SELECT reservation.subject_id, format(
             'is no job, but %%s credits were reserved and %%s of them used',
             reservation.amount, reservation.used)
      FROM reservation LEFT JOIN generation_job AS job ON job.id = reservation.subject_id
     WHERE job.id IS NULL LIMIT %(limit)s
    """,
    """
    SELECT job.id, format('is %%s, but %%s of its %%s reserved credits are not settled',
                          job.state, reservation.amount - reservation.used, reservation.amount)
      FROM reservation JOIN generation_job AS job ON job.id = reservation.subject_id
     WHERE job.ended_at IS NOT NULL AND reservation.used <> reservation.amount LIMIT %(limit)s
    """,
    """
    SELECT job.id, format('costs %%s credits for %%s outputs; reserved are %%s for %%s',
                          job.cost_credits, job.outputs_wanted, reservation.amount,
                          reservation.quantity)
      FROM reservation JOIN generation_job AS job ON job.id = reservation.subject_id
     WHERE job.cost_credits <> reservation.amount OR job.outputs_wanted <> reservation.quantity
        OR job.organisation_id <> reservation.organisation_id LIMIT %(limit)s
    """,
    # A job older than its organisation's first entry is from before the ledger; a prompt that
    # was refused at once was never accepted.
    """
    SELECT job.id, format('is %%s and nothing was reserved for it', job.state)
      FROM generation_job AS job
      JOIN ledger_entry AS opening
        ON opening.organisation_id = job.organisation_id AND opening.seq = 1
     WHERE job.created_at > opening.created_at AND job.state <> 'refused'
       AND NOT EXISTS (SELECT FROM ledger_entry AS aside
                        WHERE aside.subject_id = job.id AND aside.kind = 'reserve')
     LIMIT %(limit)s
    """,
    # A charge with a reason is what the rates keep of an output that was not delivered.
    """
    SELECT subject_id, format('output %%s is %%s', output_index, CASE
               WHEN charged THEN 'charged and was not delivered' ELSE 'delivered and not charged'
           END)
      FROM (
        SELECT COALESCE(charge.subject_id, asset.job_id) AS subject_id,
               COALESCE(charge.output_index, asset.output_index) AS output_index,
               charge.subject_id IS NOT NULL AS charged
          FROM (SELECT subject_id, output_index FROM ledger_entry
                 WHERE kind = 'charge' AND source = 'reserved' AND reason = ''
                   AND subject_type = 'generation.job') AS charge
          FULL JOIN (SELECT made.job_id, made.output_index
                       FROM assets_asset AS made
                       JOIN reservation ON reservation.subject_id = made.job_id
                      WHERE made.output_index < reservation.quantity) AS asset
            ON asset.job_id = charge.subject_id AND asset.output_index = charge.output_index
         WHERE charge.subject_id IS NULL OR asset.job_id IS NULL
      ) AS unlike
     LIMIT %(limit)s
    """,
    """
    SELECT reservation.subject_id, format(
             'output %%s used %%s credits of the reservation, its share is %%s',
             spent.output_index, sum(spent.amount), reservation.amount / reservation.quantity)
      FROM reservation
      JOIN ledger_entry AS spent
        ON spent.subject_id = reservation.subject_id AND spent.source = 'reserved'
     GROUP BY reservation.subject_id, reservation.amount, reservation.quantity, spent.output_index
    HAVING sum(spent.amount) <> reservation.amount / reservation.quantity LIMIT %(limit)s
    """,
)


def reconcile(*, limit: int = 100) -> tuple[Totals, list[Drift]]:
    """Return the sums of the ledger and everything that does not add up, in one snapshot.

    A job's end and its settlement commit together, so work in flight is no drift.
    """
    with transaction.atomic():
        if not _is_inside_another():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return ledger.totals(), [*ledger.drifts(limit=limit), *_of_jobs(limit)]


def report() -> None:
    """Log everything that does not add up as an error, and say so when everything does."""
    totals, found = reconcile()
    for drift in found:
        logger.error("the ledger drifts: %s", drift)
    if not found:
        logger.info("the ledger adds up: %s", totals)


def _of_jobs(limit: int) -> Iterator[Drift]:
    for query in _CHECKS:
        rows: list[tuple[Any, str]]
        with connection.cursor() as cursor:
            cursor.execute(_RESERVATIONS + query, {"limit": limit})
            rows = cursor.fetchall()
        for job_id, why in rows:
            yield Drift(f"job {job_id}", why)


def _is_inside_another() -> bool:
    # The isolation of a transaction is chosen before its first query.
    return len(connection.savepoint_ids) > 0
