"""Assets: one's own by state, and each with its history."""

from uuid import UUID

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.http import require_POST, require_safe

from generation.app.compositions import selectors as compositions
from generation.app.registry.selectors import described
from moderation.app import selectors as moderation
from moderation.app.masking import asset_seen_by
from moderation.app.services import make_appeal
from recommendations.app import selectors as recommendations
from tidegate.accounts.viewers import Viewer
from tidegate.assets import selectors, services
from tidegate.assets.models import Asset, Modality, Visibility
from tidegate.primitives.errors import Conflict, InvalidInput, NotFound
from tidegate.web import presets
from tidegate.web.errors import said
from tidegate.web.viewers import signed_in, viewer_of

LIBRARY_PAGE = 60
SIMILAR = 6


@require_safe
def asset_page(request: HttpRequest, asset_id: UUID) -> HttpResponse:
    """Show one asset; its history only to who may know it."""
    viewer = viewer_of(request)
    asset = selectors.asset_for(viewer, asset_id)
    shown = asset_seen_by(viewer, asset)
    sees_all = selectors.sees_all_of(viewer, asset)
    model = described(asset.model_name)
    stands = recommendations.reactions_to(viewer, [asset.pk]).get(asset.pk, frozenset())
    return render(
        request,
        "web/asset.html",
        {
            "viewer": viewer,
            "asset": shown,
            "is_owner": asset.owner_id == viewer.user_id,
            "is_liked": "like" in stands,
            "is_saved": "save" in stands,
            "history": selectors.history_for(viewer, asset_id) if sees_all else (),
            "model": model.translated(get_language() or "en") if model else None,
            "parameters": selectors.parameters_of(viewer, shown),
            "preset": presets.used_for(viewer, asset),
            "appeal": moderation.appeal_standing(asset, viewer.user_id),
            "statement": moderation.statement_of(asset, viewer),
            "parent": _parent(viewer, asset.parent_id),
            "whole": _whole(viewer, asset.whole_id),
            "parts": _parts(viewer, asset),
            "children": [
                asset_seen_by(viewer, child)
                for child in selectors.visible_to(viewer).filter(parent_id=asset.pk)[:SIMILAR]
            ],
            "similar": recommendations.similar(viewer, asset_id, SIMILAR),
        },
    )


@require_safe
@signed_in
def library(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Show the viewer's own assets, newest first, all states or one."""
    mine = selectors.visible_to(viewer).filter(owner_id=viewer.user_id, whole=None)
    state = request.GET.get("state", "")
    shown = mine.filter(visibility=state) if state in Visibility.values else mine
    if before := _cursor(request.GET.get("before", "")):
        shown = shown.filter(pk__lt=before)
    assets = list(shown.prefetch_related("renditions").order_by("-pk")[: LIBRARY_PAGE + 1])
    counts = dict(mine.values_list("visibility").annotate(Count("pk")).order_by())
    return render(
        request,
        "web/library.html",
        {
            "section": "library",
            "viewer": viewer,
            "state": state if state in Visibility.values else "",
            "states": [(one, counts.get(one, 0)) for one in Visibility.values],
            "assets": assets[:LIBRARY_PAGE],
            "older": assets[LIBRARY_PAGE - 1].pk if len(assets) > LIBRARY_PAGE else None,
        },
    )


@require_POST
@signed_in
def appeal(request: HttpRequest, viewer: Viewer, asset_id: UUID) -> HttpResponse:
    """Appeal against what was decided about an asset."""
    try:
        make_appeal(viewer=viewer, asset_id=asset_id, words=request.POST.get("reason", ""))
    except (Conflict, InvalidInput) as error:
        messages.error(request, said(error))
    return redirect(f"/assets/{asset_id}")


@require_POST
@signed_in
def withdraw(request: HttpRequest, viewer: Viewer, asset_id: UUID) -> HttpResponse:
    """Withdraw one's own asset."""
    services.withdraw_asset(viewer=viewer, asset_id=asset_id, reason=request.POST.get("reason", ""))
    return redirect(f"/assets/{asset_id}")


@require_POST
@signed_in
def restore(request: HttpRequest, viewer: Viewer, asset_id: UUID) -> HttpResponse:
    """Restore one's own withdrawn asset."""
    services.restore_asset(viewer=viewer, asset_id=asset_id, reason=request.POST.get("reason", ""))
    return redirect(f"/assets/{asset_id}")


def _parent(viewer: Viewer, parent_id: UUID | None) -> object:
    """Return the parent when it may be seen; a hidden parent stays unmentioned."""
    if parent_id is None:
        return None
    try:
        return asset_seen_by(viewer, selectors.asset_for(viewer, parent_id))
    except NotFound:
        return None


def _whole(viewer: Viewer, whole_id: UUID | None) -> dict[str, str] | None:
    """Return where the whole of a part is: the asset, or for its asker the composition."""
    if whole_id is None:
        return None
    whole = selectors.visible_to(viewer).filter(pk=whole_id).first()
    if whole is not None:
        return {"title": asset_seen_by(viewer, whole).title, "url": f"/assets/{whole_id}"}
    composition = compositions.compositions_visible_to(viewer).filter(pk=whole_id).first()
    if composition is None:
        return None
    return {"title": composition.title, "url": f"/compositions/{whole_id}"}


def _parts(viewer: Viewer, asset: Asset) -> list[tuple[str, Asset]]:
    """Return the parts of a whole with what they are called, in the order of its recipe."""
    if asset.modality != Modality.COMPOSITION:
        return []
    titles = compositions.part_titles(asset, get_language() or "en")
    parts = selectors.parts_of(viewer, asset.pk).prefetch_related("renditions").in_bulk(titles)
    return [
        (title, asset_seen_by(viewer, parts[part_id]))
        for part_id, title in titles.items()
        if part_id in parts
    ]


def _cursor(text: str) -> UUID | None:
    """Read where the next page begins; what is no cursor begins at the newest."""
    try:
        return UUID(text)
    except ValueError:
        return None
