"""Giving a record up without losing it, looking at such records, and trying them again."""

import traceback
from base64 import b64encode
from hashlib import sha256
from uuid import UUID

from django.db import connection, transaction

from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.contracts.envelope import Envelope
from tidegate.contracts.operations import DeadLetterRecorded
from tidegate.events.models import DeadLetter, Outbox
from tidegate.events.services import CHANNEL, announce
from tidegate.primitives.actor import Actor
from tidegate.primitives.clock import now
from tidegate.primitives.errors import NotFound
from tidegate.primitives.ids import new_id
from tidegate.streams.records import Incoming

_TOPIC_BYTES = 64 * 1024
_ERROR_CHARACTERS = 8_000

_BURY = """
INSERT INTO events_dead_letter (id, consumer, event_id, type, correlation_id, topic, partition,
    "offset", key, value, value_sha256, error, attempts, state, replays)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'open', 0)
ON CONFLICT {conflict} DO UPDATE SET state = 'open', error = EXCLUDED.error,
    attempts = EXCLUDED.attempts, partition = EXCLUDED.partition, "offset" = EXCLUDED."offset"
    WHERE events_dead_letter.state <> 'open'
RETURNING id
"""
_ONE_PER_EVENT = "(consumer, event_id) WHERE event_id IS NOT NULL"
_ONE_PER_RECORD = '(consumer, topic, partition, "offset", value_sha256) WHERE event_id IS NULL'


@transaction.atomic
def bury(
    *,
    consumer: str,
    incoming: Incoming,
    envelope: Envelope | None,
    error: Exception | str,
    attempts: int,
) -> UUID | None:
    """Write the dead letter and announce it on the topic of dead letters, or neither.

    Returns its id, or None where this record lies there already.
    """
    value = incoming.value or b""
    digest = sha256(value)
    event_id = envelope.id if envelope else None
    event_type = envelope.type[:120].replace("\x00", "") if envelope else ""
    with connection.cursor() as cursor:
        cursor.execute(
            _BURY.format(conflict=_ONE_PER_EVENT if event_id else _ONE_PER_RECORD),
            [
                new_id(),
                consumer,
                event_id,
                event_type,
                envelope.correlation_id if envelope else None,
                incoming.topic,
                incoming.partition,
                incoming.offset,
                incoming.key,
                incoming.value,
                digest.digest(),
                _text(error),
                attempts,
            ],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    letter_id: UUID = row[0]
    announce(
        DeadLetterRecorded(
            letter_id=letter_id,
            consumer=consumer,
            event_id=event_id,
            event_type=event_type,
            topic=incoming.topic,
            partition=incoming.partition,
            offset=incoming.offset,
            error=_text(error)[:500],
            value_bytes=len(value),
            value_sha256=digest.hexdigest(),
            value_base64=b64encode(value).decode() if len(value) <= _TOPIC_BYTES else "",
        ),
        correlation_id=envelope.correlation_id if envelope else None,
    )
    return letter_id


@transaction.atomic
def replay(*, letter_id: UUID, actor: Actor, reason: str = "") -> DeadLetter:
    """Publish a dead letter's record again; its consumer alone will handle it once more.

    The record goes through the outbox like every event. Other consumers have it in their
    inboxes and pass over it. The marker of this consumer, if there is one, is removed.

    Raises:
        NotFound: there is no such letter.
    """
    letter = DeadLetter.objects.select_for_update().filter(pk=letter_id).first()
    if letter is None:
        raise NotFound("There is no such dead letter.", code="dead_letter_not_found")
    before = letter.state
    # What nobody could read has no event id by which its replay could close this letter.
    letter.state = DeadLetter.State.REPLAYED if letter.event_id else DeadLetter.State.RESOLVED
    letter.replays += 1
    letter.replayed_at = now()
    letter.save(update_fields=["state", "replays", "replayed_at"])
    with connection.cursor() as cursor:
        if letter.event_id is not None:
            cursor.execute(
                "DELETE FROM events_inbox WHERE consumer = %s AND event_id = %s",
                [letter.consumer, letter.event_id],
            )
        owed = Outbox.objects.filter(event_id=letter.event_id or letter.id)
        if not owed.update(published_at=None, settled=False):
            Outbox.objects.create(
                event_id=letter.event_id or letter.id,
                type=letter.type,
                topic=letter.topic,
                key=bytes(letter.key or b"").decode("utf-8", errors="replace").replace("\x00", ""),
                value=bytes(letter.value or b""),
                correlation_id=letter.correlation_id or letter.id,
            )
        cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])
    record(
        Action.DEAD_LETTER_REPLAYED,
        chain="platform",
        actor=actor,
        subject_type="events.dead_letter",
        subject_id=str(letter.id),
        before={"state": before},
        after={"state": str(letter.state), "replays": letter.replays},
        reason=reason,
        correlation_id=letter.correlation_id,
    )
    return letter


def _text(error: Exception | str) -> str:
    """Return what went wrong, with the traceback of an exception, fit for a database."""
    if isinstance(error, str):
        text = error
    else:
        text = f"{type(error).__name__}: {error}\n" + "".join(traceback.format_exception(error))
    encodable = text.encode("utf-8", errors="backslashreplace").decode()
    return encodable.replace("\x00", "\\x00")[:_ERROR_CHARACTERS]
