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
    shown = visible_to(ANONYMOUS).prefetch_related("renditions").order_by("-released_at")
    return render(request, "web/landing.html", {"assets": shown[:SHOWCASE]})
