"""Writes about uploads: brought along, screened, given back, swept."""

import logging
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from tidegate.accounts.viewers import Viewer
from tidegate.assets import storage
from tidegate.assets.models import Blob
from tidegate.assets.sweeping import forget_blob
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.contracts.ports import Ruling, gate
from tidegate.primitives.actor import Actor
from tidegate.primitives.clock import now
from tidegate.primitives.correlation import correlation_id as current_correlation_id
from tidegate.primitives.errors import Conflict, NotAllowed
from tidegate.projects.selectors import standing
from tidegate.uploads import selectors
from tidegate.uploads.models import Upload
from tidegate.uploads.pictures import MEDIA_TYPE, Picture, read_picture

logger = logging.getLogger(__name__)

KEPT_FOR: Final = timedelta(days=7)
MOST_AT_ONCE: Final = 500
_SWEPT_AFTER: Final = timedelta(minutes=10)
_BATCH: Final = 100
_SWEEPER: Final = Actor.system("uploads")
_STATES: Final = {
    "release": Upload.State.ACCEPTED,
    "hold": Upload.State.HELD,
    "block": Upload.State.REFUSED,
}


def add_upload(*, viewer: Viewer, project_id: UUID, data: bytes) -> tuple[Upload, bool]:
    """Take a picture in and ask the gate about it; say whether it is a new one.

    The same file again in the same project is the first upload, kept for another week. While the
    gate cannot answer, the upload is held and is asked about again; refused bytes are not stored.

    Raises:
        InvalidInput, TooLarge: as `read_picture`.
        NotFound: no such project for this viewer.
        NotAllowed: the viewer may look into the project but not make anything in it.
        Conflict: the viewer has as many uploads as one may have.
        OSError: the storage refused the bytes; no row was written.
    """
    if viewer.user_id is None:
        raise NotAllowed("Sign in to bring a picture along.", code="not_signed_in")
    place = standing(viewer, project_id)
    if not place.may_generate:
        raise NotAllowed(
            "You may look into this project, but not make anything in it.", code="may_not_generate"
        )
    picture = read_picture(data)
    known = _prolonged(viewer.user_id, project_id, picture)
    if known is not None:
        return known, False
    if selectors.uploads_of(viewer).count() >= MOST_AT_ONCE:
        raise Conflict(
            f"You keep {MOST_AT_ONCE} uploads already; give some back first.", code="upload_limit"
        )
    correlation = current_correlation_id()
    ruling = gate().screen_image(
        image=picture.data, source_sha256=picture.source_sha256, correlation_id=correlation
    )
    at = now()
    upload = Upload(
        owner_id=viewer.user_id,
        organisation_id=place.project.organisation_id,
        project_id=project_id,
        media_type=MEDIA_TYPE,
        width=picture.width,
        height=picture.height,
        source_sha256=picture.source_sha256,
        source_type=picture.source_type,
        correlation_id=correlation,
        expires_at=at + KEPT_FOR,
    )
    _apply(upload, ruling, at=at)
    if upload.state != Upload.State.REFUSED:
        upload.blob_id = storage.put(picture.data)
    try:
        with transaction.atomic():
            if upload.blob_id is not None:
                _insert_blob(upload.blob_id, len(picture.data))
            upload.save(force_insert=True)
            _left(upload, Action.UPLOAD_ADDED, actor=viewer.actor(), before=None)
    except IntegrityError:
        # Sent twice at the same moment: the other request's row is the upload.
        first = _prolonged(viewer.user_id, project_id, picture)
        if first is None:
            raise
        return first, False
    return upload, True


@transaction.atomic
def remove_upload(*, viewer: Viewer, upload_id: UUID) -> None:
    """Give an upload back: nobody finds it from here on, and its bytes go within minutes.

    A job that works on it already keeps what it needs. Raises NotFound.
    """
    selectors.upload_for(viewer, upload_id)
    upload = Upload.objects.select_for_update().get(pk=upload_id)
    upload.expires_at = now()
    upload.save(update_fields=["expires_at"])
    _left(upload, Action.UPLOAD_REMOVED, actor=viewer.actor(), before=upload.state)


def screen_upload(*, upload_id: UUID) -> Upload | None:
    """Ask for the owed answer about an upload; None when nothing is owed any more.

    The question is asked outside the transaction; whoever answers first counts.
    """
    owed = Upload.objects.filter(pk=upload_id, screened_at=None).first()
    if owed is None or owed.blob_id is None:
        return None
    ruling = gate().screen_image(
        image=storage.read(owed.blob_id),
        source_sha256=owed.source_sha256,
        correlation_id=owed.correlation_id,
    )
    if ruling.verdict == "unavailable":
        return owed
    with transaction.atomic():
        upload = Upload.objects.select_for_update().filter(pk=upload_id, screened_at=None).first()
        if upload is None:
            return None
        before = upload.state
        _apply(upload, ruling, at=now())
        upload.save()
        _left(upload, Action.UPLOAD_SCREENED, actor=_SWEEPER, before=before)
    return upload


def sweep_uploads() -> int:
    """Screen what is owed, then drop what has expired; return how many rows went.

    Bytes that a job, an asset or another upload refers to stay.
    """
    _screen_owed()
    over = Upload.objects.filter(expires_at__lt=now() - _SWEPT_AFTER)
    swept = 0
    for upload_id in list(over.values_list("pk", flat=True)[:_BATCH]):
        with transaction.atomic():
            gone = over.filter(pk=upload_id).select_for_update(skip_locked=True).first()
            if gone is None:
                continue
            blob_id, gone_id = gone.blob_id, gone.pk
            gone.delete()
            gone.pk = gone_id
            _left(gone, Action.UPLOAD_SWEPT, actor=_SWEEPER, before=gone.state)
        swept += 1
        if blob_id is not None:
            forget_blob(blob_id)
    return swept


def _screen_owed() -> None:
    owed = Upload.objects.filter(screened_at=None, expires_at__gt=now()).order_by("id")
    for upload_id in list(owed.values_list("pk", flat=True)[:_BATCH]):
        try:
            upload = screen_upload(upload_id=upload_id)
        except (OSError, storage.DamagedBlob):
            # Bytes that cannot be read now must not keep the others waiting.
            logger.exception("an upload cannot be read", extra={"upload_id": str(upload_id)})
            continue
        if upload is not None and upload.screened_at is None:
            return  # the gate is still away: the next run asks again


def _prolonged(owner_id: UUID, project_id: UUID, picture: Picture) -> Upload | None:
    """Return the upload of this very file, kept for another week, or None."""
    same = Upload.objects.filter(
        owner_id=owner_id, project_id=project_id, source_sha256=picture.source_sha256
    )
    with transaction.atomic():
        upload = same.select_for_update(of=("self",)).select_related("blob").first()
        if upload is None:
            return None
        upload.expires_at = now() + KEPT_FOR
        upload.save(update_fields=["expires_at"])
    return upload


def _apply(upload: Upload, ruling: Ruling, *, at: datetime) -> None:
    """Write a ruling into an upload; `unavailable` changes nothing: the answer is still owed."""
    if ruling.verdict == "unavailable":
        return
    upload.move_to(_STATES[ruling.verdict], at=at)
    upload.screening_policy = ruling.policy_version
    upload.reasons = list(ruling.reasons)


def _insert_blob(sha256: str, size: int) -> None:
    Blob.objects.bulk_create(
        [Blob(sha256=sha256, size=size, media_type=MEDIA_TYPE)], ignore_conflicts=True
    )


def _left(upload: Upload, action: Action, *, actor: Actor, before: str | None) -> None:
    """Record a change. Call it last: it locks a chain."""
    record(
        action,
        chain=f"organisation:{upload.organisation_id}",
        actor=actor,
        subject_type="uploads.upload",
        subject_id=str(upload.pk),
        before=None if before is None else {"state": before},
        after={
            "state": str(upload.state),
            "source_sha256": upload.source_sha256,
            "sha256": upload.blob_id or "",
        },
        correlation_id=upload.correlation_id,
    )
