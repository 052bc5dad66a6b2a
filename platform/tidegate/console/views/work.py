"""How the work goes: backlog, what comes in and goes out, how fast, how well, by whom."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from moderation.app import selectors
from tidegate.accounts.viewers import Viewer
from tidegate.console import charts
from tidegate.console.access import REVIEWERS, staff_only


@require_safe
@staff_only(REVIEWERS)
def work(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Show the figures of a window; as a fragment when the page refreshes itself."""
    asked = request.GET.get("hours", "")
    hours = int(asked) if asked.isdecimal() and int(asked) in selectors.WINDOWS else 24
    seen = selectors.operations(viewer, hours=hours)
    waited = [None if one.waited is None else one.waited.total_seconds() for one in seen.steps]
    bars = charts.pairs([one.opened for one in seen.steps], [one.decided for one in seen.steps])
    context = {
        "section": "console",
        "place": "work",
        "viewer": viewer,
        "seen": seen,
        "windows": tuple(selectors.WINDOWS),
        "marks": list(zip(seen.steps, bars, strict=True)),
        "busiest": max([one.opened for one in seen.steps] + [one.decided for one in seen.steps]),
        "lines": charts.line(waited),
        "longest": max([one.waited for one in seen.steps if one.waited], default=None),
    }
    is_fragment = bool(getattr(request, "htmx", False))
    return render(request, f"console/{'parts/' if is_fragment else ''}work.html", context)
