"""The transparency report, for everybody where the deployment publishes it."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from moderation.app.periods import period
from moderation.app.selectors import public_transparency
from moderation.app.transparency_table import as_csv
from tidegate.primitives.errors import NotFound
from tidegate.web.tables import csv_file
from tidegate.web.viewers import viewer_of


@require_safe
@cache_control(public=True, max_age=300)
def transparency(request: HttpRequest) -> HttpResponse:
    """Show a period's figures, or give them as CSV."""
    if not settings.TIDEGATE_PUBLISHES_TRANSPARENCY:
        raise NotFound
    asked = period(request.GET.get("since", ""), request.GET.get("until", ""))
    report = public_transparency(since=asked.since, until=asked.until)
    if request.GET.get("format") == "csv":
        return csv_file(f"transparency-{asked.first}-{asked.last}.csv", as_csv(report))
    context = {"viewer": viewer_of(request), "period": asked, "report": report}
    return render(request, "web/transparency.html", context)
