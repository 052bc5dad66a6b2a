"""The door: what a viewer may see, asked of the rows on every read.

Every path to an asset (REST, streams, feed, similar, media bytes, pages) filters through
`visible_to`. Nothing caches its answer.
"""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset, Modality, Move, Rendition, Visibility
from tidegate.primitives.errors import NotFound
from tidegate.primitives.statements import Select
from tidegate.projects.models import Project
from tidegate.projects.selectors import collaborations, member_organisations

_OWN_WORDS = frozenset({"negative_prompt"})
_RENDITIONS = Select(
    """
    SELECT {rendition} FROM assets_rendition AS rendition
    WHERE rendition.asset_id = ANY(%s::uuid[]) ORDER BY rendition.id
    """,
    rendition=Rendition,
)


def visible_to(viewer: Viewer) -> QuerySet[Asset]:
    """Return the assets a viewer may see, in no particular order.

    The owner and staff see every state. Everybody else sees what is released: in a public
    project anyone, in a private one the organisation's members and the project's
    collaborators. A key sees what its creator sees inside its organisation, and what is public.
    A whole and its parts count as released while each of them is.
    """
    released = shown_to_others()
    public = released & Q(project__audience=Project.Audience.PUBLIC)
    if viewer.user_id is None:
        return Asset.objects.filter(public)
    if viewer.is_staff:
        inside = Q()
    else:
        shared = Q(organisation_id__in=member_organisations(viewer)) | Q(
            project_id__in=collaborations(viewer)
        )
        inside = Q(owner_id=viewer.user_id) | (released & shared)
    if viewer.organisation_id is not None:
        inside = Q(organisation_id=viewer.organisation_id) & inside
    if not inside:
        return Asset.objects.all()
    return Asset.objects.filter(inside | public)


def shown_to_others() -> Q:
    """Return the condition under which anybody but its owner and staff may see an asset.

    It is released, and so is everything that it belongs together with: the whole that it is a
    part of, which is not there before it is complete, and every part of that whole.
    """
    alone = Q(whole__isnull=True) & ~Q(modality=Modality.COMPOSITION)
    whole = Asset.objects.filter(pk=OuterRef("whole_id"), visibility=Visibility.RELEASED)
    missing = Asset.objects.filter(whole_id=Coalesce(OuterRef("whole_id"), OuterRef("pk"))).exclude(
        visibility=Visibility.RELEASED
    )
    together = (Q(whole__isnull=True) | Q(Exists(whole))) & ~Q(Exists(missing))
    # Alone first: for all but wholes and parts, nothing else is looked at.
    return Q(visibility=Visibility.RELEASED) & (alone | together)


def is_shown_to_others(asset_id: UUID) -> bool:
    """Whether somebody else may see an asset now, if its project lets them."""
    return Asset.objects.filter(shown_to_others(), pk=asset_id).exists()


def parts_of(viewer: Viewer, whole_id: UUID) -> QuerySet[Asset]:
    """Return the parts of a whole that the viewer may see, in the order in which they were made."""
    return visible_to(viewer).filter(whole_id=whole_id).order_by("pk")


def asset_for(viewer: Viewer, asset_id: UUID) -> Asset:
    """Return one asset with its project, owner and renditions.

    Raises:
        NotFound: there is none, or this viewer may not see it; the two look the same.
    """
    asset = (
        visible_to(viewer)
        .select_related("project", "owner", "organisation")
        .prefetch_related("renditions__blob")
        .filter(pk=asset_id)
        .first()
    )
    if asset is None:
        raise NotFound("There is no such asset.", code="asset_not_found")
    return asset


def attach_renditions(assets: Collection[Asset]) -> None:
    """Load the renditions of many assets with one query, as `prefetch_related` would.

    Django's own prefetch builds a query set per asset, which for a page of a feed costs more
    than the query. The private name below is what its prefetch fills too.
    """
    found: dict[UUID, list[Rendition]] = {asset.pk: [] for asset in assets}
    if found:
        for (rendition,) in _RENDITIONS.all([list(found)]):
            found[rendition.asset_id].append(rendition)
    for asset in assets:
        loaded = Rendition.objects.all()
        loaded._result_cache = found[asset.pk]  # noqa: SLF001  # as the docstring says
        cache: dict[str, QuerySet[Rendition]] = {"renditions": loaded}
        asset._prefetched_objects_cache = cache  # type: ignore[attr-defined]  # noqa: SLF001  # as above


def visible_rendition(viewer: Viewer, rendition_id: UUID) -> Rendition:
    """Return one rendition with its blob. One query.

    Raises:
        NotFound: there is none, or this viewer may not see its asset.
    """
    rendition = (
        Rendition.objects.select_related("blob")
        .filter(pk=rendition_id, asset__in=visible_to(viewer))
        .first()
    )
    if rendition is None:
        raise NotFound("There is no such media.", code="media_not_found")
    return rendition


def sees_all_of(viewer: Viewer, asset: Asset) -> bool:
    """Whether a viewer may read an asset's inner side: states, reasons, history, parameters."""
    if viewer.organisation_id not in {None, asset.organisation_id}:
        return False
    return viewer.is_staff or (viewer.user_id is not None and viewer.user_id == asset.owner_id)


def parameters_of(viewer: Viewer, asset: Asset) -> dict[str, Any]:
    """Return what an asset was made with, as far as this viewer may know.

    Settings go with what they made, so that it can be made again. What it should not be like is
    words: the gate read them as part of a request, not as something that is shown.
    """
    shown = dict(asset.parameters)
    if not sees_all_of(viewer, asset):
        for name in _OWN_WORDS:
            shown.pop(name, None)
    return shown


def history_for(viewer: Viewer, asset_id: UUID) -> list[Move]:
    """Return an asset's moves, oldest first, for its owner and staff; for others none.

    What a reviewer wrote is for staff: its owner gets the moves without it, and a letter that says
    why.

    Raises:
        NotFound: the viewer may not see the asset.
    """
    asset = asset_for(viewer, asset_id)
    if not sees_all_of(viewer, asset):
        return []
    moves = list(Move.objects.filter(asset=asset).order_by("version"))
    if not viewer.is_staff:
        for move in moves:
            if move.actor_kind != "system" and Visibility.WITHDRAWN not in {
                move.before,
                move.after,
            }:
                move.reason = ""
    return moves
