"""Models: which are offered, at which version, and what the model servers hold."""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from generation.app.registry import selectors, services
from generation.app.registry.servers import Holding, Server, servers
from generation.app.registry.snapshot import Offer
from generation.core.catalogue import Model
from tidegate.accounts.viewers import Viewer
from tidegate.audit import selectors as audit
from tidegate.console.access import AUDITORS, staff_only
from tidegate.console.days import midnight
from tidegate.primitives.clock import now
from tidegate.primitives.errors import InvalidInput, TidegateError


@dataclass(frozen=True, slots=True)
class Line:
    """A model with where a server stands with it; `held` is None where no server answers."""

    offer: Offer
    model: Model
    is_offered: bool
    held: Holding | None


@require_safe
@staff_only(AUDITORS)
def models(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Show every model and every server."""
    seen = servers(viewer)
    return render(
        request,
        "console/models.html",
        {
            "section": "console",
            "place": "models",
            "viewer": viewer,
            "lines": [_line(offer, seen) for offer in selectors.registered(viewer)],
            "servers": seen,
        },
    )


@require_safe
@staff_only(AUDITORS)
def model(request: HttpRequest, viewer: Viewer, name: str) -> HttpResponse:
    """Show one model with its versions, and what may be done with it."""
    offer = selectors.registered_model(viewer, name)
    return render(
        request,
        "console/model.html",
        {
            "section": "console",
            "place": "models",
            "viewer": viewer,
            "line": _line(offer, servers(viewer)),
            "versions": selectors.versions_of(viewer, name),
            "crash_log": selectors.crash_log(viewer, name),
            "others": [one.name for one in selectors.registered(viewer) if one.name != name],
            "may_change": viewer.has_role(["policy_admin"]),
            "trail": audit.trail("generation.model", name),
        },
    )


@require_POST
@staff_only(AUDITORS)
def enable(request: HttpRequest, viewer: Viewer, name: str) -> HttpResponse:
    """Offer the model."""
    reason = request.POST.get("reason", "")
    return _done(
        request, name, lambda: services.enable_model(viewer=viewer, name=name, reason=reason)
    )


@require_POST
@staff_only(AUDITORS)
def disable(request: HttpRequest, viewer: Viewer, name: str) -> HttpResponse:
    """Offer the model no longer."""
    reason = request.POST.get("reason", "")
    return _done(
        request, name, lambda: services.disable_model(viewer=viewer, name=name, reason=reason)
    )


@require_POST
@staff_only(AUDITORS)
def aliases(request: HttpRequest, viewer: Viewer, name: str) -> HttpResponse:
    """Choose the stable version, the canary and its share."""

    def change() -> None:
        percent = request.POST.get("canary_percent", "0").strip() or "0"
        if not percent.isascii() or not percent.isdigit():
            raise InvalidInput(_("The share is a whole number."), code="not_an_integer")
        services.set_aliases(
            viewer=viewer,
            name=name,
            stable=request.POST.get("stable", ""),
            canary=request.POST.get("canary", ""),
            canary_percent=int(percent[:4]),
            reason=request.POST.get("reason", ""),
        )

    return _done(request, name, change)


@require_POST
@staff_only(AUDITORS)
def deprecate(request: HttpRequest, viewer: Viewer, name: str) -> HttpResponse:
    """Announce the model's end, or take that back with an empty date."""

    def change() -> None:
        services.deprecate_model(
            viewer=viewer,
            name=name,
            retires_at=midnight(request.POST.get("retires_on", "")),
            successor=request.POST.get("successor", ""),
            reason=request.POST.get("reason", ""),
        )

    return _done(request, name, change)


@require_POST
@staff_only(AUDITORS)
def load(request: HttpRequest, viewer: Viewer, name: str) -> HttpResponse:
    """Have a worker load the model."""
    return _done(
        request,
        name,
        lambda: services.request_load(viewer=viewer, name=name),
        said=_("A worker loads it; this page shows when it is ready."),
    )


@require_POST
@staff_only(AUDITORS)
def unload(request: HttpRequest, viewer: Viewer, name: str) -> HttpResponse:
    """Free what the model holds."""
    reason = request.POST.get("reason", "")
    return _done(
        request, name, lambda: services.unload_model(viewer=viewer, name=name, reason=reason)
    )


def _done(
    request: HttpRequest, name: str, change: Callable[[], object], *, said: str = ""
) -> HttpResponse:
    try:
        change()
    except TidegateError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said or _("Done, and kept in the trail."))
    return redirect("console-model", name=name)


def _line(offer: Offer, seen: list[Server]) -> Line:
    held = next(
        (
            holding
            for server in seen
            for holding in server.holdings
            if holding.held.name == offer.stable.triton_model
        ),
        None,
    )
    shown = offer.stable.translated(get_language() or "en")
    return Line(offer, shown, offer.is_offered(now()), held)
