"""The feed."""

from dataclasses import replace
from uuid import UUID

from recommendations.app import services
from recommendations.app.models import Exposure
from recommendations.app.selectors.pages import (
    FeedItem,
    Page,
    Slate,
    admitted,
    read_cursor,
    reason_for,
    write_cursor,
)
from recommendations.app.selectors.retrieval import candidates_for
from recommendations.core.slates import compose
from tidegate.accounts.viewers import Viewer
from tidegate.primitives.clock import now
from tidegate.primitives.ids import new_id

SLATE_LENGTH = 100
LIMIT = 100
_SPARE = 8
"""How many more than a page are asked of the gate, so that a few refusals cost no second ask."""


def feed(viewer: Viewer, *, cursor: str | None = None, limit: int = 20) -> Page:
    """Return a page of what the viewer may like, each item with its reason.

    Without a cursor a slate is composed; a cursor goes on in that slate, and every page passes
    the gate anew. What was hidden or taken down since is simply not there.

    Raises:
        InvalidInput: `invalid_cursor`.
    """
    slate = read_cursor(viewer, cursor) if cursor else _composed(viewer)
    return _page(viewer, slate, max(1, min(limit, LIMIT)))


def _composed(viewer: Viewer) -> Slate:
    found = candidates_for(viewer)
    slate_id = new_id()
    places = compose(
        found.candidates,
        direction=found.direction,
        anchors=found.anchors,
        now=now(),
        seed=slate_id.int,
        length=SLATE_LENGTH,
    )
    return Slate(slate_id, 0, tuple(places))


def _page(viewer: Viewer, slate: Slate, limit: int) -> Page:
    items: list[FeedItem] = []
    shown: list[Exposure] = []
    rest = slate
    while rest.places and len(items) < limit:
        asked = rest.places[: limit - len(items) + _SPARE]
        assets = admitted(viewer, replace(rest, places=asked), [place.asset_id for place in asked])
        used = 0
        for place in asked:
            if len(items) == limit:
                break
            used += 1
            asset = assets.get(place.asset_id)
            if asset is None or asset.owner_id == viewer.user_id:
                continue
            anchor = assets.get(place.anchor_id) if place.anchor_id else None
            position = rest.offset + used
            items.append(FeedItem(asset, reason_for(place, asset, anchor), position))
            shown += _exposure(
                viewer.user_id, slate.slate_id, position, items[-1], place.propensity
            )
        rest = replace(rest, offset=rest.offset + used, places=rest.places[used:])
    if shown:
        services.record_exposures(exposures=shown)
    return Page(tuple(items), write_cursor(viewer, rest) if rest.places else None)


def _exposure(
    user_id: UUID | None, slate_id: UUID, position: int, item: FeedItem, propensity: float
) -> list[Exposure]:
    if user_id is None:
        return []
    return [
        Exposure(
            user_id=user_id,
            asset_id=item.asset.pk,
            slate_id=slate_id,
            position=position,
            source=item.reason.code,
            propensity=propensity,
            at=now(),
        )
    ]
