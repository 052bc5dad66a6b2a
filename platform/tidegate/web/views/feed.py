"""The personal feed, and what one does with what is in it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from recommendations.app import selectors, services
from tidegate.accounts.viewers import Viewer
from tidegate.assets import selectors as assets
from tidegate.assets.models import Asset, Visibility
from tidegate.primitives.clock import now
from tidegate.primitives.errors import InvalidInput
from tidegate.web.viewers import signed_in

PAGE = 24
SEARCH = 48
GROUNDS = 6
_SAID = {
    "hide": gettext_lazy("Hidden."),
    "less": gettext_lazy("Less of this, from the next page on."),
    "report": gettext_lazy("Thank you. A person looks at it."),
}
NEWS = 99
"""More than this is said as this: nobody counts, and the query stays small."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One item as the feed shows it."""

    asset: Asset
    reason: selectors.Reason
    is_liked: bool
    is_saved: bool = False


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
        "slate_id": found.slate_id,
        "is_personal": found.is_personal,
        "tiles": tiles_of(found.items, reactions),
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


@require_safe
@signed_in
def why(request: HttpRequest, viewer: Viewer, slate_id: UUID, asset_id: UUID) -> HttpResponse:
    """Explain one place of the viewer's own feed, with all that they may do about it."""
    found = selectors.why(viewer, slate_id, asset_id)
    asset = assets.asset_for(viewer, asset_id)
    strongest = max((abs(ground.weight) for ground in found.grounds), default=1.0)
    return render(
        request,
        "web/parts/why.html",
        {
            "asset": asset,
            "slate_id": slate_id,
            "found": found,
            "grounds": [
                (ground, round(100 * abs(ground.weight) / strongest))
                for ground in found.grounds[:GROUNDS]
            ],
            "chance": round(100 * found.propensity, 1),
            "creator_id": asset.owner_id,
            "is_following": asset.owner_id in selectors.following(viewer),
        },
    )


@require_safe
@signed_in
def search(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Search released works; an empty box shows an invitation."""
    words = request.GET.get("q", "")[:400].strip()
    found = selectors.search(viewer, words, limit=SEARCH) if words else []
    reactions = selectors.reactions_to(viewer, [item.asset.pk for item in found])
    return render(
        request,
        "web/search.html",
        {
            "section": "feed",
            "viewer": viewer,
            "words": words,
            "tiles": tiles_of(found, reactions),
        },
    )


@require_safe
@signed_in
def saved(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Show what the viewer saved, the latest first."""
    found = selectors.saved(viewer, before=_id(request.GET.get("before", "")), limit=SEARCH)
    reactions = selectors.reactions_to(viewer, [asset.pk for asset in found])
    return render(
        request,
        "web/saved.html",
        {
            "section": "library",
            "viewer": viewer,
            "older": found[-1].pk if len(found) == SEARCH else None,
            "tiles": [(asset, "like" in reactions.get(asset.pk, ())) for asset in found],
        },
    )


@require_POST
@signed_in
def signals(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Take what the page noticed, as a beacon sends it: a form whose `signals` is JSON."""
    try:
        given = json.loads(request.POST.get("signals", ""))
        noticed = [
            services.Signal(
                asset_id=UUID(one["asset_id"]),
                kind=str(one["kind"]),
                slate_id=UUID(one["slate_id"]) if one.get("slate_id") else None,
                dwell_ms=int(one["dwell_ms"]) if one.get("dwell_ms") is not None else None,
            )
            for one in given
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInput(
            "A list of signals in JSON is needed.", code="invalid_signals", pointer="/signals"
        ) from error
    services.notice(viewer=viewer, signals=noticed)
    return HttpResponse(status=204)


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
        slate_id=_id(request.POST.get("slate", "")),
    )
    if kind in _SAID:
        said = str(_SAID[kind])
        return trigger_client_event(HttpResponse(""), "tidegate:toast", {"value": said})
    asset = assets.asset_for(viewer, asset_id)
    stands = selectors.reactions_to(viewer, [asset_id]).get(asset_id, frozenset())
    context = {
        "asset": asset,
        "is_liked": "like" in stands,
        "is_saved": "save" in stands,
        "slate_id": request.POST.get("slate", ""),
    }
    return render(request, "web/parts/acts.html", context)


def tiles_of(
    items: Sequence[selectors.FeedItem], reactions: Mapping[UUID, frozenset[str]]
) -> list[Tile]:
    """Return items as tiles, with what the viewer did with each."""
    return [
        Tile(
            item.asset,
            item.reason,
            is_liked="like" in reactions.get(item.asset.pk, ()),
            is_saved="save" in reactions.get(item.asset.pk, ()),
        )
        for item in items
    ]


def _id(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
