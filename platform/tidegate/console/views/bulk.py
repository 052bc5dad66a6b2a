"""Deciding many cases the same way: choose, look at what would happen, begin, and take back."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from moderation.app import selectors, services
from moderation.app.models import BulkDecision, Case
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Modality
from tidegate.console.access import LEADS, staff_only
from tidegate.console.conflicts import in_words
from tidegate.console.decision_form import choices_for, decision_in
from tidegate.console.filters import chosen_filters
from tidegate.primitives.errors import TidegateError

CHOSEN_AT_ONCE = 100
_SHOWN = 20


@require_safe
@staff_only(LEADS)
def bulk(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Show the cases that wait, to choose from, and what was decided in bulk before."""
    chosen = chosen_filters(request.GET)
    return render(
        request,
        "console/bulk.html",
        {
            **_place(viewer),
            "asked": chosen,
            "modalities": Modality.values,
            "becauses": Case.Because.values,
            "page": selectors.queue(
                viewer,
                modality=chosen["modality"],
                because=chosen["because"],
                queue_name=chosen["queue"],
                limit=CHOSEN_AT_ONCE,
            ),
            "earlier": selectors.bulk_decisions(viewer)[:_SHOWN],
            "care": selectors.care_for(viewer),
            "offers": choices_for(viewer),
        },
    )


@require_POST
@staff_only(LEADS)
def preview(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Show what the same decision about the chosen cases would do."""
    given = decision_in(request.POST)
    ids = _ids(request)
    asked = {name: given[name] for name in ("action", "reason_code", "details")}
    try:
        found = services.preview_bulk(viewer=viewer, case_ids=ids, **asked)
    except TidegateError as error:
        messages.error(request, in_words(error.code, error=error))
        return redirect("console-bulk")
    return render(
        request,
        "console/bulk_preview.html",
        {
            **_place(viewer),
            "preview": found,
            # As they were posted: the second form says again what the first one did.
            "posted": [
                (name, value)
                for name, values in request.POST.lists()
                if name not in {"csrfmiddlewaretoken", "reason", "list_hashes"}
                for value in values
            ],
            "care": selectors.care_for(viewer),
        },
    )


@require_POST
@staff_only(LEADS)
def start(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Begin what was looked at."""
    given = decision_in(request.POST)
    # Nobody looked at any of them, so nothing is said of the checks.
    del given["calls"]
    try:
        begun = services.start_bulk(
            viewer=viewer, case_ids=_ids(request), digest=request.POST.get("digest", ""), **given
        )
    except TidegateError as error:
        messages.error(request, in_words(error.code, error=error))
        return redirect("console-bulk")
    return redirect("console-bulk-one", bulk_id=begun.pk)


@require_safe
@staff_only(LEADS)
def one(request: HttpRequest, viewer: Viewer, bulk_id: UUID) -> HttpResponse:
    """Show how far a bulk decision is; as a fragment when the page refreshes itself."""
    found = selectors.bulk_decision(viewer, bulk_id)
    is_under_way = found.state in (BulkDecision.State.RUNNING, BulkDecision.State.REVERSING)
    is_fragment = bool(getattr(request, "htmx", False))
    template = "console/parts/bulk.html" if is_fragment else "console/bulk_one.html"
    context = {
        **_place(viewer),
        "bulk": found,
        "is_under_way": is_under_way,
        "decisions": found.decisions.select_related("case__asset").order_by("created_at", "id"),
        "reversed": found.decisions.filter(reversed_at__isnull=False).count(),
    }
    return render(request, template, context)


@require_POST
@staff_only(LEADS)
def reverse_all(request: HttpRequest, viewer: Viewer, bulk_id: UUID) -> HttpResponse:
    """Begin to take a bulk decision back."""
    try:
        services.reverse_bulk(viewer=viewer, bulk_id=bulk_id, reason=request.POST.get("reason", ""))
    except TidegateError as error:
        messages.error(request, in_words(error.code, error=error))
    else:
        messages.success(request, _("It is being taken back, case by case."))
    return redirect("console-bulk-one", bulk_id=bulk_id)


def _place(viewer: Viewer) -> dict[str, Any]:
    return {
        "section": "console",
        "place": "bulk",
        "viewer": viewer,
    }


def _ids(request: HttpRequest) -> list[UUID]:
    found = []
    for text in request.POST.getlist("case"):
        try:
            found.append(UUID(text))
        except ValueError:
            continue  # no case of ours; the preview shows which are
    return found
