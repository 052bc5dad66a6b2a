"""What means nearly the same, for those who compare: nothing is shown by it."""

from uuid import UUID

from django.db.models import F
from pgvector.django import CosineDistance

from recommendations.app.models import ItemVector


def nearest(asset_id: UUID, *, limit: int) -> dict[UUID, float]:
    """Return the assets whose meaning is nearest, each with its likeness (cosine, 0..1).

    By the index of vectors, which finds nearly all of the nearest, and no more than it searches
    (`hnsw.ef_search`, 40). Whatever their state: who asks decides what may be seen. Empty while the
    asset has no vector.
    """
    item = ItemVector.objects.filter(pk=asset_id).first()
    if item is None:
        return {}
    near = (
        ItemVector.objects.annotate(distance=CosineDistance(F("embedding"), item.embedding))
        .order_by("distance")
        .values_list("pk", "distance")[: limit + 1]
    )
    return {key: max(0.0, 1.0 - distance) for key, distance in near if key != asset_id}
