"""Stream entry points: a decoded event in, one service call."""

import logging
from collections.abc import Sequence
from uuid import UUID

from recommendations.app import embedding, services
from recommendations.core.triton import EmbedderUnavailable
from tidegate.contracts.assets import AssetCreated, AssetVisibilityChanged
from tidegate.contracts.envelope import Envelope
from tidegate.contracts.interactions import InteractionRecorded, SignalNoticed
from tidegate.events.errors import CannotHeal
from tidegate.primitives.errors import NotFound

logger = logging.getLogger(__name__)


def embed(event: AssetCreated, envelope: Envelope) -> list[float] | None:
    """Ask for the asset's vector, outside any transaction.

    Without an embedder the item goes on without a vector, and `embed_missing` gives it one
    later: waiting here would keep the asset's release, which follows under the same key, from
    the feed.
    """
    texts = embedding.texts_of([event.asset_id])
    if event.asset_id not in texts:
        return None
    try:
        return embedding.vectors_of([texts[event.asset_id]])[0]
    except EmbedderUnavailable as error:
        logger.warning("embedder unavailable, item goes without a vector: %s", error)
        return None


def asset_created(event: AssetCreated, envelope: Envelope, vector: list[float] | None) -> None:
    """Make the item."""
    try:
        services.create_item(asset_id=event.asset_id, vector=vector)
    except NotFound as error:
        raise _unheard_of(event.asset_id) from error


def asset_visibility_changed(event: AssetVisibilityChanged, envelope: Envelope) -> None:
    """List or unlist the item."""
    try:
        services.list_item(asset_id=event.asset_id)
    except NotFound as error:
        raise _unheard_of(event.asset_id) from error


def interactions_recorded(arrived: Sequence[tuple[InteractionRecorded, Envelope]]) -> None:
    """Fold deeds into their viewers' tastes and their items' heat."""
    services.apply_interactions(interaction_ids=[event.interaction_id for event, _ in arrived])


def signals_noticed(arrived: Sequence[tuple[SignalNoticed, Envelope]]) -> None:
    """Write down what was noticed, and fold what says something."""
    services.take_signals(
        arrived=[services.Arrived(event, envelope.time) for event, envelope in arrived]
    )


def _unheard_of(asset_id: UUID) -> CannotHeal:
    # An event commits with its row, so one without a row is not ours, or outlived an erasure.
    return CannotHeal(f"there is no asset {asset_id}")
