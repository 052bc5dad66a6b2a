"""The viewer's organisations: people, projects, API keys."""

from datetime import datetime, time
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_POST, require_safe

from tidegate.accounts import selectors, services
from tidegate.accounts.models import Membership
from tidegate.accounts.scopes import SCOPES, STAFF_SCOPES
from tidegate.accounts.viewers import Viewer
from tidegate.ledger import selectors as ledger
from tidegate.primitives.errors import InvalidInput, NotFound, TidegateError
from tidegate.projects import selectors as projects
from tidegate.projects import services as project_services
from tidegate.projects.models import Collaborator, Project
from tidegate.web.errors import restricted, said
from tidegate.web.viewers import signed_in

_CREDITS_SHOWN = 12


@require_safe
@signed_in
def organisation(
    request: HttpRequest, viewer: Viewer, organisation_id: UUID | None = None
) -> HttpResponse:
    """Show one organisation, the first when none is named."""
    return render(request, "web/organisation.html", _context(viewer, organisation_id))


@require_POST
@signed_in
def issue_key(request: HttpRequest, viewer: Viewer, organisation_id: UUID) -> HttpResponse:
    """Issue a key and show its secret this once."""
    context: dict[str, object]
    try:
        key, secret = services.issue_key(
            viewer=viewer,
            organisation_id=organisation_id,
            name=request.POST.get("name", ""),
            scopes=request.POST.getlist("scopes"),
            expires_at=_end_of(request.POST.get("expires_on", "")),
        )
        context = {"issued": key, "secret": secret}
    except TidegateError as error:
        context = {
            "message": restricted(error) or str(error),
            "errors": getattr(error, "errors", []),
        }
    return render(
        request,
        "web/organisation.html",
        {**_context(viewer, organisation_id), **context},
        status=422 if "message" in context else 200,
    )


@require_POST
@signed_in
def revoke_key(request: HttpRequest, viewer: Viewer, key_id: UUID) -> HttpResponse:
    """Revoke a key."""
    key = services.revoke_key(viewer=viewer, key_id=key_id)
    return redirect(f"/organisation/{key.organisation_id}")


@require_POST
@signed_in
def create_project(request: HttpRequest, viewer: Viewer, organisation_id: UUID) -> HttpResponse:
    """Make a project."""
    try:
        project_services.create_project(
            viewer=viewer,
            organisation_id=organisation_id,
            name=request.POST.get("name", ""),
            audience=request.POST.get("audience", ""),
        )
    except TidegateError as error:
        messages.error(request, said(error))
    return redirect(f"/organisation/{organisation_id}")


def _context(viewer: Viewer, organisation_id: UUID | None) -> dict[str, object]:
    mine = list(selectors.organisations_of(viewer))
    chosen = next((one for one in mine if organisation_id in {None, one.pk}), None)
    if chosen is None:
        raise NotFound("There is no such organisation.", code="organisation_not_found")
    role = selectors.membership_role(viewer, chosen.pk)
    manages = role in {Membership.Role.OWNER, Membership.Role.ADMIN}
    offered = SCOPES if viewer.is_staff else SCOPES - STAFF_SCOPES
    return {
        "section": "organisation",
        "viewer": viewer,
        "organisations": mine,
        "organisation": chosen,
        "role": role,
        "manages": manages,
        "balance": ledger.balance_of(chosen.pk),
        "credits": ledger.entries_of(chosen.pk)[:_CREDITS_SHOWN],
        "members": selectors.members_of(viewer, chosen.pk),
        "keys": selectors.keys_of(viewer, chosen.pk) if manages else (),
        "projects": projects.visible_projects(viewer)
        .filter(organisation_id=chosen.pk)
        .prefetch_related("collaborators__user"),
        "scopes": sorted(offered),
        "roles": Membership.Role.choices,
        "audiences": Project.Audience.choices,
        "collaborator_roles": Collaborator.Role.choices,
    }


def _end_of(text: str) -> datetime | None:
    """Return the end of a day given as YYYY-MM-DD; None for never."""
    if not text:
        return None
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        raise InvalidInput(
            "Give the day as YYYY-MM-DD.", code="invalid_date", pointer="/expires_on"
        )
    return timezone.make_aware(datetime.combine(day, time.max))
