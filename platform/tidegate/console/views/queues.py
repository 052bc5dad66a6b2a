"""The queues: which rule sends cases where, who works in them, and what reviewers can do."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from moderation.app import selectors, services
from moderation.app.roles import leads_reviewers
from moderation.core.routing import VARIABLES
from tidegate.accounts.viewers import Viewer
from tidegate.console.access import LEADS, REVIEWERS, staff_only
from tidegate.console.conflicts import in_words
from tidegate.primitives.errors import InvalidInput, TidegateError


@require_safe
@staff_only(REVIEWERS)
def queues(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Show the queues and their rules; leads change them here."""
    return _page(request, viewer)


@require_POST
@staff_only(LEADS)
def save(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Make or change a queue, or say what its rule would take; what is wrong is shown with it."""
    form = request.POST
    given: dict[str, Any] = {
        "name": form.get("name", "").strip(),
        "title": form.get("title", ""),
        "title_zh": form.get("title_zh", ""),
        "position": _whole(form.get("position")),
        "rule": form.get("rule", ""),
        "needs": form.get("needs", "").replace(",", " ").split(),
        "members": [key for key in map(_id, form.getlist("members")) if key is not None],
        "is_paused": form.get("is_paused") == "on",
    }
    queue_id = _id(form.get("queue_id"))
    try:
        if form.get("do") == "preview":
            taken = services.preview_rule(rule=given["rule"], viewer=viewer)
            return _page(request, viewer, form={**given, "queue_id": queue_id}, taken=taken)
        services.save_queue(viewer=viewer, queue_id=queue_id, **given)
    except InvalidInput as error:
        wrong = {one.pointer.strip("/"): one.message for one in error.errors}
        return _page(request, viewer, form={**given, "queue_id": queue_id}, wrong=wrong, status=422)
    except TidegateError as error:
        messages.error(request, in_words(error.code, error=error))
    else:
        messages.success(request, _("Kept: every case that waits is routed again."))
    return redirect("console-queues")


@require_POST
@staff_only(LEADS)
def remove(request: HttpRequest, viewer: Viewer, queue_id: UUID) -> HttpResponse:
    """Take a queue away; its cases go where the other rules say."""
    services.remove_queue(queue_id=queue_id, viewer=viewer)
    messages.success(request, _("Removed: its cases go where the other rules say."))
    return redirect("console-queues")


@require_POST
@staff_only(LEADS)
def skills(request: HttpRequest, viewer: Viewer, user_id: UUID) -> HttpResponse:
    """Say what a reviewer can do."""
    known = request.POST.get("skills", "").replace(",", " ").split()
    try:
        services.set_skills(person_id=user_id, skills=known, viewer=viewer)
    except TidegateError as error:
        messages.error(request, in_words(error.code, error=error))
    else:
        messages.success(request, _("Kept."))
    return redirect("console-people")


def _page(
    request: HttpRequest,
    viewer: Viewer,
    *,
    form: dict[str, Any] | None = None,
    wrong: dict[str, str] | None = None,
    taken: object = None,
    status: int = 200,
) -> HttpResponse:
    found = selectors.review_queues(viewer)
    leads = leads_reviewers(viewer)
    chosen = _id(request.GET.get("queue"))
    edited = next((one for one in found if one.id == chosen), None)
    context = {
        "section": "console",
        "place": "queue",
        "viewer": viewer,
        "queues": found,
        "leads": leads,
        "edited": edited,
        "reviewers": selectors.reviewers(viewer) if leads else (),
        "form": form,
        "wrong": wrong or {},
        "taken": taken,
        "variables": {name: kind.value for name, kind in VARIABLES.items()},
    }
    return render(request, "console/queues.html", context, status=status)


def _whole(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 6 else -1  # noqa: PLR2004


def _id(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None
