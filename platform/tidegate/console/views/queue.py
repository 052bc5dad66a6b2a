"""The queue: what waits for a person."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from moderation.app import selectors
from moderation.app.models import Case
from moderation.app.roles import may_decide
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Modality
from tidegate.console.access import REVIEWERS, staff_only
from tidegate.console.filters import chosen_filters


@require_safe
@staff_only(REVIEWERS)
def queue(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Show the queue; as a fragment when the page refreshes itself."""
    asked = {"state": request.GET.get("state", "open"), **chosen_filters(request.GET)}
    page = selectors.queue(
        viewer,
        state=asked["state"] or "open",
        modality=asked["modality"],
        because=asked["because"],
        queue_name=asked["queue"],
        cursor=request.GET.get("cursor") or None,
    )
    counts = selectors.queue_counts(viewer)
    is_fragment = bool(getattr(request, "htmx", False))
    context = {
        "section": "console",
        "place": "queue",
        "viewer": viewer,
        "asked": asked,
        "query": urlencode({name: value for name, value in asked.items() if value}),
        "tabs": (
            ("open", counts.open),
            ("mine", counts.mine),
            ("claimed", counts.claimed),
            ("decided", None),
        ),
        "queues": selectors.review_queues(viewer),
        "present": selectors.present(viewer),
        "modalities": Modality.values,
        "becauses": Case.Because.values,
        "page": page,
        "counts": counts,
        "may_decide": may_decide(viewer),
        "care": selectors.care_for(viewer),
        # Not in the part that the page asks for every four seconds.
        "seen": None if is_fragment else selectors.exposure_of(viewer),
    }
    template = "console/parts/queue.html" if is_fragment else "console/queue.html"
    return render(request, template, context)
