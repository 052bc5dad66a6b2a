"""Items: made when an asset is, listed when it is released."""

import logging
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib.postgres.search import SearchVector
from django.db import transaction
from django.db.models import Value

from recommendations.app import embedding
from recommendations.app.models import Interaction, Item, ItemVector, ItemWords
from recommendations.app.services.folding import apply_interaction, refold_viewer
from recommendations.core.families import family_of
from recommendations.core.tags import tags_of
from recommendations.core.triton import EmbedderUnavailable
from recommendations.core.words import terms_of
from tidegate.assets.models import Asset
from tidegate.assets.selectors import is_shown_to_others
from tidegate.primitives.errors import NotFound

logger = logging.getLogger(__name__)

_BATCH = 64


@transaction.atomic
def create_item(*, asset_id: UUID, vector: Sequence[float] | None) -> Item:
    """Make the item of an asset; a second time only fills in a missing vector.

    What is copied is read from the asset, not from the event that told of it.

    Raises:
        NotFound: there is no such asset.
    """
    asset = _asset(asset_id)
    item, is_new = Item.objects.select_for_update().get_or_create(
        asset_id=asset.pk,
        defaults={
            "owner_id": asset.owner_id,
            "project_id": asset.project_id,
            "modality": asset.modality,
            "family": family_of(prompt=asset.prompt, asset_id=str(asset.pk)),
            **facts_of(asset),
        },
    )
    if is_new:
        write_words(asset)
        _remixed(asset)
    if vector is not None:
        ItemVector.objects.get_or_create(item=item, defaults={"embedding": vector})
    return item


@transaction.atomic
def list_item(*, asset_id: UUID) -> Item:
    """Copy what the asset's visibility is now. An event only says when to look.

    So late, repeated and forged events copy the truth too.

    Raises:
        NotFound: there is no such asset.
    """
    item = create_item(asset_id=asset_id, vector=None)
    # Read behind the item's lock: whoever came before has copied an older state at most.
    asset = _asset(asset_id)
    item.is_listed = asset.whole_id is None and is_shown_to_others(asset.pk)
    item.visibility_version = asset.visibility_version
    item.released_at = asset.released_at
    item.save(update_fields=["is_listed", "visibility_version", "released_at"])
    if asset.whole_id is not None and Asset.objects.filter(pk=asset.whole_id).exists():
        # A part is never listed; whether its whole is, may have changed with it.
        list_item(asset_id=asset.whole_id)
    return item


def embed_missing() -> int:
    """Embed items without a vector, and the tastes that waited for it; return how many.

    Stops quietly while the embedder is still away: the schedule comes again.
    """
    done = 0
    while True:
        waiting = list(
            Item.objects.filter(meaning=None).order_by("pk").values_list("pk", flat=True)[:_BATCH]
        )
        if not waiting:
            return done
        texts = embedding.texts_of(waiting)
        known = [asset_id for asset_id in waiting if asset_id in texts]
        try:
            vectors = embedding.vectors_of([texts[asset_id] for asset_id in known])
        except EmbedderUnavailable as error:
            logger.warning("embedder unavailable, %d items wait: %s", len(known), error)
            return done
        for asset_id, vector in zip(known, vectors, strict=True):
            _fill(asset_id, vector)
        done += len(known)


def facts_of(asset: Asset) -> dict[str, Any]:
    """Return what an item copies of its asset besides what it is listed by."""
    return {
        "tags": list(tags_of(asset.prompt)),
        "model": asset.model_name,
        "language": asset.owner.language,
    }


def write_words(asset: Asset) -> None:
    """Write down the terms that an asset is found by."""
    about = embedding.about(title=asset.title, prompt=asset.prompt, text=asset.text)
    words = SearchVector(Value(" ".join(terms_of(about))), config="simple")
    ItemWords.objects.update_or_create(item_id=asset.pk, defaults={"words": words})


def _remixed(asset: Asset) -> None:
    """Who makes something out of another's work has turned to that work."""
    parent = asset.parent
    if parent is None or parent.owner_id == asset.owner_id:
        return
    again = Interaction.objects.filter(
        user_id=asset.owner_id, asset=parent, kind=Interaction.Kind.REMIX
    ).exists()
    done = Interaction.objects.create(
        user_id=asset.owner_id,
        asset=parent,
        kind=Interaction.Kind.REMIX,
        at=asset.created_at,
        is_effective=not again,
    )
    if not again:
        apply_interaction(interaction_id=done.pk)


def _asset(asset_id: UUID) -> Asset:
    asset = Asset.objects.select_related("owner", "parent").filter(pk=asset_id).first()
    if asset is None:
        raise NotFound("There is no such asset.", code="asset_not_found")
    return asset


def _fill(asset_id: UUID, vector: Sequence[float]) -> None:
    with transaction.atomic():
        item = Item.objects.select_for_update().get(pk=asset_id)
        _, is_new = ItemVector.objects.get_or_create(item=item, defaults={"embedding": vector})
        if not is_new:
            return
    touched = Interaction.objects.filter(asset_id=asset_id, is_folded=True)
    for user_id in touched.order_by("user_id").values_list("user_id", flat=True).distinct():
        refold_viewer(user_id=user_id)
