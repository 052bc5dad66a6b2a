"""Whom somebody follows, and whom they might."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection

from recommendations.app.models import Follow, Mute
from recommendations.app.ranker import action_weights, model_in_force
from recommendations.app.selectors.pages import recommendable
from recommendations.app.selectors.retrieval import Wish, candidates_for
from recommendations.core.ranking import describe, worth
from tidegate.accounts.models import User
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset
from tidegate.assets.selectors import attach_renditions
from tidegate.primitives.clock import now

LIMIT: Final = 20
_WORKS: Final = 3


@dataclass(frozen=True, slots=True)
class Suggested:
    """A creator and the works that speak for them, the best first."""

    creator: User
    works: tuple[Asset, ...]
    followers: int


def suggested(viewer: Viewer, *, limit: int = 6) -> list[Suggested]:
    """Return creators whose works a viewer would be shown first, and whom they do not follow yet.

    A creator is named for works that pass the gate now, and for nothing else.
    """
    found = candidates_for(viewer, Wish())
    candidates = list({item.asset_id: item for item in (*found.fresh, *found.shown)}.values())
    if not candidates:
        return []
    chances = model_in_force().probabilities(describe(candidates, found.viewer, now()))
    value = worth(chances, action_weights(viewer.user_id if found.is_followed else None))
    ranked = [candidates[index].asset_id for index in (-value).argsort(kind="stable")]
    assets = recommendable(viewer, ranked, found.choices)
    known = set(following(viewer))
    by_creator: dict[UUID, list[Asset]] = {}
    for asset_id in ranked:
        asset = assets.get(asset_id)
        if asset is None or asset.owner_id in known or asset.owner_id == viewer.user_id:
            continue
        works = by_creator.setdefault(asset.owner_id, [])
        if len(works) < _WORKS:
            works.append(asset)
    chosen = list(by_creator.items())[: max(1, min(limit, LIMIT))]
    attach_renditions([asset for _, works in chosen for asset in works])
    followers = followers_of([creator_id for creator_id, _ in chosen])
    return [
        Suggested(works[0].owner, tuple(works), followers.get(creator_id, 0))
        for creator_id, works in chosen
    ]


def following(viewer: Viewer) -> list[UUID]:
    """Return whom a viewer follows, the latest first."""
    if viewer.user_id is None:
        return []
    rows = Follow.objects.filter(user_id=viewer.user_id).order_by("-at")
    return list(rows.values_list("creator_id", flat=True))


def followed_people(viewer: Viewer) -> list[User]:
    """Return whom a viewer follows as people, the latest first."""
    if viewer.user_id is None:
        return []
    rows = Follow.objects.filter(user_id=viewer.user_id).order_by("-at").select_related("creator")
    return [row.creator for row in rows if row.creator.is_active]


def muted(viewer: Viewer) -> list[User]:
    """Return whom a viewer wants to see nothing of, the latest first."""
    if viewer.user_id is None:
        return []
    rows = Mute.objects.filter(user_id=viewer.user_id).order_by("-at").select_related("creator")
    return [row.creator for row in rows]


def followers_of(creator_ids: list[UUID]) -> dict[UUID, int]:
    """Return how many follow each of these."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT creator_id, count(*) FROM recommendations_follow"
            " WHERE creator_id = ANY(%s::uuid[]) GROUP BY creator_id",
            [creator_ids],
        )
        return dict(cursor.fetchall())
