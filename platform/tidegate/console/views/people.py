"""Who is on the staff: appointed and dismissed here, by whoever may give the role."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from moderation.app import selectors as reviewing
from tidegate.accounts import selectors, services
from tidegate.accounts.models import StaffAppointment, User
from tidegate.accounts.viewers import Viewer
from tidegate.console.access import LEADS, staff_only
from tidegate.console.conflicts import in_words
from tidegate.primitives.errors import TidegateError


@require_safe
@staff_only(LEADS)
def people(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Show who holds which role, and offer those that the viewer may give."""
    given = selectors.staff_roles_given_by(viewer)
    held: dict[UUID, tuple[User, list[StaffAppointment]]] = {}
    for appointment in selectors.staff(viewer):
        held.setdefault(appointment.user_id, (appointment.user, []))[1].append(appointment)
    return render(
        request,
        "console/people.html",
        {
            "section": "console",
            "place": "people",
            "viewer": viewer,
            "people": held.values(),
            "skills": reviewing.skills(viewer),
            "given": [role for role in StaffAppointment.Role.values if role in given],
        },
    )


@require_POST
@staff_only(LEADS)
def appoint(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Give somebody a role."""
    try:
        person = selectors.person_called(viewer, request.POST.get("email", ""))
        services.appoint_staff(viewer=viewer, user_id=person.pk, role=request.POST.get("role", ""))
    except TidegateError as error:
        messages.error(request, in_words(error.code, error=error))
    else:
        messages.success(request, _("Appointed, and kept in the trail."))
    return redirect("console-people")


@require_POST
@staff_only(LEADS)
def dismiss(request: HttpRequest, viewer: Viewer, user_id: UUID) -> HttpResponse:
    """Take a role from somebody; what they hold and decided stays."""
    try:
        services.dismiss_staff(
            viewer=viewer,
            user_id=user_id,
            role=request.POST.get("role", ""),
            reason=request.POST.get("reason", "").strip(),
        )
    except TidegateError as error:
        messages.error(request, in_words(error.code, error=error))
    else:
        messages.success(request, _("Dismissed, and kept in the trail."))
    return redirect("console-people")
