"""The personal feed, and what one does with what is in it."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from recommendations.app import selectors, services
from tidegate.accounts.viewers import Viewer
from tidegate.assets import selectors as assets
from tidegate.assets.models import Asset, Visibility
from tidegate.primitives.clock import now
from tidegate.web.viewers import signed_in

PAGE = 24
NEWS = 99
"""More than this is said as this: nobody counts, and the query stays small."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One item as the feed shows it."""

    asset: Asset
    reason: selectors.Reason
    is_liked: bool


@require_safe
@signed_in
def feed(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Show a page of the feed; with a cursor only the following tiles."""
    cursor = request.GET.get("cursor") or None
    found = selectors.feed(viewer, cursor=cursor, limit=PAGE)
    reactions = selectors.reactions_to(viewer, [item.asset.pk for item in found.items])
    context = {
        "section": "feed",
        "viewer": viewer,
        "next": found.next,
        "seen_at": now().isoformat(),
        "tiles": [
            Tile(item.asset, item.reason, "like" in reactions.get(item.asset.pk, ()))
            for item in found.items
        ],
    }
    template = "web/parts/feed_page.html" if cursor else "web/feed.html"
    return render(request, template, context)


@require_safe
@signed_in
def news(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Say how much was released since the feed was opened; nothing for an unreadable moment."""
    since = _moment(request.GET.get("since", ""))
    if since is None:
        return HttpResponse("")
    # As everybody else: a moderator's feed has no more in it than their neighbour's.
    reader = replace(viewer, staff_roles=frozenset())
    fresh = (
        assets.visible_to(reader)
        .filter(visibility=Visibility.RELEASED, released_at__gt=since, whole=None)
        .exclude(owner_id=viewer.user_id)
    )
    count = fresh[:NEWS].count()
    return render(request, "web/parts/news.html", {"count": count}) if count else HttpResponse("")


@require_POST
@signed_in
def interact(request: HttpRequest, viewer: Viewer, asset_id: UUID) -> HttpResponse:
    """Record what the viewer did and answer with the tile's new buttons, or with nothing.

    An empty answer takes the tile away: it was hidden or reported.
    """
    kind = request.POST.get("kind", "")
    note = request.POST.get("note", "")[:1000]
    services.record_interaction(
        viewer=viewer,
        asset_id=asset_id,
        kind=kind,
        note=note,
        reason=request.POST.get("reason", "") if kind == "report" else "",
    )
    if kind in {"hide", "report"}:
        said = gettext("Hidden.") if kind == "hide" else gettext("Thank you. A person looks at it.")
        return trigger_client_event(HttpResponse(""), "tidegate:toast", {"value": said})
    asset = assets.asset_for(viewer, asset_id)
    context = {"asset": asset, "is_liked": kind == "like"}
    return render(request, "web/parts/acts.html", context)


def _moment(text: str) -> datetime | None:
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
