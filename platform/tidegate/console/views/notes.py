"""Notes on cases, and where somebody is called upon in them."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from moderation.app import selectors, services
from tidegate.accounts.viewers import Viewer
from tidegate.console.access import REVIEWERS, staff_only
from tidegate.console.conflicts import in_words
from tidegate.primitives.errors import TidegateError

_SHOWN = 100


@require_POST
@staff_only(REVIEWERS)
def note(request: HttpRequest, viewer: Viewer, case_id: UUID) -> HttpResponse:
    """Keep a note on a case, and show the case again."""
    try:
        services.add_note(case_id=case_id, viewer=viewer, words=request.POST.get("words", ""))
    except TidegateError as error:
        messages.error(request, in_words(error.code, error=error))
    else:
        messages.success(request, _("Kept."))
    return redirect("console-case", case_id=case_id)


@require_safe
@staff_only(REVIEWERS)
def mentions(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Show where colleagues call upon the viewer."""
    return render(
        request,
        "console/mentions.html",
        {
            "section": "console",
            "place": "mentions",
            "viewer": viewer,
            "mentions": selectors.mentions_of(viewer)[:_SHOWN],
        },
    )


@require_POST
@staff_only(REVIEWERS)
def mention(request: HttpRequest, viewer: Viewer, mention_id: UUID) -> HttpResponse:
    """Note that it was read, and go to its case."""
    read = services.read_mention(mention_id=mention_id, viewer=viewer)
    return redirect("console-case", case_id=read.note.case_id)
