"""What one asked for, and the way back to the form with all of it filled in."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from generation.app import selectors
from generation.app.models import Job
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Modality
from tidegate.web.cards import cards_of
from tidegate.web.viewers import signed_in

PAGE = 20
# A composition is a request of its own kind, with a page of its own.
KINDS = tuple(kind.value for kind in Modality if kind is not Modality.COMPOSITION)
STATES: dict[str, tuple[Job.State, ...]] = {
    "under_way": (Job.State.QUEUED, Job.State.RUNNING),
    "succeeded": (Job.State.SUCCEEDED,),
    "failed": (Job.State.FAILED, Job.State.REFUSED),
    "cancelled": (Job.State.CANCELLED,),
}


@require_safe
@signed_in
def history(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Show one's own jobs, newest first; with a cursor only the following rows."""
    modality, state = request.GET.get("modality", ""), request.GET.get("state", "")
    before = _cursor(request.GET.get("before", ""))
    # The parts of a composition are shown together, on its own page.
    jobs = selectors.jobs_visible_to(viewer).filter(requested_by_id=viewer.user_id, whole_id=None)
    if modality in KINDS:
        jobs = jobs.filter(modality=modality)
    if state in STATES:
        jobs = jobs.filter(state__in=STATES[state])
    if before is not None:
        jobs = jobs.filter(pk__lt=before)
    found = list(jobs.order_by("-pk")[: PAGE + 1])
    context = {
        "section": "history",
        "viewer": viewer,
        "modality": modality if modality in KINDS else "",
        "modalities": KINDS,
        "state": state if state in STATES else "",
        "states": STATES,
        "cards": cards_of(viewer, found[:PAGE]),
        "older": found[PAGE - 1].pk if len(found) > PAGE else None,
    }
    template = "web/parts/history_page.html" if before is not None else "web/history.html"
    return render(request, template, context)


def _cursor(text: str) -> UUID | None:
    """Read where the next page begins; what is no cursor begins at the newest."""
    try:
        return UUID(text)
    except ValueError:
        return None
