"""What one request led to, from the prompt to those who saw it, and exports that verify offline."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from recommendations.app.selectors import Shown, shown_to
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset
from tidegate.audit import exports, offline, selectors
from tidegate.audit.models import Entry
from tidegate.console.access import AUDITORS, staff_only
from tidegate.console.changes import Change, changes
from tidegate.console.views.trail import asked_of

LONGEST = 500


@dataclass(frozen=True, slots=True)
class Point:
    """An entry of the timeline."""

    entry: Entry
    changes: list[Change]
    at: datetime


@require_safe
@staff_only(AUDITORS)
def timeline(request: HttpRequest, viewer: Viewer, correlation_id: UUID) -> HttpResponse:
    """Show everything that carries a request's correlation id, in order, and who was shown it."""
    rows = list(selectors.timeline(correlation_id)[: LONGEST + 1])
    assets = list(Asset.objects.filter(correlation_id=correlation_id).order_by("pk"))
    shown: list[tuple[Asset, Shown]] = [
        (asset, seen) for asset in assets if (seen := shown_to(asset.pk)).people
    ]
    context = {
        "section": "console",
        "place": "trail",
        "viewer": viewer,
        "correlation_id": correlation_id,
        "points": [Point(row, changes(row.before, row.after), row.at) for row in rows[:LONGEST]],
        "is_cut": len(rows) > LONGEST,
        "assets": assets,
        "shown": shown,
    }
    return render(request, "console/timeline.html", context)


@require_safe
@staff_only(AUDITORS)
def find(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Lead from anything's number to the newest request that it had a part in."""
    wanted = request.GET.get("subject", "").strip().replace("\x00", "")
    found = selectors.correlations_of(wanted, limit=1) if wanted else []
    if found:
        return redirect("console-timeline", correlation_id=found[0])
    return redirect(f"/console/trail?subject_id={wanted}")


@require_safe
@staff_only(AUDITORS)
def export(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Give away what the filters match, with proofs; the trail remembers who took it."""
    asked = asked_of(request)
    lines = exports.export(
        selectors.entries(**asked),
        actor=viewer.actor(),
        chain="platform",
        asked={name: str(value) for name, value in asked.items() if value is not None},
    )
    return HttpResponse(
        "".join(lines),
        content_type="application/jsonl",
        headers={"Content-Disposition": 'attachment; filename="audit-trail.jsonl"'},
    )


@require_safe
@staff_only(AUDITORS)
def script(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Give away the script that verifies an export without Tidegate."""
    return HttpResponse(
        Path(offline.__file__).read_text("utf-8"),
        content_type="text/x-python; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="verify_export.py"'},
    )
