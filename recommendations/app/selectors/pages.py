"""Pages of a slate: opaque cursors, and the gate that every page passes on its own."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.core import signing
from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _

from recommendations.app.models import FeedChoices, Follow, Mute, Reaction, StoredSlate
from recommendations.app.services.exposures import CURSORS_LIVE
from recommendations.app.slates import unpacked_places
from recommendations.core.candidates import Place, Source
from tidegate.accounts.models import User
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset
from tidegate.assets.selectors import attach_renditions, shown_to_others, visible_to
from tidegate.contracts.ports import house_marks
from tidegate.primitives.clock import now
from tidegate.primitives.errors import InvalidInput
from tidegate.primitives.statements import Written
from tidegate.projects.models import Project
from tidegate.projects.selectors import collaborations, member_organisations

_SALT: Final = "tidegate.recommendations.feed"
_REFUSALS: Final = [Reaction.Kind.HIDE, Reaction.Kind.LESS, Reaction.Kind.REPORT]
_LESS_FOR: Final = timedelta(days=1)
_MOST_LESS: Final = 10
_LIKE_WHAT_IS_LESS: Final = 0.10
"""The cosine distance within which something is more of what somebody wants less of."""

_MORE_OF_THE_SAME = """
SELECT i.asset_id FROM recommendations_item i
LEFT JOIN recommendations_item_vector v ON v.item_id = i.asset_id
JOIN recommendations_item less ON less.asset_id = ANY(%s::uuid[])
LEFT JOIN recommendations_item_vector unwanted ON unwanted.item_id = less.asset_id
WHERE (less.family = i.family OR unwanted.embedding <=> v.embedding < %s)
  AND i.asset_id = ANY(%s::uuid[])
"""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an item is shown: a stable code, and a sentence in the reader's language."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One item. The asset comes with its owner, project and renditions.

    `is_covered`: it is seen after a click only.
    """

    asset: Asset
    reason: Reason
    position: int
    is_covered: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Items in order; `next` is the cursor of the following page, None at the end."""

    items: tuple[FeedItem, ...]
    next: str | None
    slate_id: UUID | None = None
    is_personal: bool = True


@dataclass(frozen=True, slots=True)
class Slate:
    """An ordered snapshot: ids and reasons, never content. `offset` counts places passed."""

    slate_id: UUID
    offset: int
    places: tuple[Place, ...]
    excluded: frozenset[UUID] = frozenset()


def _let_through(
    *,
    asset_ids: list[UUID],
    user_id: UUID | None = None,
    organisation_id: UUID | None = None,
) -> QuerySet[Any, UUID]:
    """What the gate asks of some ids: a reader without staff roles, and what they refused."""
    reader = Viewer(
        user_id=user_id,
        staff_roles=frozenset(),
        organisation_id=organisation_id,
        scopes=None,
        label="",
    )
    asked = RawSQL("SELECT unnest(%s::uuid[])", (asset_ids,))  # our own text
    found = visible_to(reader).filter(shown_to_others(), pk__in=asked, whole__isnull=True)
    if user_id is not None:
        against = Reaction.objects.filter(user_id=user_id, asset=OuterRef("pk"), kind__in=_REFUSALS)
        muted = Mute.objects.filter(user_id=user_id, creator_id=OuterRef("owner_id"))
        found = found.exclude(Exists(against)).exclude(Exists(muted))
    return found.values_list("pk", flat=True)


_GATE: Final = Written(
    _let_through,
    """
    SELECT {asset}, {owner}, {project} FROM assets_asset AS asset
    JOIN accounts_user AS owner ON owner.id = asset.owner_id
    JOIN projects_project AS project ON project.id = asset.project_id
    WHERE asset.id IN ({condition})
    """,
    asset=Asset,
    owner=User,
    project=Project,
)
"""The gate of a page. Every page asks it, so its text is written once; it is asked of the rows."""


def recommendable(
    viewer: Viewer, asset_ids: Collection[UUID], choices: FeedChoices | None = None
) -> dict[UUID, Asset]:
    """Ask the gate, now, which of these may be recommended to the viewer. Missing means no.

    Staff roles count for nothing here: a reviewer's feed holds what their colleagues outside
    moderation would get, never what waits for a verdict. A part is shown in its whole. What its
    marks limit goes to those who follow its author or work with them; what is rated beyond the
    viewer's choice, and of whom they have muted, goes to nobody.
    """
    reader = replace(viewer, staff_roles=frozenset())
    whose = {"user_id": viewer.user_id, "organisation_id": viewer.organisation_id}
    assets: dict[UUID, Asset] = {}
    for asset, owner, project in _GATE.all(
        asset_ids=list(set(asset_ids)),
        **{name: value for name, value in whose.items() if value is not None},
    ):
        asset.owner, asset.project = owner, project
        assets[asset.pk] = asset
    marked = [asset for asset in assets.values() if asset.rating or asset.labels]
    if marked:
        refused = _limited(reader, marked) | _unwanted(marked, choices)
        assets = {pk: asset for pk, asset in assets.items() if pk not in refused}
    return assets


def admitted(
    viewer: Viewer,
    slate: Slate,
    asset_ids: Sequence[UUID],
    choices: FeedChoices | None = None,
) -> dict[UUID, Asset]:
    """Return what of a page may be shown, and the anchors that may be named, with renditions."""
    anchors = {place.anchor_id for place in slate.places if place.anchor_id is not None}
    assets = recommendable(viewer, {*asset_ids, *anchors}, choices)
    for pk in slate.excluded | _more_of_the_same(viewer, list(asset_ids)):
        assets.pop(pk, None)
    attach_renditions(assets.values())
    return assets


def is_covered(asset: Asset) -> bool:
    """Whether an asset is seen after a click only."""
    return bool(asset.rating or asset.labels) and house_marks().is_covered(
        asset.rating, asset.labels
    )


def reason_for(place: Place, asset: Asset, anchor: Asset | None) -> Reason:
    """Put a place's source into words. An anchor that may no longer be seen is not named."""
    title = "" if anchor is None else anchor.title or anchor.prompt[:60]
    named = {"name": asset.owner.display_name, "title": title}
    code, text = {
        Source.LIKED: ("liked", _("Because you liked “%(title)s”"))
        if title
        else ("taste", _("Close to what you like")),
        Source.RECENT: ("recent", _("Close to what you looked at lately")),
        Source.TOGETHER: (
            "together",
            _("Others went on to it from “%(title)s”")
            if title
            else _("Others with your interests went on to it"),
        ),
        Source.FOLLOWED: ("followed", _("You follow %(name)s")),
        Source.POPULAR: ("popular", _("Popular this week")),
        Source.LANGUAGE: ("language", _("Liked by people who read your language")),
        Source.EXPLORE: ("explore", _("Something different")),
        Source.NEW: ("new", _("New from %(name)s")),
    }[place.source]
    return Reason(code, text % named)


def write_cursor(slate: Slate) -> str:
    """Sign where to go on in a slate; whose it is, the stored slate says."""
    return signing.Signer(salt=_SALT).sign(f"{slate.slate_id.hex}.{slate.offset}")


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
        name, _dot, offset = signing.Signer(salt=_SALT).unsign(cursor).partition(".")
        slate_id, passed = UUID(hex=name), int(offset)
    except (signing.BadSignature, ValueError) as error:
        raise wrong from error
    stored = StoredSlate.objects.filter(pk=slate_id, at__gt=now() - CURSORS_LIVE).first()
    if stored is None or stored.bound_to != bound_to(viewer):
        raise wrong
    return Slate(slate_id, passed, unpacked_places(stored.places)[passed:])


def bound_to(viewer: Viewer) -> UUID | None:
    """Name whose slate it is: a key's differs from its creator's, whose view is wider."""
    return viewer.key_id or viewer.user_id


def _limited(viewer: Viewer, marked: Sequence[Asset]) -> set[UUID]:
    """Return what its marks keep from who neither follows its author nor works with them."""
    marks = house_marks()
    limited = [asset for asset in marked if marks.is_limited(asset.rating, asset.labels)]
    if not limited:
        return set()
    if viewer.user_id is None:
        return {asset.pk for asset in limited}
    near = (
        Asset.objects.filter(pk__in=[asset.pk for asset in limited])
        .filter(
            Exists(Follow.objects.filter(user_id=viewer.user_id, creator_id=OuterRef("owner_id")))
        )
        .values_list("pk", flat=True)
    )
    colleagues = Asset.objects.filter(pk__in=[asset.pk for asset in limited]).filter(
        organisation_id__in=member_organisations(viewer)
    ) | Asset.objects.filter(
        pk__in=[asset.pk for asset in limited], project_id__in=collaborations(viewer)
    )
    allowed = set(near) | set(colleagues.values_list("pk", flat=True))
    return {asset.pk for asset in limited if asset.pk not in allowed}


def _unwanted(marked: Sequence[Asset], choices: FeedChoices | None) -> set[UUID]:
    """Return what goes beyond the rating that somebody chose, and what they want no covers of."""
    if choices is None:
        return set()
    marks = house_marks()
    ratings = marks.ratings()
    highest = ratings.index(choices.rating) if choices.rating in ratings else len(ratings)
    return {
        asset.pk
        for asset in marked
        if (asset.rating in ratings and ratings.index(asset.rating) > highest)
        or (choices.hides_covered and is_covered(asset))
    }


def _more_of_the_same(viewer: Viewer, asset_ids: list[UUID]) -> set[UUID]:
    """Return what is more of what a viewer said today that they want less of.

    Asked on every page, of slates too that were made before they said so.
    """
    if viewer.user_id is None:
        return set()
    less = list(
        Reaction.objects.filter(
            user_id=viewer.user_id, kind=Reaction.Kind.LESS, at__gt=now() - _LESS_FOR
        )
        .order_by("-at")
        .values_list("asset_id", flat=True)[:_MOST_LESS]
    )
    if not less:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_MORE_OF_THE_SAME, [less, _LIKE_WHAT_IS_LESS, asset_ids])
        return {row[0] for row in cursor.fetchall()}
