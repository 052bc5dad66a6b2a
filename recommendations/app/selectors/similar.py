"""More like this."""

from uuid import UUID

from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _
from pgvector.django import CosineDistance

from recommendations.app.models import ItemVector
from recommendations.app.selectors.pages import FeedItem, Reason, Slate, admitted
from recommendations.app.selectors.sources import WIDE_SEARCH
from tidegate.accounts.viewers import Viewer
from tidegate.assets.selectors import asset_for
from tidegate.primitives.ids import new_id

LIMIT = 50
_TIMES = 4
"""How many times the limit is retrieved: families collapse, and the gate refuses some."""


def similar(viewer: Viewer, asset_id: UUID, limit: int = 12) -> list[FeedItem]:
    """Return released assets whose meaning is nearest, one per prompt family, nearest first.

    Empty while the asset has no vector. The viewer's own assets are among them: here they
    compare, they do not browse.

    Raises:
        NotFound: the viewer may not see the asset asked about.
    """
    asset = asset_for(viewer, asset_id)
    own = ItemVector.objects.filter(pk=asset_id).first()
    if own is None:
        return []
    limit = max(1, min(limit, LIMIT))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(WIDE_SEARCH)
        near = list(
            ItemVector.objects.filter(item__is_listed=True)
            .exclude(pk=asset_id)
            .annotate(distance=CosineDistance(F("embedding"), own.embedding))
            .order_by("distance")
            .values_list("pk", "item__family")[: limit * _TIMES]
        )
    families: set[str] = set()
    assets = admitted(viewer, Slate(new_id(), 0, ()), [candidate for candidate, _family in near])
    items: list[FeedItem] = []
    title = asset.title or asset.prompt[:60]
    for candidate, family in near:
        if candidate in assets and family not in families and len(items) < limit:
            families.add(family)
            reason = Reason("similar", _("Like “%(title)s”") % {"title": title})
            items.append(FeedItem(assets[candidate], reason, len(items) + 1))
    return items
