"""Many released assets at once, for measurements. Rows only: no events, no audit."""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
from django.contrib.postgres.search import SearchVector
from django.db.models import Value

from recommendations.app.models import Item, ItemVector, ItemWords
from recommendations.core.families import family_of
from recommendations.core.heat import heated
from recommendations.core.tags import tags_of
from recommendations.core.vectors import DIMENSIONS
from recommendations.core.words import terms_of
from tidegate.assets import storage
from tidegate.assets.models import Asset, Blob, Rendition
from tidegate.primitives.clock import now
from tidegate.primitives.ids import new_id
from tidegate.projects.models import Project

_BATCH = 1_000
_TOPICS = 60
# What two unrelated texts share under the product's encoder: a cosine of about 0.78.
_COMMON = 1.9


def make_catalogue(projects: Sequence[Project], count: int, *, seed: int = 1) -> list[Asset]:
    """Make `count` released text assets over the projects, with vectors, some of them liked.

    Vectors lie around 60 topics inside a narrow cone, as sentence vectors do.
    """
    random = np.random.default_rng(seed)
    topics = random.normal(0, 1 / np.sqrt(DIMENSIONS), (_TOPICS, DIMENSIONS))
    common = random.normal(0, _COMMON / np.sqrt(DIMENSIONS), DIMENSIONS)
    sha256 = storage.put(b"catalogue")
    Blob.objects.get_or_create(sha256=sha256, defaults={"size": 9, "media_type": "text/plain"})
    moment = now()
    made: list[Asset] = []
    for start in range(0, count, _BATCH):
        numbers = range(start, min(start + _BATCH, count))
        assets = [
            Asset(
                organisation_id=projects[number % len(projects)].organisation_id,
                project=projects[number % len(projects)],
                owner_id=projects[number % len(projects)].created_by_id,
                job_id=new_id(),
                modality="text",
                title=f"Item {number}",
                prompt=f"topic {number % _TOPICS} item {number}",
                text="A short text.",
                media_type="text/plain",
                visibility="released",
                visibility_version=2,
                released_at=moment - timedelta(minutes=5 * (count - number)),
                correlation_id=new_id(),
            )
            for number in numbers
        ]
        Asset.objects.bulk_create(assets)
        Rendition.objects.bulk_create(
            Rendition(asset=asset, kind="original", blob_id=sha256, media_type="text/plain")
            for asset in assets
        )
        items = [_item(asset, random) for asset in assets]
        Item.objects.bulk_create(items)
        ItemVector.objects.bulk_create(
            ItemVector(item=item, embedding=_vector(number, topics, common, random))
            for item, number in zip(items, numbers, strict=True)
        )
        ItemWords.objects.bulk_create(
            ItemWords(
                item=item,
                words=SearchVector(Value(" ".join(terms_of(asset.prompt))), config="simple"),
            )
            for item, asset in zip(items, assets, strict=True)
        )
        made += assets
    return made


def _vector(
    number: int, topics: np.ndarray, common: np.ndarray, random: np.random.Generator
) -> np.ndarray:
    own = random.normal(0, 0.5 / np.sqrt(DIMENSIONS), DIMENSIONS)
    vector = common + topics[number % _TOPICS] + own
    made: np.ndarray = (vector / np.linalg.norm(vector)).astype(np.float32)
    return made


def _item(asset: Asset, random: np.random.Generator) -> Item:
    heat = None
    for _ in range(int(random.poisson(0.3))):
        heat = heated(heat, "like", now() - timedelta(hours=float(random.uniform(0, 200))))
    return Item(
        asset=asset,
        owner_id=asset.owner_id,
        project_id=asset.project_id,
        modality=asset.modality,
        family=family_of(prompt=asset.prompt, asset_id=str(asset.pk)),
        heat=heat,
        tags=list(tags_of(asset.prompt)),
        language="en",
        is_listed=True,
        visibility_version=2,
        released_at=asset.released_at,
    )
