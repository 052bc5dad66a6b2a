"""Checkpoints given to somebody else: a web hook or an object store keeps what the file keeps.

`TIDEGATE_AUDIT_WITNESS_URL` names one: `https://…` is sent JSON Lines, signed as Standard Webhooks
1.0 asks for asymmetric keys (`v1a`, Ed25519, the key that signs checkpoints); `s3://BUCKET/PREFIX`
gets an object of the same lines, named by their first and last number. What is not taken is sent
again, with pauses that grow to ten minutes, in order, and nothing is left out.
"""

import base64
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx
import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.db import transaction

from tidegate.audit import export, keys
from tidegate.audit.models import Checkpoint, Witness
from tidegate.primitives.clock import now

log = structlog.get_logger(__name__)

AT_ONCE: Final = 500
TIMEOUT_SECONDS: Final = 10.0
_FIRST_PAUSE: Final = timedelta(seconds=10)
_LONGEST_PAUSE: Final = timedelta(minutes=10)
_ERROR_CHARACTERS: Final = 400


class NotTaken(Exception):
    """The witness did not take it; the message says why."""


def deliver() -> int:
    """Send the witness what it has not taken yet; return how many checkpoints it took.

    One process at a time. What was taken although its answer was lost is sent again: who receives
    keeps a checkpoint by its number.
    """
    url = settings.TIDEGATE_AUDIT_WITNESS_URL
    if not url:
        return 0
    Witness.objects.get_or_create(url=url)
    with transaction.atomic():
        witness = Witness.objects.select_for_update(skip_locked=True).filter(url=url).first()
        if witness is None or (witness.retry_at is not None and witness.retry_at > now()):
            return 0
        rows = list(
            Checkpoint.objects.filter(number__gt=witness.number).order_by("number")[:AT_ONCE]
        )
        if not rows:
            return 0
        try:
            _send(url, rows)
        except NotTaken as error:
            _note_failure(witness, str(error))
            return 0
        witness.number, witness.taken_at = rows[-1].number, now()
        witness.error, witness.failing_since, witness.retry_at, witness.tries = "", None, None, 0
        witness.save()
    return len(rows)


def failing() -> Witness | None:
    """Return the witness that does not take checkpoints now; None where all is well."""
    url = settings.TIDEGATE_AUDIT_WITNESS_URL
    return Witness.objects.filter(url=url, failing_since__isnull=False).first() if url else None


def _note_failure(witness: Witness, error: str) -> None:
    at = now()
    witness.tries += 1
    witness.error = error[:_ERROR_CHARACTERS]
    witness.failing_since = witness.failing_since or at
    witness.retry_at = at + min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(witness.tries - 1, 10))
    witness.save()
    log.error(
        "audit_witness_failing",
        error=witness.error,
        since=witness.failing_since.isoformat(),
        last_taken=witness.number,
    )


def _send(url: str, rows: Sequence[Checkpoint]) -> None:
    body = export.lines_of(rows)
    first, last = rows[0].number, rows[-1].number
    parts = urlsplit(url)
    if parts.scheme == "s3":
        _put(parts.netloc, parts.path.strip("/"), f"{first:012d}-{last:012d}.jsonl", body)
    else:
        _post(url, f"checkpoints-{first}-{last}", body)


def _post(url: str, message_id: str, body: bytes) -> None:
    try:
        answer = httpx.post(
            url,
            content=body,
            headers=signed_headers(message_id, body, at=now()),
            timeout=TIMEOUT_SECONDS,
            follow_redirects=False,
        )
    except httpx.HTTPError as error:
        raise NotTaken(f"{type(error).__name__}: {error}") from error
    if not answer.is_success:
        raise NotTaken(f"answered {answer.status_code}")


def signed_headers(message_id: str, body: bytes, *, at: datetime) -> dict[str, str]:
    """Return the headers of a message, signed (Standard Webhooks 1.0, asymmetric)."""
    stamp = str(int(at.timestamp()))
    key = keys.load_private(Path(settings.TIDEGATE_AUDIT_KEY_FILE))
    signature = key.sign(f"{message_id}.{stamp}.".encode() + body)
    return {
        "Content-Type": "application/x-ndjson",
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1a,{base64.b64encode(signature).decode()}",
    }


def _put(bucket: str, prefix: str, name: str, body: bytes) -> None:
    try:
        from storages.backends.s3 import S3Storage
    except ImproperlyConfigured as error:
        raise NotTaken(f"the extra 's3' is not installed: {error}") from error
    storage = S3Storage(bucket_name=bucket, location=prefix, file_overwrite=True)
    try:
        storage.save(name, ContentFile(body))
    except Exception as error:
        raise NotTaken(f"{type(error).__name__}: {error}") from error
