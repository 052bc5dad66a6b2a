"""The feed."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import numpy as np

from recommendations.app import services
from recommendations.app.models import Exposure, FeedChoices, StoredSlate
from recommendations.app.ranker import action_weights, model_in_force
from recommendations.app.selectors.pages import (
    FeedItem,
    Page,
    Slate,
    admitted,
    bound_to,
    is_covered,
    read_cursor,
    reason_for,
    write_cursor,
)
from recommendations.app.selectors.retrieval import Wish, candidates_for, known_of
from recommendations.app.slates import packed_features, packed_places
from recommendations.core.candidates import Source
from recommendations.core.slates import compose
from tidegate.accounts.viewers import Viewer
from tidegate.primitives.clock import now
from tidegate.primitives.errors import InvalidInput
from tidegate.primitives.ids import new_id

SLATE_LENGTH = 100
LIMIT = 100
MOST_EXCLUDED = 500
_SPARE = 8
"""How many more than a page are asked of the gate, so that a few refusals cost no second ask."""


def feed(
    viewer: Viewer,
    *,
    cursor: str | None = None,
    limit: int = 20,
    exclude: Sequence[UUID] = (),
    catalogue: UUID | None = None,
    is_personal: bool = True,
) -> Page:
    """Return a page of what the viewer may like, each item with its reason.

    Without a cursor a slate is composed and stored; a cursor goes on in that slate, and every page
    passes the gate anew. What was hidden or taken down since is simply not there.

    Args:
        viewer: who asks.
        cursor: where the page before ended.
        limit: items at most, up to 100.
        exclude: what the asker has already; up to 500 ids, in every page again.
        catalogue: an organisation: only its own works.
        is_personal: False asks for what anybody would get.

    Raises:
        InvalidInput: `invalid_cursor`, or too many to exclude.
    """
    if len(exclude) > MOST_EXCLUDED:
        raise InvalidInput(
            f"At most {MOST_EXCLUDED} assets can be excluded.",
            code="too_many_excluded",
            pointer="/exclude",
        )
    if cursor:
        slate = replace(read_cursor(viewer, cursor), excluded=frozenset(exclude))
        choices = known_of(viewer).choices
    else:
        slate, choices = _composed(
            viewer, Wish(is_personal=is_personal, catalogue=catalogue, excluded=tuple(exclude))
        )
    page = _page(viewer, slate, max(1, min(limit, LIMIT)), choices)
    return replace(page, is_personal=is_personal and (choices is None or choices.is_personal))


def _composed(viewer: Viewer, wish: Wish) -> tuple[Slate, FeedChoices | None]:
    found = candidates_for(viewer, wish)
    slate_id, moment = new_id(), now()
    model = model_in_force()
    # Who wants no personal feed takes part in no experiment.
    weights = action_weights(viewer.user_id if found.is_followed else None)
    parts = []
    length = SLATE_LENGTH
    # What was shown lately comes behind all else: nothing is repeated while there is anything else.
    for candidates in (found.fresh, found.shown):
        if candidates and length > 0:
            made = compose(
                candidates,
                found.viewer,
                now=moment,
                seed=slate_id.int & (2**64 - 1),
                length=length,
                model=model,
                weights=weights,
            )
            parts.append(made)
            length -= len(made.places)
    places = tuple(place for part in parts for place in part.places)
    services.keep_slate(
        StoredSlate(
            id=slate_id,
            user_id=viewer.user_id if found.is_followed else None,
            bound_to=bound_to(viewer),
            places=packed_places(places),
            features=packed_features(np.concatenate([part.features for part in parts]))
            if parts
            else b"",
            model=model.version,
            at=moment,
        )
    )
    return Slate(slate_id, 0, places), found.choices


def _page(viewer: Viewer, slate: Slate, limit: int, choices: FeedChoices | None) -> Page:
    items: list[FeedItem] = []
    shown: list[Exposure] = []
    tried: list[UUID] = []
    rest = slate
    wanted = limit + _SPARE
    while rest.places and len(items) < limit:
        asked = rest.places[:wanted]
        wanted *= 2  # many were refused: rather one long question than many short ones
        assets = admitted(
            viewer,
            replace(rest, places=asked),
            [place.asset_id for place in asked],
            choices,
        )
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
            items.append(
                FeedItem(asset, reason_for(place, asset, anchor), position, is_covered(asset))
            )
            if place.source == Source.EXPLORE:
                tried.append(asset.pk)
            shown += _exposure(
                viewer.user_id, slate.slate_id, position, items[-1], place.propensity
            )
        rest = replace(rest, offset=rest.offset + used, places=rest.places[used:])
    if tried:
        services.count_tried(asset_ids=tried)
    # Who wants no personal feed is not followed about either.
    if shown and (choices is None or choices.is_personal):
        services.record_exposures(exposures=shown)
    return Page(tuple(items), write_cursor(rest) if rest.places else None, slate.slate_id)


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
