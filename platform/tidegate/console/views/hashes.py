"""Hash banks: what is listed, until when, what it matched, and what its fuse paused."""

import math
from collections.abc import Callable
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from moderation.app import selectors, services
from moderation.app.configuration import configuration
from moderation.app.models import HashEntry
from moderation.app.roles import may_admin_banks, may_keep_hashes
from moderation.core.hazards import Hazard
from tidegate.accounts.viewers import Viewer
from tidegate.audit import selectors as audit
from tidegate.console.access import REVIEWERS, staff_only
from tidegate.console.days import midnight
from tidegate.primitives.clock import now
from tidegate.primitives.errors import InvalidInput, TidegateError

PAGE = 50
_FILTERS = ("bank", "state", "kind", "value")
STATES = {
    "all": gettext_lazy("every state"),
    "live": gettext_lazy("matches"),
    "paused": gettext_lazy("paused"),
    "fused": gettext_lazy("paused by its fuse"),
    "expired": gettext_lazy("expired"),
}
EFFECTS = {
    "block": gettext_lazy("block"),
    "hold": gettext_lazy("hold"),
    "allow": gettext_lazy("allow"),
}


@require_safe
@staff_only(REVIEWERS)
def hashes(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Show the banks and their entries, filtered, newest first."""
    asked = {name: request.GET.get(name, "").strip() for name in _FILTERS}
    state = asked["state"] if asked["state"] in selectors.ENTRY_STATES else "all"
    kind = asked["kind"] if asked["kind"] in HashEntry.Kind.values else ""
    entries = selectors.hash_entries(
        viewer, bank_id=_uuid(asked["bank"]), state=state, kind=kind, value=asked["value"]
    )
    before = _uuid(request.GET.get("before", ""))
    if before is not None:
        entries = entries.filter(pk__lt=before)
    rows = list(entries.order_by("-pk")[: PAGE + 1])
    return render(
        request,
        "console/hashes.html",
        {
            "section": "console",
            "place": "hashes",
            "viewer": viewer,
            "banks": selectors.banks(viewer),
            "usual": configuration(),
            "fused": list(
                selectors.hash_entries(viewer, state="fused").order_by("-paused_at")[:PAGE]
            ),
            "asked": asked,
            "query": urlencode({name: value for name, value in asked.items() if value}),
            "states": STATES,
            "kinds": HashEntry.Kind.values,
            "effects": EFFECTS,
            "hazards": [hazard.value for hazard in Hazard],
            "entries": rows[:PAGE],
            "older": rows[PAGE - 1].pk if len(rows) > PAGE else None,
            "now": now(),
            "may_keep": may_keep_hashes(viewer),
            "may_admin": may_admin_banks(viewer),
        },
    )


@require_safe
@staff_only(REVIEWERS)
def entry(request: HttpRequest, viewer: Viewer, entry_id: UUID) -> HttpResponse:
    """Show one entry with what it matched, and what may be done with it."""
    return render(
        request,
        "console/hash.html",
        {
            "section": "console",
            "place": "hashes",
            "viewer": viewer,
            "entry": selectors.hash_entry_for(viewer, entry_id),
            "matches": selectors.matches_of(viewer, entry_id),
            "now": now(),
            "may_keep": may_keep_hashes(viewer),
            "trail": audit.trail("moderation.hash_entry", str(entry_id)),
        },
    )


@require_POST
@staff_only(REVIEWERS)
def add(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """List a hash."""
    form = request.POST

    def change() -> None:
        bank = _uuid(form.get("bank", ""))
        if bank is None:
            raise InvalidInput(_("Choose a bank."), code="invalid_choice")
        services.add_hash(
            viewer=viewer,
            bank_id=bank,
            kind=form.get("kind", ""),
            value=form.get("value", ""),
            hazard=form.get("hazard", ""),
            source=form.get("source", ""),
            expires_at=midnight(form.get("expires_on", "")),
            reason=form.get("reason", ""),
        )

    _try(request, change)
    return redirect("console-hashes")


@require_POST
@staff_only(REVIEWERS)
def add_bank(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Make a bank."""
    form = request.POST
    _try(
        request,
        lambda: services.create_bank(
            viewer=viewer,
            name=form.get("name", ""),
            effect=form.get("effect", ""),
            enabled_share=_share(form.get("percent", "100")),
            reason=form.get("reason", ""),
        ),
    )
    return redirect("console-hashes")


@require_POST
@staff_only(REVIEWERS)
def change_bank(request: HttpRequest, viewer: Viewer, bank_id: UUID) -> HttpResponse:
    """Set a bank's share and fuse."""
    form = request.POST
    _try(
        request,
        lambda: services.change_bank(
            bank_id=bank_id,
            viewer=viewer,
            enabled_share=_share(form.get("percent", "")),
            fuse_matches=_whole(form.get("fuse_matches", "")),
            fuse_seconds=_whole(form.get("fuse_seconds", "")),
            reason=form.get("reason", ""),
        ),
    )
    return redirect("console-hashes")


@require_POST
@staff_only(REVIEWERS)
def pause(request: HttpRequest, viewer: Viewer, entry_id: UUID) -> HttpResponse:
    """Let an entry match nothing."""
    reason = request.POST.get("reason", "")
    _try(request, lambda: services.pause_hash(entry_id=entry_id, viewer=viewer, reason=reason))
    return redirect("console-hash", entry_id=entry_id)


@require_POST
@staff_only(REVIEWERS)
def resume(request: HttpRequest, viewer: Viewer, entry_id: UUID) -> HttpResponse:
    """Let a paused entry match again."""
    reason = request.POST.get("reason", "")
    _try(request, lambda: services.resume_hash(entry_id=entry_id, viewer=viewer, reason=reason))
    return redirect("console-hash", entry_id=entry_id)


@require_POST
@staff_only(REVIEWERS)
def expire(request: HttpRequest, viewer: Viewer, entry_id: UUID) -> HttpResponse:
    """Say until when an entry matches; no day is for ever."""
    form = request.POST
    _try(
        request,
        lambda: services.set_hash_expiry(
            entry_id=entry_id,
            viewer=viewer,
            expires_at=midnight(form.get("expires_on", "")),
            reason=form.get("reason", ""),
        ),
    )
    return redirect("console-hash", entry_id=entry_id)


@require_POST
@staff_only(REVIEWERS)
def remove(request: HttpRequest, viewer: Viewer, entry_id: UUID) -> HttpResponse:
    """Take an entry off its bank."""
    reason = request.POST.get("reason", "")
    is_done = _try(
        request, lambda: services.remove_hash(entry_id=entry_id, viewer=viewer, reason=reason)
    )
    return redirect("console-hashes") if is_done else redirect("console-hash", entry_id=entry_id)


def _try(request: HttpRequest, change: Callable[[], object]) -> bool:
    try:
        change()
    except TidegateError as error:
        messages.error(request, str(error))
        return False
    messages.success(request, _("Done, and kept in the trail."))
    return True


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _share(percent: str) -> float:
    try:
        share = float(percent) / 100
    except ValueError:
        share = math.nan
    if not math.isfinite(share):
        raise InvalidInput(_("The share is a number from 0 to 100."), code="invalid_number")
    return share


def _whole(text: str) -> int | None:
    """Read a whole number; None for no text."""
    if not text.strip():
        return None
    if not (text.strip().isascii() and text.strip().isdigit()):
        raise InvalidInput(_("This is no whole number."), code="not_an_integer")
    return int(text.strip()[:10])
