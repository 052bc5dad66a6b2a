"""Who sees and uses which version of a preset: asked of the rows, on every read.

`versions_visible_to` is the one door. Its keepers (the author; of an organisation's preset its
members) see every version. Everybody else who is signed in sees what the gate passed, while it is
neither withdrawn nor archived nor taken down; staff also what was ever asked to be public.
"""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q, QuerySet

from generation.app.models import Preset, PresetVersion
from tidegate.accounts.models import Membership
from tidegate.accounts.viewers import Viewer
from tidegate.primitives.errors import NotFound
from tidegate.projects.selectors import member_organisations

_KEEPERS = frozenset({Membership.Role.OWNER, Membership.Role.ADMIN})
_PUBLIC = Q(
    publication=PresetVersion.Publication.PUBLIC,
    preset__archived_at__isnull=True,
    preset__taken_down_at__isnull=True,
)


def versions_visible_to(viewer: Viewer) -> QuerySet[PresetVersion]:
    """Return the versions a viewer may read and use, in no particular order."""
    if viewer.user_id is None:
        return PresetVersion.objects.none()
    seen = _kept(viewer, "preset__") | _PUBLIC
    if viewer.is_staff:
        asked = ~Q(publication=PresetVersion.Publication.PRIVATE)
        if viewer.organisation_id is not None:
            asked &= Q(preset__organisation_id=viewer.organisation_id)
        seen |= asked
    return PresetVersion.objects.filter(seen)


def presets_visible_to(viewer: Viewer) -> QuerySet[Preset]:
    """Return the presets of which a viewer sees any version, newest first."""
    return Preset.objects.filter(pk__in=versions_visible_to(viewer).values("preset_id")).order_by(
        "-id"
    )


def own_presets(viewer: Viewer, scope: str | None = None) -> QuerySet[Preset]:
    """Return the presets that the viewer keeps, alone or with an organisation, newest first."""
    if viewer.user_id is None:
        return Preset.objects.none()
    kept = Preset.objects.filter(_kept(viewer, "")).order_by("-id")
    return kept if scope is None else kept.filter(scope=scope)


def public_presets() -> QuerySet[Preset]:
    """Return what everybody who is signed in sees, newest first."""
    public = PresetVersion.objects.filter(_PUBLIC)
    return Preset.objects.filter(pk__in=public.values("preset_id")).order_by("-id")


def shown_versions(viewer: Viewer, presets: Iterable[Preset]) -> dict[UUID, PresetVersion]:
    """Return the newest version that the viewer sees of each preset, by the preset's id."""
    newest = (
        versions_visible_to(viewer)
        .filter(preset__in=list(presets))
        .select_related("preset", "author", "preset__organisation")
        .order_by("preset_id", "-number")
        .distinct("preset_id")
    )
    return {version.preset_id: version for version in newest}


def version_for(viewer: Viewer, preset_id: UUID, number: int | None = None) -> PresetVersion:
    """Return one version, without a number the newest that the viewer sees.

    Raises:
        NotFound: there is none for this viewer; the same whether it exists or not.
    """
    versions = (
        versions_visible_to(viewer)
        .filter(preset_id=preset_id)
        .select_related("preset", "author", "preset__organisation")
    )
    if number is not None:
        versions = versions.filter(number=number)
    version = versions.order_by("-number").first()
    if version is None:
        raise NotFound("There is no such preset.", code="preset_not_found")
    return version


def versions_for(viewer: Viewer, preset_id: UUID) -> QuerySet[PresetVersion]:
    """Return a preset's versions that the viewer sees, newest first, or raise NotFound."""
    version_for(viewer, preset_id)
    return (
        versions_visible_to(viewer)
        .filter(preset_id=preset_id)
        .select_related("preset", "author", "preset__organisation")
        .order_by("-number")
    )


def kept_by(viewer: Viewer, presets: Iterable[Preset]) -> set[UUID]:
    """Return which presets are the viewer's or their organisations'."""
    kept = own_presets(viewer).filter(pk__in=[preset.pk for preset in presets])
    return set(kept.values_list("pk", flat=True))


def read_inside_by(viewer: Viewer, presets: Iterable[Preset]) -> set[UUID]:
    """Return those of these presets, all visible, of which the viewer reads the inner side.

    Why the gate holds it, why staff took it down, whose organisation's it is: its keepers and
    staff.
    """
    shown = list(presets)
    return {preset.pk for preset in shown} if viewer.is_staff else kept_by(viewer, shown)


def edited_by(viewer: Viewer, presets: Iterable[Preset]) -> set[UUID]:
    """Return of which presets the viewer may write versions, archive and publish them.

    One's own, and those of an organisation in which one is admin or owner.
    """
    if viewer.user_id is None:
        return set()
    run = set(
        Membership.objects.filter(
            user_id=viewer.user_id, user__is_active=True, role__in=_KEEPERS
        ).values_list("organisation_id", flat=True)
    )
    return {
        preset.pk
        for preset in presets
        if viewer.organisation_id in {None, preset.organisation_id}
        and (
            preset.author_id == viewer.user_id
            if preset.scope == Preset.Scope.USER
            else preset.organisation_id in run
        )
    }


def _kept(viewer: Viewer, path: str) -> Q:
    """Return the condition, from a preset or from what `path` leads to one."""
    own = Q(**{f"{path}scope": Preset.Scope.USER, f"{path}author_id": viewer.user_id})
    shared = Q(
        **{
            f"{path}scope": Preset.Scope.ORGANISATION,
            f"{path}organisation_id__in": member_organisations(viewer),
        }
    )
    if viewer.organisation_id is None:
        return own | shared
    return (own | shared) & Q(**{f"{path}organisation_id": viewer.organisation_id})
