"""Who may see and use an upload: its owner, until it expires. Nobody else, not even staff."""

from uuid import UUID

from django.db.models import Q, QuerySet

from tidegate.accounts.viewers import Viewer
from tidegate.primitives.clock import now
from tidegate.primitives.errors import NotFound
from tidegate.uploads.models import Upload


def uploads_of(viewer: Viewer) -> QuerySet[Upload]:
    """Return the viewer's own uploads that have not expired, newest first.

    A key is confined to its organisation.
    """
    uploads = Upload.objects.order_by("-id")
    if viewer.user_id is None:
        return uploads.none()
    own = Q(owner_id=viewer.user_id, expires_at__gt=now())
    if viewer.organisation_id is not None:
        own &= Q(organisation_id=viewer.organisation_id)
    return uploads.filter(own)


def upload_for(viewer: Viewer, upload_id: UUID) -> Upload:
    """Return one upload, or raise NotFound."""
    upload = uploads_of(viewer).select_related("blob").filter(pk=upload_id).first()
    if upload is None:
        raise NotFound("There is no such upload.", code="upload_not_found")
    return upload


def visible_upload(viewer: Viewer, upload_id: UUID) -> Upload:
    """Return an upload whose bytes the viewer may look at: their own, unless it was refused.

    Raises:
        NotFound: there is none; the same as for media that nobody has.
    """
    upload = (
        uploads_of(viewer)
        .select_related("blob")
        .filter(pk=upload_id, blob__isnull=False)
        .exclude(state=Upload.State.REFUSED)
        .first()
    )
    if upload is None:
        raise NotFound("There is no such media.", code="media_not_found")
    return upload
