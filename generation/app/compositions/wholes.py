"""The asset that released parts become: a table of its parts, with a picture of one of them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from generation.app.compositions.facts import Found, State
from generation.app.models import Composition
from generation.app.services.trail import WORKER
from generation.core.recipes import Recipe
from tidegate.assets import storage
from tidegate.assets.models import Asset, Rendition
from tidegate.assets.services import Media, create_asset, store

MEDIA_TYPE = "application/vnd.tidegate.composition+json"
LONGEST_TEXT = 12_000
# What stands for the whole, by the modality of the part that it is taken from.
_COVERS = {"image": Rendition.Kind.ORIGINAL, "video": Rendition.Kind.POSTER}


@dataclass(frozen=True, slots=True)
class Whole:
    """What a whole is made of; `parts` tells whether it is still what was read."""

    parts: tuple[UUID, ...]
    text: str
    media: tuple[Media, ...]


def gather(composition: Composition, recipe: Recipe, found: Sequence[Found]) -> Whole:
    """Read what the whole of these parts is, and store its bytes. Outside any transaction.

    Raises:
        OSError, DamagedBlob: the storage cannot give or take bytes now.
    """
    pieces = [one for one in found if one.state == State.PASSED and one.asset is not None]
    assets = [one.asset for one in pieces if one.asset is not None]
    originals = {
        rendition.asset_id: rendition.blob_id
        for rendition in Rendition.objects.filter(asset__in=assets, kind=Rendition.Kind.ORIGINAL)
    }
    table = {
        "recipe": {"name": recipe.name, "version": recipe.version},
        "title": composition.title,
        "parts": [
            {
                "name": one.row.name,
                "index": one.row.index,
                "title": recipe.part(one.row.name).title,
                "modality": one.asset.modality,
                "asset_id": str(one.asset.pk),
                "sha256": originals[one.asset.pk],
            }
            for one in pieces
            if one.asset is not None
        ],
    }
    written = json.dumps(table, ensure_ascii=False, indent=1).encode()
    media = [Media("original", written, MEDIA_TYPE), *_cover(recipe, pieces)]
    texts = [asset.text.strip() for asset in assets if asset.text.strip()]
    return Whole(
        parts=tuple(asset.pk for asset in assets),
        # The gate judges this: what the parts say together, and what the whole is called.
        text="\n\n".join([composition.title, *texts])[:LONGEST_TEXT],
        media=tuple(map(store, media)),
    )


def create_whole(composition: Composition, whole: Whole) -> Asset:
    """Make the asset, pending like any other; a second time it is the same one."""
    return create_asset(
        asset_id=composition.pk,
        organisation_id=composition.organisation_id,
        project_id=composition.project_id,
        owner_id=composition.requested_by_id,
        job_id=None,
        output_index=0,
        modality="composition",
        title=composition.title,
        prompt=_words(composition),
        text=whole.text,
        media=whole.media,
        parent_id=None,
        seed=composition.seed,
        model_name=composition.recipe_name,
        model_version=composition.recipe_version,
        parameters={},
        actor=WORKER,
        correlation_id=composition.correlation_id,
    )


def _words(composition: Composition) -> str:
    """What was asked for in one's own words: the free texts among the inputs, one per line."""
    shapes = composition.recipe["inputs"]["properties"]
    said: list[str] = []
    for name, value in composition.inputs.items():
        shape = shapes.get(name, {})
        if {"oneOf", "enum", "format"} & shape.keys():
            continue
        if isinstance(value, str) and value:
            said.append(value)
        elif isinstance(value, list):
            said += [item for item in value if isinstance(item, str)]
    return "\n".join(said)


def _cover(recipe: Recipe, pieces: Sequence[Found]) -> list[Media]:
    shown = [
        one.asset
        for one in pieces
        if one.asset is not None
        and one.asset.modality in _COVERS
        and recipe.cover in {"", one.row.name}
    ]
    if not shown:
        return []
    kind = _COVERS[shown[0].modality]
    picture = Rendition.objects.filter(asset=shown[0], kind=kind).first()
    if picture is None:
        return []
    return [
        Media(
            "poster",
            storage.read(picture.blob_id),
            picture.media_type,
            width=picture.width,
            height=picture.height,
        )
    ]
