"""Writes about presets: made, changed by a further version, archived, brought back."""

from typing import Final
from uuid import UUID

from django.db import transaction

from generation.app.models import Preset, PresetVersion
from generation.app.presets import selectors
from generation.app.presets.trail import left
from generation.app.presets.words import PresetWords, checked_words
from tidegate.accounts.selectors import require_role
from tidegate.accounts.viewers import Viewer
from tidegate.audit.actions import Action
from tidegate.primitives.clock import now
from tidegate.primitives.errors import Conflict, NotAllowed

MOST_PRESETS: Final = 500
MOST_VERSIONS: Final = 200


@transaction.atomic
def create_preset(
    *, viewer: Viewer, organisation_id: UUID, scope: str, words: PresetWords
) -> PresetVersion:
    """Keep a way of asking, for oneself or for an organisation; return its first version.

    Raises:
        NotFound: the organisation, for a stranger.
        NotAllowed: nobody is signed in, or the role is too low: a member keeps presets for
            themselves, an admin or owner those of the organisation.
        InvalidInput: with a pointer for everything that is wrong.
        Conflict: one keeps as many as one may.
    """
    if viewer.user_id is None:
        raise NotAllowed("Sign in to keep a preset.", code="not_signed_in")
    is_shared = scope == Preset.Scope.ORGANISATION
    require_role(viewer, organisation_id, "admin" if is_shared else "member")
    clean = checked_words(words)
    if selectors.own_presets(viewer, scope).filter(archived_at=None).count() >= MOST_PRESETS:
        raise Conflict(
            f"There are {MOST_PRESETS} presets already; archive some first.", code="preset_limit"
        )
    preset = Preset.objects.create(
        organisation_id=organisation_id, author_id=viewer.user_id, scope=scope
    )
    version = _insert(preset, 1, viewer.user_id, clean)
    left(version, Action.PRESET_CREATED, actor=viewer.actor(), after={"scope": scope})
    return version


@transaction.atomic
def add_version(
    *, viewer: Viewer, preset_id: UUID, words: PresetWords, latest: int | None = None
) -> PresetVersion:
    """Write the next version of a preset; earlier ones stay as they are.

    The same words as the latest version's are no new version. With `latest`, it is refused when
    somebody else wrote a version in between. Nothing of it is public until it is published.

    Raises:
        NotFound, NotAllowed, InvalidInput: as `create_preset`, for the preset.
        Conflict: it is archived, another version came first, or there are too many.
    """
    preset = _locked(viewer, preset_id)
    if viewer.user_id is None:
        raise NotAllowed("Sign in to change a preset.", code="not_signed_in")
    if preset.archived_at is not None:
        raise Conflict("The preset is archived; bring it back first.", code="preset_archived")
    if latest is not None and latest != preset.latest:
        raise Conflict(
            f"Its latest version is {preset.latest} by now.",
            code="preset_changed",
            extra={"latest": preset.latest},
        )
    clean = checked_words(words)
    before = PresetVersion.objects.select_related("preset").get(preset=preset, number=preset.latest)
    if _same(before, clean):
        return before
    if preset.latest >= MOST_VERSIONS:
        raise Conflict(f"A preset has at most {MOST_VERSIONS} versions.", code="preset_limit")
    preset.latest += 1
    preset.save(update_fields=["latest"])
    version = _insert(preset, preset.latest, viewer.user_id, clean)
    left(version, Action.PRESET_CHANGED, actor=viewer.actor())
    return version


@transaction.atomic
def archive_preset(*, viewer: Viewer, preset_id: UUID, is_archived: bool) -> PresetVersion:
    """Take a preset out of use, for its keepers and for everybody, or bring it back.

    Twice is no error. What was public is public again when it is brought back: the gate passed
    the words. Raises NotFound and NotAllowed as `create_preset`.
    """
    preset = _locked(viewer, preset_id)
    version = PresetVersion.objects.select_related("preset").get(
        preset=preset, number=preset.latest
    )
    if (preset.archived_at is not None) == is_archived:
        return version
    preset.archived_at = now() if is_archived else None
    preset.save(update_fields=["archived_at"])
    version.preset = preset
    action = Action.PRESET_ARCHIVED if is_archived else Action.PRESET_RESTORED
    left(version, action, actor=viewer.actor())
    return version


def editable(viewer: Viewer, preset_id: UUID) -> Preset:
    """Return a preset that the viewer may change, or raise NotFound or NotAllowed."""
    preset = selectors.version_for(viewer, preset_id).preset
    if not selectors.edited_by(viewer, [preset]):
        raise NotAllowed(
            "Its author changes a preset, or of an organisation's its admins and owners.",
            code="preset_not_yours",
        )
    return preset


def _locked(viewer: Viewer, preset_id: UUID) -> Preset:
    """Return an editable preset, locked: its versions are written one after the other."""
    editable(viewer, preset_id)
    return Preset.objects.select_for_update().get(pk=preset_id)


def _insert(preset: Preset, number: int, author_id: UUID, words: PresetWords) -> PresetVersion:
    return PresetVersion.objects.create(
        preset=preset,
        number=number,
        author_id=author_id,
        name=words.name,
        description=words.description,
        model_name=words.model_name,
        prompt=words.prompt,
        negative_prompt=words.negative_prompt,
        style=words.style,
        parameters=dict(words.parameters),
        variables=[dict(item) for item in words.variables],
        lists={name: list(entries) for name, entries in words.lists.items()},
    )


def _same(version: PresetVersion, words: PresetWords) -> bool:
    return (
        version.name == words.name
        and version.description == words.description
        and version.model_name == words.model_name
        and version.prompt == words.prompt
        and version.negative_prompt == words.negative_prompt
        and version.style == words.style
        and version.parameters == dict(words.parameters)
        and version.variables == [dict(item) for item in words.variables]
        and version.lists == {name: list(entries) for name, entries in words.lists.items()}
    )
