"""Writes about assets: they appear pending, and move only along `Asset.MOVES`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.db import transaction

from tidegate.accounts.viewers import Viewer
from tidegate.assets import storage
from tidegate.assets.deadlines import judge_by
from tidegate.assets.models import Asset, Blob, Move, Rendition, Visibility
from tidegate.assets.selectors import visible_to
from tidegate.audit.actions import Action
from tidegate.audit.services import lock_chains, record
from tidegate.contracts.assets import AssetCreated, AssetModality, AssetVisibilityChanged
from tidegate.contracts.assets import Visibility as WireVisibility
from tidegate.contracts.ports import restraints
from tidegate.events.services import announce, announce_each
from tidegate.primitives.actor import Actor
from tidegate.primitives.clock import now
from tidegate.primitives.errors import InvalidMove, NotAllowed, NotFound
from tidegate.primitives.statements import (
    insert,
    insert_all,
    insert_unless_there,
    together,
    update,
    update_all,
)

_TITLE_LIMIT = 200
_MOVED = ("visibility", "visibility_version", "reasons", "public_reasons", "released_at")


@dataclass(frozen=True, slots=True)
class Media:
    """One rendition. Width and height in pixels, duration in milliseconds.

    `sha256` is that of bytes which are stored already: see `store`.
    """

    kind: str
    data: bytes
    media_type: str
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """Where a locked asset is to go, and why; see `move_asset`."""

    asset: Asset
    to: str
    reason: str
    reasons: Sequence[Mapping[str, Any]] | None = None
    public_reasons: Sequence[Mapping[str, Any]] | None = None


def store(media: Media) -> Media:
    """Store a rendition's bytes before the transaction that is to refer to them.

    Raises:
        OSError: the storage refused the bytes.
    """
    return replace(media, sha256=storage.put(media.data))


def create_asset(
    *,
    organisation_id: UUID,
    project_id: UUID,
    owner_id: UUID,
    job_id: UUID | None,
    output_index: int,
    modality: AssetModality,
    title: str,
    prompt: str,
    text: str,
    media: Sequence[Media],
    parent_id: UUID | None,
    seed: int | None,
    model_name: str,
    model_version: str,
    parameters: Mapping[str, Any],
    actor: Actor,
    correlation_id: UUID,
    whole_id: UUID | None = None,
    asset_id: UUID | None = None,
    preset_version_id: UUID | None = None,
) -> Asset:
    """Store an output as a pending asset; the same job output again returns the first asset.

    `whole_id` is the whole that it is a part of, which need not be there yet. `asset_id` is the
    id it gets, where that is known before; a second asset with it returns the first.

    Blobs are stored before the transaction starts: a crash between leaves bytes that nobody
    refers to, never a row without bytes. Call it in an outer transaction to bind it to more, and
    `store` the media before that one.

    Raises:
        ValueError: no original among the media, or two renditions of one kind.
        OSError: the storage refused the bytes; no row was written.
    """
    kinds = [item.kind for item in media]
    if Rendition.Kind.ORIGINAL not in kinds or len(set(kinds)) != len(kinds):
        raise ValueError(f"an asset has one original and one rendition per kind, not {kinds}")
    stored = [item if item.sha256 else store(item) for item in media]
    original = kinds.index(Rendition.Kind.ORIGINAL)
    asset = Asset(
        organisation_id=organisation_id,
        project_id=project_id,
        owner_id=owner_id,
        job_id=job_id,
        output_index=output_index,
        modality=modality,
        title=title[:_TITLE_LIMIT],
        prompt=prompt,
        text=text,
        media_type=media[original].media_type,
        parent_id=parent_id,
        seed=seed,
        model_name=model_name,
        model_version=model_version,
        parameters=dict(parameters),
        preset_version_id=preset_version_id,
        correlation_id=correlation_id,
        whole_id=whole_id,
        judge_by=judge_by(modality, now()),
    )
    if asset_id is not None:
        asset.pk = asset_id
    # No savepoint inside an outer transaction: nobody there goes on after a failure in here.
    with transaction.atomic(savepoint=False):
        if not insert_unless_there(asset):
            if asset_id is not None:
                return Asset.objects.get(pk=asset_id)
            return Asset.objects.get(job_id=job_id, output_index=output_index)
        _insert_renditions(asset, stored)
        _announce_created(asset, stored[original].sha256, actor)
    return asset


@transaction.atomic
@together()
def move_asset(
    *,
    asset_id: UUID,
    to: str,
    actor: Actor,
    reason: str,
    reasons: Sequence[Mapping[str, Any]] | None = None,
    public_reasons: Sequence[Mapping[str, Any]] | None = None,
) -> Asset:
    """Change who may see an asset: lock, move, history, audit, event, or none of them.

    `reasons` (for staff) and `public_reasons` (for the author) replace the present ones; None
    leaves them. The audit entry is on the chain of the asset's organisation.

    Raises:
        NotFound: no such asset.
        InvalidMove: `asset_move_not_allowed`: the asset's state does not lead there.
    """
    asset = Asset.objects.select_for_update(of=("self",), no_key=True).filter(pk=asset_id).first()
    if asset is None:
        raise NotFound("There is no such asset.", code="asset_not_found")
    step = Step(asset, to, reason, reasons, public_reasons)
    before = _take(step)
    update(asset, *_MOVED)
    insert(_move(step, before, actor))
    announce(_moved(asset, before), correlation_id=asset.correlation_id)
    _record_move(step, before, actor)
    return asset


def move_assets(steps: Sequence[Step], *, actor: Actor) -> None:
    """Do with many assets what `move_asset` does with one, in a few statements.

    Inside the caller's transaction, which has locked them. Write nothing but audit entries after
    it: from here on their chains are locked.

    Raises:
        InvalidMove: as `move_asset`; nothing was written.
    """
    befores = [_take(step) for step in steps]
    update_all([step.asset for step in steps], *_MOVED)
    pairs = list(zip(steps, befores, strict=True))
    insert_all([_move(step, before, actor) for step, before in pairs])
    announce_each(
        [(_moved(step.asset, before), step.asset.correlation_id) for step, before in pairs]
    )
    lock_chains(_chain(step.asset) for step in steps)
    with together():
        for step, before in pairs:
            _record_move(step, before, actor)


def move_deadline(asset: Asset, *, to: datetime) -> None:
    """Change until when a locked asset must have been judged, inside the caller's transaction."""
    asset.judge_by = to
    update(asset, "judge_by")


@transaction.atomic
def leave_whole(*, asset_id: UUID, actor: Actor, reason: str) -> Asset:
    """Take a part out of the whole that is to come, which does without it. Twice is no error.

    Raises:
        NotFound: no such asset.
        InvalidMove: `asset_in_whole`: its whole is there already, and was judged with it.
    """
    asset = Asset.objects.select_for_update(of=("self",), no_key=True).filter(pk=asset_id).first()
    if asset is None:
        raise NotFound("There is no such asset.", code="asset_not_found")
    if asset.whole_id is None:
        return asset
    if Asset.objects.filter(pk=asset.whole_id).exists():
        raise InvalidMove("What was made a whole stays one.", code="asset_in_whole")
    before, asset.whole_id = asset.whole_id, None
    asset.save(update_fields=["whole_id"])
    record(
        Action.ASSET_LEFT_WHOLE,
        chain=_chain(asset),
        actor=actor,
        subject_type="assets.asset",
        subject_id=str(asset.pk),
        before={"whole": str(before)},
        after={"whole": ""},
        reason=reason,
        correlation_id=asset.correlation_id,
    )
    return asset


def withdraw_asset(*, viewer: Viewer, asset_id: UUID, reason: str = "") -> Asset:
    """Take a released asset back: nobody but its owner and staff sees it from here on.

    Raises:
        NotFound: the viewer may not see the asset.
        NotAllowed: the viewer does not own it.
        InvalidMove: it is not released.
    """
    return _move_own(viewer, asset_id, Visibility.WITHDRAWN, reason or "withdrawn by its owner")


def restore_asset(*, viewer: Viewer, asset_id: UUID, reason: str = "") -> Asset:
    """Show a withdrawn asset again. Only what was released once can have been withdrawn.

    Raises:
        NotFound, NotAllowed: as `withdraw_asset`; or a restriction or what it was made from keeps
            it from being shown.
        InvalidMove: it is not withdrawn: a held or blocked asset is for reviewers to release.
    """
    return _move_own(viewer, asset_id, Visibility.RELEASED, reason or "restored by its owner")


@transaction.atomic
def _move_own(viewer: Viewer, asset_id: UUID, to: Visibility, reason: str) -> Asset:
    asset = (
        visible_to(viewer).select_for_update(of=("self",), no_key=True).filter(pk=asset_id).first()
    )
    if asset is None:
        raise NotFound("There is no such asset.", code="asset_not_found")
    if viewer.user_id is None or asset.owner_id != viewer.user_id:
        raise NotAllowed("Only its owner withdraws or restores an asset.", code="owner_only")
    if to == Visibility.RELEASED and asset.visibility != Visibility.WITHDRAWN:
        # MOVES lets a reviewer release from other states; an owner only undoes their own step.
        raise InvalidMove(
            f"An asset that is {asset.visibility} is not the owner's to restore.",
            code="asset_move_not_allowed",
        )
    if to == Visibility.RELEASED:
        _require_may_restore(asset)
    return move_asset(asset_id=asset_id, to=to, actor=viewer.actor(), reason=reason)


def _require_may_restore(asset: Asset) -> None:
    """What would be held if it were released now cannot be withdrawn past that and restored."""
    restraint = restraints().on_restoring(
        asset_id=asset.pk, author_id=asset.owner_id, organisation_id=asset.organisation_id
    )
    if restraint is not None:
        raise NotAllowed(
            "This may not be shown again at present.",
            code="not_public_now",
            extra={
                "restriction": restraint.kind,
                "until": restraint.until.isoformat() if restraint.until else None,
            },
        )


def _action_of(before: str, after: str) -> Action:
    if after == Visibility.WITHDRAWN:
        return Action.ASSET_WITHDRAWN
    if before == Visibility.WITHDRAWN and after == Visibility.RELEASED:
        return Action.ASSET_RESTORED
    return Action.ASSET_MOVED


def _on_the_wire(visibility: str) -> WireVisibility:
    return cast("WireVisibility", str(visibility))


def _insert_renditions(asset: Asset, media: Sequence[Media]) -> None:
    for item in media:
        insert_unless_there(
            Blob(sha256=item.sha256, size=len(item.data), media_type=item.media_type)
        )
        insert(
            Rendition(
                asset=asset,
                kind=item.kind,
                blob_id=item.sha256,
                media_type=item.media_type,
                width=item.width,
                height=item.height,
                duration_ms=item.duration_ms,
            )
        )


def _announce_created(asset: Asset, sha256: str, actor: Actor) -> None:
    insert(_move(Step(asset, asset.visibility, "created"), "", actor))
    announce(
        AssetCreated(
            asset_id=asset.pk,
            organisation_id=asset.organisation_id,
            project_id=asset.project_id,
            owner_id=asset.owner_id,
            job_id=asset.job_id,
            modality=cast("AssetModality", asset.modality),
            media_type=asset.media_type,
            sha256=sha256,
            model_name=asset.model_name,
            prompt=asset.prompt,
        ),
        correlation_id=asset.correlation_id,
    )
    record(
        Action.ASSET_CREATED,
        chain=_chain(asset),
        actor=actor,
        subject_type="assets.asset",
        subject_id=str(asset.pk),
        before=None,
        after={
            "visibility": str(asset.visibility),
            "sha256": sha256,
            "job": str(asset.job_id or ""),
        },
        correlation_id=asset.correlation_id,
    )


def _take(step: Step) -> str:
    """Change the row as the step says; return what its visibility was."""
    asset = step.asset
    before = asset.visibility
    asset.move_to(Visibility(step.to))
    if step.reasons is not None:
        asset.reasons = [dict(item) for item in step.reasons]
    if step.public_reasons is not None:
        asset.public_reasons = [dict(item) for item in step.public_reasons]
    if asset.visibility == Visibility.RELEASED and asset.released_at is None:
        asset.released_at = now()
    return before


def _moved(asset: Asset, before: str) -> AssetVisibilityChanged:
    return AssetVisibilityChanged(
        asset_id=asset.pk,
        organisation_id=asset.organisation_id,
        project_id=asset.project_id,
        owner_id=asset.owner_id,
        job_id=asset.job_id,
        before=_on_the_wire(before),
        after=_on_the_wire(asset.visibility),
        version=asset.visibility_version,
    )


def _record_move(step: Step, before: str, actor: Actor) -> None:
    asset = step.asset
    record(
        _action_of(before, asset.visibility),
        chain=_chain(asset),
        actor=actor,
        subject_type="assets.asset",
        subject_id=str(asset.pk),
        before={"visibility": before},
        after={"visibility": str(asset.visibility), "version": asset.visibility_version},
        reason=step.reason,
        correlation_id=asset.correlation_id,
    )


def _chain(asset: Asset) -> str:
    return f"organisation:{asset.organisation_id}"


def _move(step: Step, before: str, actor: Actor) -> Move:
    return Move(
        asset=step.asset,
        before=before,
        after=step.asset.visibility,
        actor_kind=actor.kind,
        actor_id=actor.id,
        reason=step.reason,
        at=now(),
        version=step.asset.visibility_version,
    )
