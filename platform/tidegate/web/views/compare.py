"""Two to four pieces side by side: `/compare?asset=…&asset=…`."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from generation.app.registry.selectors import described
from generation.core.catalogue import Model
from moderation.app.masking import asset_seen_by
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset, Visibility
from tidegate.assets.selectors import visible_to
from tidegate.web.comparing import Side, lines_of
from tidegate.web.viewers import signed_in

MOST = 4
_SHOWN = (Visibility.RELEASED, Visibility.HELD, Visibility.WITHDRAWN)


@require_safe
@signed_in
def compare(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Show what the viewer may see of what was asked for, in that order.

    What is not there, not to be seen, or has nothing to be shown is left out without a word: the
    page must not tell which of these it is.
    """
    wanted = list(dict.fromkeys(_ids(request.GET.getlist("asset"))))[:MOST]
    assets = _in_order(viewer, wanted)
    return render(
        request,
        "web/compare.html",
        {
            "section": "history",
            "viewer": viewer,
            "sides": [Side(number, asset) for number, asset in enumerate(assets, start=1)],
            "pair": all(asset.modality == "image" for asset in assets),
            "lines": lines_of(viewer, assets, _models(assets)),
        },
    )


def _in_order(viewer: Viewer, wanted: list[UUID]) -> list[Asset]:
    found = (
        visible_to(viewer)
        .filter(visibility__in=_SHOWN)
        .select_related("owner")
        .prefetch_related("renditions")
        .in_bulk(wanted)
    )
    return [asset_seen_by(viewer, found[asset_id]) for asset_id in wanted if asset_id in found]


def _models(assets: list[Asset]) -> dict[str, Model]:
    language = get_language() or "en"
    known = {name: described(name) for name in {asset.model_name for asset in assets}}
    return {name: model.translated(language) for name, model in known.items() if model is not None}


def _ids(texts: list[str]) -> list[UUID]:
    """Read the ids; what is none names nothing."""
    found = []
    for text in texts:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found
