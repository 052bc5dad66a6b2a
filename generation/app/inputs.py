"""Pictures that a job works on: which of them one may give, and their bytes when it runs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from generation.app.models import Job, JobInput
from generation.core.catalogue import Model, Problem
from tidegate.accounts.models import User
from tidegate.accounts.selectors import viewer_for_user
from tidegate.accounts.viewers import Viewer
from tidegate.assets import storage
from tidegate.assets.models import Asset, Rendition, Visibility
from tidegate.assets.selectors import visible_to
from tidegate.uploads.selectors import uploads_of

# What passed the gate. Its owner may go on working on what they took out of sight themselves.
_PASSED = frozenset({Visibility.RELEASED, Visibility.WITHDRAWN})
_UNKNOWN = "there is no such picture, or you may not see it"


class InputGone(RuntimeError):
    """A picture that the job was asked to work on may no longer be used."""


@dataclass(frozen=True, slots=True)
class Given:
    """A picture that the asker may use, under its parameter's name.

    `prompt` is what an asset was made from, empty for uploads.
    """

    name: str
    blob_id: str
    upload_id: UUID | None = None
    asset_id: UUID | None = None
    prompt: str = ""


def given(
    viewer: Viewer, model: Model, parameters: Mapping[str, object]
) -> tuple[tuple[Given, ...], list[Problem]]:
    """Return the pictures that a request names, and what is wrong with them.

    One's own accepted upload, or one's own asset that passed the gate. Another's released asset
    may be varied, and that only: the result names it as its parent.
    """
    found: list[Given] = []
    problems: list[Problem] = []
    for parameter in model.image_parameters:
        if parameter.name not in parameters:
            continue
        picture = _find(viewer, model, parameter.name, UUID(str(parameters[parameter.name])))
        if isinstance(picture, Problem):
            problems.append(picture)
        else:
            found.append(picture)
    return tuple(found), problems


def parent_of(pictures: Iterable[Given]) -> UUID | None:
    """Return the asset that a job's output descends from: the first one that was given."""
    return next((picture.asset_id for picture in pictures if picture.asset_id is not None), None)


def words_of(model: Model, prompt: str, pictures: Iterable[Given]) -> str:
    """Return the prompt, or where none is needed and none was given, that of the given asset."""
    if prompt or model.needs_prompt:
        return prompt
    inherited = next((picture.prompt for picture in pictures if picture.prompt), "")
    return inherited if len(inherited) <= model.limits.prompt_characters else ""


def keep(job: Job, pictures: Iterable[Given]) -> None:
    """Store what a job works on, in the transaction that stores the job."""
    rows = [
        JobInput(
            job=job,
            name=picture.name,
            blob_id=picture.blob_id,
            asset_id=picture.asset_id,
            upload_id=picture.upload_id,
        )
        for picture in pictures
    ]
    if rows:
        JobInput.objects.bulk_create(rows)


def bytes_of(job_id: UUID, requested_by_id: UUID) -> dict[str, bytes]:
    """Return the bytes of a job's pictures by name; what was taken down since is not used.

    Raises:
        InputGone: an asset among them is no longer there for who asked.
        OSError, DamagedBlob: the storage cannot give them now.
    """
    inputs = list(JobInput.objects.filter(job_id=job_id))
    asked = {item.asset_id for item in inputs if item.asset_id is not None}
    if asked:
        viewer = viewer_for_user(User.objects.get(pk=requested_by_id))
        usable = {
            asset.pk
            for asset in visible_to(viewer).filter(pk__in=asked)
            if _may_be_used(viewer, asset)
        }
        if asked - usable:
            raise InputGone("A picture that this job works on was taken down.")
    return {item.name: storage.read(item.blob_id) for item in inputs}


def _find(viewer: Viewer, model: Model, name: str, wanted: UUID) -> Given | Problem:
    pointer = f"/parameters/{name}"
    upload = uploads_of(viewer).filter(pk=wanted).first()
    if upload is not None:
        if upload.is_usable and upload.blob_id is not None:
            return Given(name, upload.blob_id, upload_id=upload.pk)
        why = "has not been checked yet" if upload.screened_at is None else "did not pass its check"
        return Problem(pointer, "image_not_usable", f"this upload {why}")
    asset = visible_to(viewer).filter(pk=wanted).first()
    if asset is None:
        return Problem(pointer, "unknown_image", _UNKNOWN)
    return _of_asset(viewer, model, name, asset)


def _of_asset(viewer: Viewer, model: Model, name: str, asset: Asset) -> Given | Problem:
    pointer = f"/parameters/{name}"
    if not _may_be_used(viewer, asset):
        return Problem(pointer, "image_not_usable", "only what was released can be worked on")
    if asset.owner_id != viewer.user_id and set(model.operations) != {"variation"}:
        return Problem(
            pointer, "image_not_yours", "of another's picture only variations may be made"
        )
    original = Rendition.objects.filter(asset=asset, kind=Rendition.Kind.ORIGINAL).first()
    if original is None or original.media_type not in {"image/png", "image/jpeg", "image/webp"}:
        return Problem(pointer, "not_an_image", "this asset is no picture")
    return Given(name, original.blob_id, asset_id=asset.pk, prompt=asset.prompt)


def _may_be_used(viewer: Viewer, asset: Asset) -> bool:
    if asset.owner_id == viewer.user_id:
        return asset.visibility in _PASSED
    return asset.visibility == Visibility.RELEASED
