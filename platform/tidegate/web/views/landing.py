"""The front door."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from tidegate.accounts.viewers import ANONYMOUS
from tidegate.assets.selectors import visible_to
from tidegate.web.viewers import viewer_of

SHOWCASE = 12


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """Show strangers what it is, with work that was released; send people to their feed."""
    if not viewer_of(request).is_anonymous:
        return redirect("/feed")
    wholes = visible_to(ANONYMOUS).filter(whole=None).prefetch_related("renditions")
    shown = wholes.order_by("-released_at")[:SHOWCASE]
    return render(request, "web/landing.html", {"assets": shown})
