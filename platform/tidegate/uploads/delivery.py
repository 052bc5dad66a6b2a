"""Bytes of uploads over HTTP: `GET /media/uploads/<upload id>`, for their owner only."""

from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from tidegate.assets.delivery import deliver
from tidegate.uploads.selectors import visible_upload


def media(request: HttpRequest, upload_id: UUID) -> HttpResponseBase:
    """Serve an upload to its owner, as `tidegate.assets.delivery` serves renditions."""
    return deliver(request, lambda viewer: visible_upload(viewer, upload_id), scope="jobs:read")
