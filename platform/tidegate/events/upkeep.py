"""Keeping the outbox honest and small."""

import logging
from datetime import timedelta

from django.db import connection, transaction

from tidegate.events import debts
from tidegate.events.services import CHANNEL

logger = logging.getLogger(__name__)

PATIENCE = timedelta(seconds=60)
KEEP_OUTBOX = timedelta(days=7)
KEEP_INBOX = timedelta(days=30)
KEEP_LETTERS = timedelta(days=90)


_RETAIN_OUTBOX = """
DELETE FROM events_outbox WHERE settled AND published_at < now() - %s * interval '1 second'
"""
_RETAIN_INBOX = """
DELETE FROM events_inbox i WHERE i.handled_at < now() - %s * interval '1 second'
AND NOT EXISTS (SELECT FROM events_outbox o WHERE o.event_id = i.event_id)
"""
_RETAIN_LETTERS = """
DELETE FROM events_dead_letter
WHERE state = 'resolved' AND created_at < now() - %s * interval '1 second'
"""


@transaction.atomic
def reconcile(*, patience: timedelta = PATIENCE) -> int:
    """Settle events that every listener has; owe again those somebody lacks. Return how many.

    This is the last net: whatever a broker, a relay or a consumer did, an event that went out
    longer than `patience` ago and did not arrive goes out again.
    """
    with connection.cursor() as cursor:
        cursor.execute(debts.SETTLE, {**debts.wanted()})
        cursor.execute(debts.OWE_AGAIN, {**debts.wanted(), "patience": patience.total_seconds()})
        owed = int(cursor.rowcount)
        if owed:
            cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])
    if owed:
        logger.warning("%s events had not arrived everywhere and go out again", owed)
    return owed


def retain(
    *,
    outbox: timedelta = KEEP_OUTBOX,
    inbox: timedelta = KEEP_INBOX,
    letters: timedelta = KEEP_LETTERS,
) -> tuple[int, int, int]:
    """Delete settled events, old markers and resolved letters; return how many of each.

    A marker outlives its event in the outbox, or a late redelivery would be handled twice; the
    broker must not keep records longer than `inbox`.
    """
    with connection.cursor() as cursor:
        cursor.execute(_RETAIN_OUTBOX, [outbox.total_seconds()])
        events = cursor.rowcount
        cursor.execute(_RETAIN_INBOX, [inbox.total_seconds()])
        markers = cursor.rowcount
        cursor.execute(_RETAIN_LETTERS, [letters.total_seconds()])
        return events, markers, cursor.rowcount
