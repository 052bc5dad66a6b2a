"""What a case page offers about its author and its asset: strikes, restrictions, notices."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from moderation.app import services
from tidegate.accounts.viewers import Viewer
from tidegate.console.access import REVIEWERS, staff_only
from tidegate.console.conflicts import in_words
from tidegate.primitives.errors import TidegateError

LONGEST_DIGITS = 6


@require_POST
@staff_only(REVIEWERS)
def void(request: HttpRequest, viewer: Viewer, case_id: UUID, strike_id: UUID) -> HttpResponse:
    """Void a strike of the case's author."""
    return _done(
        request,
        case_id,
        lambda: services.void_strike(viewer=viewer, strike_id=strike_id, reason=_reason(request)),
        gettext("The strike is void."),
    )


@require_POST
@staff_only(REVIEWERS)
def restrict(request: HttpRequest, viewer: Viewer, case_id: UUID, author_id: UUID) -> HttpResponse:
    """Restrict the case's author everywhere."""
    hours = request.POST.get("hours", "").strip()
    return _done(
        request,
        case_id,
        lambda: services.impose_restriction(
            viewer=viewer,
            author_id=author_id,
            kind=request.POST.get("kind", ""),
            reason=_reason(request),
            hours=_number(hours) if hours else None,
        ),
        gettext("Restricted: jobs are cancelled and recent outputs held."),
    )


@require_POST
@staff_only(REVIEWERS)
def lift(request: HttpRequest, viewer: Viewer, case_id: UUID, restriction_id: UUID) -> HttpResponse:
    """Lift a restriction of the case's author."""
    return _done(
        request,
        case_id,
        lambda: services.lift_restriction(
            viewer=viewer, restriction_id=restriction_id, reason=_reason(request)
        ),
        gettext("Lifted: what it alone held is released again."),
    )


@require_POST
@staff_only(REVIEWERS)
def notice(request: HttpRequest, viewer: Viewer, case_id: UUID, asset_id: UUID) -> HttpResponse:
    """Record a takedown notice about the case's asset."""
    return _done(
        request,
        case_id,
        lambda: services.record_notice(
            viewer=viewer,
            asset_id=asset_id,
            claimant=request.POST.get("claimant", ""),
            basis=request.POST.get("basis", ""),
            reference=request.POST.get("reference", ""),
            reason=_reason(request),
        ),
        gettext("The notice is recorded."),
    )


def _done(
    request: HttpRequest, case_id: UUID, act: Callable[[], object], said: str
) -> HttpResponse:
    try:
        act()
    except TidegateError as error:
        messages.error(request, in_words(error.code, error=error))
    else:
        messages.success(request, said)
    return redirect("console-case", case_id=case_id)


def _reason(request: HttpRequest) -> str:
    return request.POST.get("reason", "")


def _number(text: str) -> int:
    """Return the number; what is none is as impossible as no hours at all."""
    is_number = text.isascii() and text.isdigit() and len(text) <= LONGEST_DIGITS
    return int(text) if is_number else 0
