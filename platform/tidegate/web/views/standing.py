"""The reader's own strikes, restrictions and appeals."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from moderation.app.selectors import own_appeals, own_standing
from tidegate.accounts.viewers import Viewer
from tidegate.web.viewers import signed_in

APPEALS = 50


@require_safe
@signed_in
def standing(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Show points, strikes and restrictions with their reasons and ends, and appeals."""
    context = {
        "viewer": viewer,
        "standing": own_standing(viewer),
        "appeals": own_appeals(viewer)[:APPEALS],
    }
    return render(request, "web/standing.html", context)
