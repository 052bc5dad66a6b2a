"""What is given to be checked: bounded, and pictures only those that the asker may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog

from moderation.app.checks import Input
from moderation.core.hashes import sha256
from moderation.core.policy import Surface
from tidegate.accounts.viewers import Viewer
from tidegate.assets import storage
from tidegate.assets.models import Rendition
from tidegate.assets.selectors import visible_to
from tidegate.primitives.errors import FieldError, InvalidInput, NotAllowed, TooLarge
from tidegate.uploads.models import Upload
from tidegate.uploads.pictures import read_picture
from tidegate.uploads.selectors import uploads_of

log = structlog.get_logger(__name__)

MOST_INPUTS: Final = 32
# What the detectors of texts read at once.
LONGEST_TEXT: Final = 12_000
MOST_CHARACTERS: Final = 64_000
MOST_PIXELS: Final = 40_000_000

_UNKNOWN: Final = "There is no such picture, or you may not see it."


@dataclass(frozen=True, slots=True)
class Asked:
    """One input as it was asked for: exactly one of the last four is given.

    `pointer` is where it stands in the request, for errors.
    """

    pointer: str
    surface: Surface
    text: str | None = None
    data: bytes | None = None
    asset_id: UUID | None = None
    upload_id: UUID | None = None


def inputs_of(viewer: Viewer, asked: Sequence[Asked]) -> list[Input]:
    """Return what to check, in order.

    An asset is looked at as it is stored, an upload as it is kept, sent bytes as an upload
    would be: those are the bytes that people would see. Bytes that the storage cannot give now
    are an input that cannot be judged, and no error.

    Raises:
        InvalidInput: naming every input that is wrong.
        NotAllowed: a key names what it may not read.
        TooLarge: a picture with more bytes or pixels than are taken.
    """
    if sum(len(one.text or "") for one in asked) > MOST_CHARACTERS:
        message = f"All texts together may have {MOST_CHARACTERS:,} characters."
        raise InvalidInput(errors=[FieldError(_parent(asked), "too_large_together", message)])
    errors: list[FieldError] = []
    found: list[Input] = []
    pixels = 0
    for one in asked:
        try:
            given, size = _input(viewer, one)
        except InvalidInput as error:
            errors += error.errors
            continue
        pixels += size
        if pixels > MOST_PIXELS:
            message = f"All pictures together may have {MOST_PIXELS // 1_000_000} million pixels."
            raise InvalidInput(errors=[FieldError(one.pointer, "too_large_together", message)])
        found.append(given)
    if errors:
        raise InvalidInput(errors=errors)
    return found


def _input(viewer: Viewer, one: Asked) -> tuple[Input, int]:
    """Return the input and the number of its pixels."""
    if one.data is not None:
        return _sent(one.data, one)
    if one.upload_id is not None:
        return _uploaded(viewer, one.upload_id, one)
    if one.asset_id is not None:
        return _made(viewer, one.asset_id, one)
    return Input(one.surface, text=one.text or ""), 0


def _sent(data: bytes, one: Asked) -> tuple[Input, int]:
    try:
        picture = read_picture(data, pointer=one.pointer)
    except TooLarge as error:
        raise TooLarge(error.message, code=error.code, pointer=one.pointer) from error
    if picture.is_animated:
        message = "An animation is many pictures; send those that shall be judged."
        raise InvalidInput(errors=[FieldError(one.pointer, "animated", message)])
    known = (picture.source_sha256, sha256(picture.data))
    return Input(one.surface, picture=picture.data, sha256s=known), picture.source_pixels


def _uploaded(viewer: Viewer, upload_id: UUID, one: Asked) -> tuple[Input, int]:
    _require(viewer, "jobs:read", one)
    upload = (
        uploads_of(viewer)
        .filter(pk=upload_id, blob__isnull=False)
        .exclude(state=Upload.State.REFUSED)
        .first()
    )
    if upload is None or upload.blob_id is None:
        raise InvalidInput(errors=[FieldError(one.pointer, "unknown_image", _UNKNOWN)])
    known = (upload.source_sha256, upload.blob_id)
    given = Input(one.surface, picture=_read(upload.blob_id), sha256s=known)
    return given, upload.width * upload.height


def _made(viewer: Viewer, asset_id: UUID, one: Asked) -> tuple[Input, int]:
    _require(viewer, "assets:read", one)
    asset = visible_to(viewer).filter(pk=asset_id).first()
    if asset is None:
        raise InvalidInput(errors=[FieldError(one.pointer, "unknown_image", _UNKNOWN)])
    original = Rendition.objects.filter(asset=asset, kind=Rendition.Kind.ORIGINAL).first()
    if asset.modality != "image" or original is None:
        message = "The asset is no picture."
        raise InvalidInput(errors=[FieldError(one.pointer, "not_an_image", message)])
    given = Input(one.surface, picture=_read(original.blob_id), sha256s=(original.blob_id,))
    return given, (original.width or 0) * (original.height or 0)


def _require(viewer: Viewer, scope: str, one: Asked) -> None:
    """Refuse a key that may not read the thing: the answer tells what can be seen in it."""
    if not viewer.holds(scope):
        raise NotAllowed(
            f"This API key needs the scope {scope} to name that.",
            code="scope_missing",
            pointer=one.pointer,
        )


def _read(blob_id: str) -> bytes | None:
    """Return the bytes, or None when the storage cannot give them whole: an outage."""
    try:
        return storage.read(blob_id)
    except (OSError, storage.DamagedBlob) as error:
        log.warning("media_not_readable", sha256=blob_id, error=str(error))
        return None


def _parent(asked: Sequence[Asked]) -> str:
    return "/" + asked[0].pointer.split("/")[1]
