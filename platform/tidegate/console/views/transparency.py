"""The transparency report, for staff."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from moderation.app import selectors
from moderation.app.periods import period
from moderation.app.transparency_table import as_csv
from tidegate.accounts.viewers import Viewer
from tidegate.console.access import REVIEWERS, staff_only
from tidegate.web.tables import csv_file


@require_safe
@staff_only(REVIEWERS)
def transparency(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Show a period's figures, or give them as CSV."""
    asked = period(request.GET.get("since", ""), request.GET.get("until", ""))
    report = selectors.transparency_for(viewer, since=asked.since, until=asked.until)
    if request.GET.get("format") == "csv":
        return csv_file(f"transparency-{asked.first}-{asked.last}.csv", as_csv(report))
    context = {
        "section": "console",
        "place": "transparency",
        "viewer": viewer,
        "period": asked,
        "report": report,
    }
    return render(request, "console/transparency.html", context)
