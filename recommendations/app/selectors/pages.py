"""Pages of a slate: opaque cursors, and the gate that every page passes on its own."""

import base64
import binascii
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from django.core import signing
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from recommendations.app.models import Reaction
from recommendations.core.slates import Place, Source
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset
from tidegate.assets.selectors import attach_renditions, shown_to_others, visible_to
from tidegate.primitives.errors import InvalidInput

_SALT = "tidegate.recommendations.feed"
_LIFETIME_SECONDS = 24 * 3600
_SOURCES = tuple(Source)
_PLACE = struct.Struct("!16s16sBf")
_HEAD = struct.Struct("!16s16sH")
_NOBODY = bytes(16)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an item is shown: a stable code, and a sentence in the reader's language."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One item. The asset comes with its owner, project and renditions."""

    asset: Asset
    reason: Reason
    position: int


@dataclass(frozen=True, slots=True)
class Page:
    """Items in order; `next` is the cursor of the following page, None at the end."""

    items: tuple[FeedItem, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Slate:
    """An ordered snapshot: ids and reasons, never content. `offset` counts places passed."""

    slate_id: UUID
    offset: int
    places: tuple[Place, ...]


def admitted(viewer: Viewer, slate: Slate, asset_ids: Sequence[UUID]) -> dict[UUID, Asset]:
    """Ask the gate, now, which of these a feed may show to the viewer. Missing means no.

    Staff roles count for nothing here: a reviewer's feed holds what their colleagues outside
    moderation would get, never what waits for a verdict. A part is shown in its whole.
    """
    reader = replace(viewer, staff_roles=frozenset())
    anchors = {place.anchor_id for place in slate.places if place.anchor_id is not None}
    found = (
        visible_to(reader)
        .filter(
            shown_to_others(),
            pk__in={*asset_ids, *anchors},
            whole__isnull=True,
        )
        .select_related("owner", "project")
    )
    if viewer.user_id is not None:
        against = Reaction.objects.filter(
            user_id=viewer.user_id,
            asset=OuterRef("pk"),
            kind__in=[Reaction.Kind.HIDE, Reaction.Kind.REPORT],
        )
        found = found.exclude(Exists(against))
    admitted_assets = {asset.pk: asset for asset in found}
    attach_renditions(admitted_assets.values())
    return admitted_assets


def reason_for(place: Place, asset: Asset, anchor: Asset | None) -> Reason:
    """Put a place's source into words. An anchor that may no longer be seen is not named."""
    match place.source:
        case Source.LIKED if anchor is not None:
            title = anchor.title or anchor.prompt[:60]
            return Reason("liked", _("Because you liked “%(title)s”") % {"title": title})
        case Source.LIKED:
            return Reason("taste", _("Close to what you like"))
        case Source.POPULAR:
            return Reason("popular", _("Popular this week"))
        case Source.EXPLORE:
            return Reason("explore", _("Something different"))
        case _:
            name = asset.owner.display_name
            return Reason("new", _("New from %(name)s") % {"name": name})


def write_cursor(viewer: Viewer, slate: Slate) -> str:
    """Sign what remains of a slate for one viewer."""
    head = _HEAD.pack(slate.slate_id.bytes, _bound_to(viewer), slate.offset)
    body = b"".join(
        _PLACE.pack(
            place.asset_id.bytes,
            place.anchor_id.bytes if place.anchor_id else _NOBODY,
            _SOURCES.index(place.source),
            place.propensity,
        )
        for place in slate.places
    )
    packed = base64.urlsafe_b64encode(zlib.compress(head + body)).decode().rstrip("=")
    return signing.TimestampSigner(salt=_SALT).sign(packed)


def read_cursor(viewer: Viewer, cursor: str) -> Slate:
    """Return what remains of a slate.

    Raises:
        InvalidInput: `invalid_cursor`: forged, cut, older than a day, or another viewer's.
    """
    wrong = InvalidInput(
        "This cursor is not one of ours, or a day old; start again without it.",
        code="invalid_cursor",
        pointer="/cursor",
    )
    try:
        packed = signing.TimestampSigner(salt=_SALT).unsign(cursor, max_age=_LIFETIME_SECONDS)
        raw = zlib.decompress(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
        slate_id, bound, offset = _HEAD.unpack_from(raw)
        places = tuple(
            Place(
                asset_id=UUID(bytes=asset_id),
                source=_SOURCES[source],
                anchor_id=None if anchor_id == _NOBODY else UUID(bytes=anchor_id),
                propensity=propensity,
            )
            for asset_id, anchor_id, source, propensity in _PLACE.iter_unpack(raw[_HEAD.size :])
        )
    except (signing.BadSignature, binascii.Error, zlib.error, struct.error, IndexError) as error:
        raise wrong from error
    if bound != _bound_to(viewer):
        raise wrong
    return Slate(UUID(bytes=slate_id), offset, places)


def _bound_to(viewer: Viewer) -> bytes:
    """Name whose cursor it is: a key's differs from its creator's, whose view is wider."""
    owner = viewer.key_id or viewer.user_id
    return owner.bytes if owner else _NOBODY
