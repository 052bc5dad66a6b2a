"""The audit trail, for those who check it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tidegate.accounts.viewers import Viewer
from tidegate.audit import keys, selectors, witnesses
from tidegate.audit.actions import Action
from tidegate.audit.checkpoints import export_file, key_file
from tidegate.audit.export import ExportUnreadable
from tidegate.audit.models import Entry
from tidegate.audit.services import erase_person
from tidegate.audit.verification import Report, verify
from tidegate.console.access import ADMINS, AUDITORS, staff_only
from tidegate.console.changes import Change, changes
from tidegate.console.days import midnight

TRAIL_PAGE = 60
FINDINGS = 20
_FILTERS = ("chain", "action", "actor_id", "subject_type", "subject_id")


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as the page shows it."""

    entry: Entry
    changes: list[Change]


@require_safe
@staff_only(AUDITORS)
def trail(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Show the audit trail, filtered, newest first."""
    asked = asked_of(request)
    entries = selectors.entries(**asked)
    before = request.GET.get("before", "")
    if before:
        entries = entries.filter(pk__lt=_uuid(before))
    rows = list(entries[: TRAIL_PAGE + 1])
    return render(
        request,
        "console/trail.html",
        {
            "section": "console",
            "place": "trail",
            "viewer": viewer,
            "asked": asked,
            "query": urlencode(
                {
                    name: value.date() if isinstance(value, datetime) else value
                    for name, value in asked.items()
                    if value
                }
            ),
            "actions": [action.value for action in Action],
            "lines": [Line(row, changes(row.before, row.after)) for row in rows[:TRAIL_PAGE]],
            "older": rows[TRAIL_PAGE - 1].pk if len(rows) > TRAIL_PAGE else None,
            "checkpoints": selectors.last_checkpoints(),
            "witness": witnesses.failing(),
            "may_erase": viewer.has_role(ADMINS),
        },
    )


@require_POST
@staff_only(AUDITORS)
def verify_trail(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Verify the whole trail now and say what was found."""
    report: Report | None = None
    problem = ""
    export = export_file()
    try:
        report = verify(
            public_key=keys.load_public(key_file()),
            # Before the first checkpoint there is no copy yet; afterwards its absence is a fault.
            export_path=export if export.exists() or selectors.last_checkpoints() else None,
        )
    except (keys.KeyUnusable, ExportUnreadable) as error:
        problem = str(error)
    context = {
        "report": report,
        "findings": report.findings[:FINDINGS] if report else (),
        "problem": problem,
    }
    return render(request, "console/parts/verified.html", context)


@require_POST
@staff_only(ADMINS)
def erase(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Destroy a person's key, so that nobody reads about them in the trail any more."""
    reason = request.POST.get("reason", "").strip()
    try:
        person_id = UUID(request.POST.get("person_id", "").strip())
    except ValueError:
        person_id = None
    if person_id is None or not reason:
        messages.error(request, _("Say whom, by their id, and why."))
    elif erase_person(person_id=person_id, actor=viewer.actor(), reason=reason[:2000]):
        messages.success(request, _("Erased for good. The trail stays valid."))
    else:
        messages.info(request, _("Nothing is kept of them."))
    return redirect("console-trail")


def asked_of(request: HttpRequest) -> dict[str, Any]:
    """Return what to filter by; None for everything that was left empty.

    Raises:
        InvalidInput: what should be a day is none.
    """
    asked: dict[str, Any] = {
        name: request.GET.get(name, "").strip().replace("\x00", "") or None for name in _FILTERS
    }
    correlation = request.GET.get("correlation_id", "").strip()
    return {
        **asked,
        "correlation_id": _uuid(correlation) if correlation else None,
        "since": midnight(request.GET.get("since", "")),
        "until": midnight(request.GET.get("until", "")),
    }


def _uuid(text: str) -> UUID:
    """Read a cursor; one that is none shows the newest entries again."""
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=(1 << 128) - 1)
