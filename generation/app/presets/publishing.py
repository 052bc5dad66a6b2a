"""How the words of a preset become everybody's, and how they go out of sight again."""

from typing import Final
from uuid import UUID

from django.db import transaction

from generation.app.models import Preset, PresetVersion
from generation.app.presets import selectors
from generation.app.presets.services import editable
from generation.app.presets.trail import left
from generation.app.presets.words import public_words
from generation.app.registry.selectors import described
from generation.core.catalogue import parse_asked
from tidegate.accounts.viewers import Viewer
from tidegate.audit.actions import Action
from tidegate.contracts.ports import Ruling, gate
from tidegate.primitives.clock import now
from tidegate.primitives.correlation import correlation_id
from tidegate.primitives.errors import Conflict, InvalidInput, NotAllowed
from tidegate.projects.publishing import require_may_publish

LONGEST_REASON: Final = 500
_STAFF: Final = ("reviewer", "senior_reviewer", "policy_admin")
_Publication = PresetVersion.Publication
_ANSWERS: Final = {
    "release": _Publication.PUBLIC,
    "hold": _Publication.HELD,
    "block": _Publication.REFUSED,
    "unavailable": _Publication.UNANSWERED,
}


def publish_version(*, viewer: Viewer, preset_id: UUID, number: int | None = None) -> PresetVersion:
    """Ask the gate whether everybody may read a version, without a number the latest one.

    What it releases is public. What it holds, or cannot answer about, stays private and may be
    asked about again; what it refuses stays private for good. A public version is returned as it
    is. The gate is asked outside the transaction.

    Raises:
        NotFound, NotAllowed: as `services.add_version`; or a restriction keeps it private.
        Conflict: the preset is archived or was taken down by staff.
        InvalidMove: this version was refused; write another one.
    """
    editable(viewer, preset_id)
    version = selectors.version_for(viewer, preset_id, number)
    if version.publication == _Publication.PUBLIC:
        _require_open(version.preset)
        return version
    require_may_publish(viewer, version.preset.organisation_id)
    # Asked for the answer that can always come: a refused version may not even be asked about.
    _require_askable(version)
    ruling = gate().screen_prompt(
        prompt=public_words(version),
        modality=_modality_of(version),
        correlation_id=correlation_id(),
    )
    with transaction.atomic():
        Preset.objects.select_for_update().get(pk=preset_id)
        version = PresetVersion.objects.select_related("preset").get(pk=version.pk)
        if version.publication == _Publication.PUBLIC:
            return version  # somebody else asked at the same moment
        _require_askable(version)
        before = version.publication
        _apply(version, ruling)
        version.save(update_fields=["publication", "screened_at", "screening_policy", "reasons"])
        is_public = version.publication == _Publication.PUBLIC
        action = Action.PRESET_PUBLISHED if is_public else Action.PRESET_NOT_PUBLISHED
        left(version, action, actor=viewer.actor(), before=before)
    return version


def is_askable(version: PresetVersion) -> bool:
    """Whether the gate may be asked about a version now, by whoever may change its preset."""
    try:
        _require_askable(version)
    except Conflict:
        return False
    return True


@transaction.atomic
def withdraw_preset(*, viewer: Viewer, preset_id: UUID) -> PresetVersion:
    """Take every public version out of others' sight, from their next request on.

    Twice is no error; each may be published again. Raises as `services.add_version`.
    """
    editable(viewer, preset_id)
    preset = Preset.objects.select_for_update().get(pk=preset_id)
    public = PresetVersion.objects.filter(preset=preset, publication=_Publication.PUBLIC)
    withdrawn = list(public.select_related("preset").order_by("number"))
    at = now()
    for version in withdrawn:
        version.move_to(_Publication.WITHDRAWN, at=at)
        version.save(update_fields=["publication"])
    for version in withdrawn:
        left(version, Action.PRESET_WITHDRAWN, actor=viewer.actor(), before=_Publication.PUBLIC)
    return selectors.version_for(viewer, preset_id)


@transaction.atomic
def take_down_preset(
    *, viewer: Viewer, preset_id: UUID, reason: str, is_taken_down: bool = True
) -> PresetVersion:
    """Take a preset from everybody but its keepers, with a reason that they read; or reinstate it.

    While it is taken down no version of it can be published. Twice is no error.

    Raises:
        NotAllowed: the viewer is no review staff, or keeps the preset.
        NotFound: there is no such preset, or it was never meant to be public.
        InvalidInput: no reason.
    """
    if not viewer.has_role(_STAFF):
        raise NotAllowed("Review staff take presets down.", code="preset_staff_only")
    version = selectors.version_for(viewer, preset_id)
    if selectors.kept_by(viewer, [version.preset]):
        raise NotAllowed("Nobody rules on a preset of their own.", code="own_preset")
    clean = " ".join(reason.split())
    if not 1 <= len(clean) <= LONGEST_REASON:
        raise InvalidInput(
            f"Say why, in at most {LONGEST_REASON} characters.",
            code="reason_missing",
            pointer="/reason",
        )
    preset = Preset.objects.select_for_update().get(pk=preset_id)
    if (preset.taken_down_at is not None) != is_taken_down:
        preset.taken_down_at = now() if is_taken_down else None
        preset.taken_down_because = clean if is_taken_down else ""
        preset.save(update_fields=["taken_down_at", "taken_down_because"])
        version.preset = preset
        action = Action.PRESET_TAKEN_DOWN if is_taken_down else Action.PRESET_REINSTATED
        left(version, action, actor=viewer.actor(), reason=clean)
    return selectors.version_for(viewer, preset_id)


def _apply(version: PresetVersion, ruling: Ruling) -> None:
    version.move_to(_ANSWERS[ruling.verdict], at=now())
    version.screening_policy = ruling.policy_version
    version.reasons = list(ruling.reasons)


def _require_askable(version: PresetVersion) -> None:
    _require_open(version.preset)
    # Says whether any answer could be given, without giving one.
    version.require_move(_Publication.PUBLIC)


def _require_open(preset: Preset) -> None:
    if preset.taken_down_at is not None:
        raise Conflict(
            f"Staff took this preset down: {preset.taken_down_because}", code="preset_taken_down"
        )
    if preset.archived_at is not None:
        raise Conflict("The preset is archived; bring it back first.", code="preset_archived")


def _modality_of(version: PresetVersion) -> str:
    """Return what the version's model makes; a model that nobody knows any more made text."""
    model = described(parse_asked(version.model_name).name)
    return "text" if model is None else model.modality
