"""What the reader was told: decisions about what they made, answers to appeals and reports."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from moderation.app.selectors import own_letters
from moderation.app.services import read_letter
from tidegate.accounts.viewers import Viewer
from tidegate.web.viewers import signed_in

PAGE = 40


@require_safe
@signed_in
def letters(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """List the reader's messages, newest first."""
    found = own_letters(viewer)
    if before := _cursor(request.GET.get("before", "")):
        found = found.filter(pk__lt=before)
    rows = list(found[: PAGE + 1])
    context = {
        "viewer": viewer,
        "letters": rows[:PAGE],
        "older": rows[PAGE - 1].pk if len(rows) > PAGE else None,
    }
    return render(request, "web/messages.html", context)


@require_safe
@signed_in
def letter(request: HttpRequest, viewer: Viewer, letter_id: UUID) -> HttpResponse:
    """Show one message; it is read from then on."""
    found = read_letter(viewer=viewer, letter_id=letter_id)
    return render(request, "web/message.html", {"viewer": viewer, "letter": found})


def _cursor(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
