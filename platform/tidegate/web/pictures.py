"""Pictures that a request of the studio works on, as its form shows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from generation.core.catalogue import Model
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset, Visibility
from tidegate.assets.selectors import visible_to
from tidegate.uploads.models import Upload
from tidegate.uploads.selectors import uploads_of

MOST_UPLOADS = 12
MOST_ASSETS = 24
_PASSED = (Visibility.RELEASED, Visibility.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture under the name of its form field; without `value` the field is empty.

    `state` is `usable`, `waiting` (the check is owed), `doubted`, `refused`, `unreleased` or
    `gone`; empty for an empty field. `url` is empty where there is nothing to show.
    """

    field: str
    value: UUID | None = None
    url: str = ""
    title: str = ""
    state: str = ""
    reasons: tuple[str, ...] = ()
    error: str = ""


def picture_of(viewer: Viewer, field: str, value: UUID) -> Picture:
    """Return what a viewer sees of a picture: their upload, or an asset that they may see."""
    upload = uploads_of(viewer).filter(pk=value).first()
    if upload is not None:
        return of_upload(field, upload)
    images = visible_to(viewer).filter(pk=value, modality="image")
    asset = images.prefetch_related("renditions").first()
    return Picture(field, state="gone") if asset is None else _of_asset(field, asset)


def of_upload(field: str, upload: Upload) -> Picture:
    """Return an upload as its form field shows it; a refused one leaves the field empty."""
    state, value, url = "usable", upload.pk, f"/media/uploads/{upload.pk}"
    if upload.state == Upload.State.REFUSED:
        return Picture(field, state="refused", reasons=tuple(upload.reasons))
    if upload.state == Upload.State.HELD:
        state = "waiting" if upload.screened_at is None else "doubted"
    return Picture(field, value, url, state=state, reasons=tuple(upload.reasons))


def pictures_to_choose(viewer: Viewer, field: str) -> list[Picture]:
    """Return what the viewer may work on: accepted uploads, then own pictures, newest first."""
    uploads = uploads_of(viewer).filter(state=Upload.State.ACCEPTED)[:MOST_UPLOADS]
    assets = (
        visible_to(viewer)
        .filter(owner_id=viewer.user_id, modality="image", visibility__in=_PASSED)
        .prefetch_related("renditions")
        .order_by("-pk")[:MOST_ASSETS]
    )
    return [
        *(of_upload(field, upload) for upload in uploads),
        *(_of_asset(field, asset) for asset in assets),
    ]


def pictures_at_start(
    viewer: Viewer, models: list[Model], values: Mapping[str, object]
) -> dict[str, Picture]:
    """Return every picture field of the form, by its name, with what `values` put into it."""
    fields = [
        f"{model.name}.{parameter.name}" for model in models for parameter in model.image_parameters
    ]
    return {field: _at_start(viewer, field, values.get(field)) for field in fields}


def _at_start(viewer: Viewer, field: str, value: object) -> Picture:
    try:
        return picture_of(viewer, field, UUID(str(value))) if value else Picture(field)
    except ValueError:
        # Parameters of an older version of the model: whatever it was, it names no picture now.
        return Picture(field, state="gone")


def _of_asset(field: str, asset: Asset) -> Picture:
    if asset.visibility not in _PASSED:
        return Picture(field, state="unreleased")
    file = next(iter(asset.renditions.all()), None)
    url = "" if file is None else f"/media/{file.pk}"
    return Picture(field, asset.pk, url, title=asset.title, state="usable")
