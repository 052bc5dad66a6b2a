"""What the tests of recommendations share: listed works, people, and deeds that arrive."""

from uuid import UUID

import numpy as np

from recommendations.app import selectors, services
from recommendations.app.models import Interaction
from recommendations.core.vectors import DIMENSIONS
from tests import factories as make
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset

TOPICS = {"sea": 0, "robots": 1, "food": 2}


def embedding(topic: str, seed: int) -> list[float]:
    """Return a vector near a topic's axis."""
    made = np.random.default_rng(seed).normal(0, 0.02, DIMENSIONS)
    made[TOPICS[topic]] += 1.0
    return list((made / np.linalg.norm(made)).astype(float))


def listed(asset: Asset, topic: str | None = "sea", seed: int = 0) -> Asset:
    """Do to an asset what its events do."""
    services.create_item(
        asset_id=asset.pk, vector=None if topic is None else embedding(topic, seed)
    )
    services.list_item(asset_id=asset.pk)
    return asset


def many(count: int, topic: str, *, start: int = 0) -> list[Asset]:
    """Make listed works of one topic, each of another author."""
    return [
        listed(make.make_asset(prompt=f"{topic} number {n}"), topic, seed=n)
        for n in range(start, start + count)
    ]


def reader() -> Viewer:
    """Return somebody new."""
    return make.viewer_of(make.make_user())


def does(viewer: Viewer, kind: str, asset: Asset) -> Interaction:
    """Interact, and let the event arrive."""
    done = services.record_interaction(viewer=viewer, asset_id=asset.pk, kind=kind)
    if done.is_effective:
        services.apply_interaction(interaction_id=done.pk)
    return done


def shown(viewer: Viewer, **options: object) -> list[UUID]:
    """Return the ids of a page of the feed."""
    return [item.asset.pk for item in selectors.feed(viewer, **options).items]  # type: ignore[arg-type]  # of the feed
