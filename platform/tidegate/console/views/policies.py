"""Policies: what judges, what is tried beside it, and where a version may go next."""

import math
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from moderation.app import selectors, services
from moderation.app.models import PolicyVersion, RetroRun
from moderation.app.roles import may_admin_policies
from tidegate.accounts.viewers import Viewer
from tidegate.audit import selectors as audit
from tidegate.console.access import REVIEWERS, staff_only
from tidegate.console.days import midnight
from tidegate.primitives.clock import now
from tidegate.primitives.errors import InvalidInput, TidegateError

PAGE = 50
_RECENTLY = timedelta(days=7)
STATES = {
    "draft": gettext_lazy("draft"),
    "shadow": gettext_lazy("shadow"),
    "approved": gettext_lazy("approved"),
    "canary": gettext_lazy("canary"),
    "active": gettext_lazy("active"),
    "retired": gettext_lazy("retired"),
}
RUN_STATES = {
    "previewing": gettext_lazy("previewing"),
    "ready": gettext_lazy("ready"),
    "running": gettext_lazy("running"),
    "paused": gettext_lazy("paused"),
    "finished": gettext_lazy("finished"),
    "undoing": gettext_lazy("undoing"),
    "undone": gettext_lazy("undone"),
    "cancelled": gettext_lazy("cancelled"),
}
# The steps that a page offers from each state, the usual one first.
STEPS: dict[str, list[tuple[str, object]]] = {
    "draft": [
        ("shadow", gettext_lazy("Run as a shadow")),
        ("approved", gettext_lazy("Approve")),
        ("retired", gettext_lazy("Retire")),
    ],
    "shadow": [
        ("approved", gettext_lazy("Approve")),
        ("draft", gettext_lazy("Back to draft")),
        ("retired", gettext_lazy("Retire")),
    ],
    "approved": [
        ("canary", gettext_lazy("Try on a share")),
        ("draft", gettext_lazy("Back to draft")),
        ("retired", gettext_lazy("Retire")),
    ],
    "canary": [
        ("canary", gettext_lazy("Change the share")),
        ("active", gettext_lazy("Put in force")),
    ],
    "active": [],
    "retired": [("draft", gettext_lazy("Back to draft")), ("approved", gettext_lazy("Approve"))],
}
RUN_STEPS: dict[str, list[tuple[str, object]]] = {
    RetroRun.State.READY: [
        ("running", gettext_lazy("Start")),
        ("cancelled", gettext_lazy("Give up")),
    ],
    RetroRun.State.PREVIEWING: [("cancelled", gettext_lazy("Give up"))],
    RetroRun.State.RUNNING: [("paused", gettext_lazy("Pause"))],
    RetroRun.State.PAUSED: [
        ("running", gettext_lazy("Resume")),
        ("undoing", gettext_lazy("Undo")),
    ],
    RetroRun.State.FINISHED: [("undoing", gettext_lazy("Undo"))],
}


@require_safe
@staff_only(REVIEWERS)
def policies(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Show all versions, those that judge and are tried first."""
    versions = selectors.policy_versions(viewer)
    alive = versions.exclude(state__in=["draft", "retired"]).order_by("-state_since")
    others = versions.filter(state__in=["draft", "retired"]).order_by("-pk")[:PAGE]
    return render(
        request,
        "console/policies.html",
        {
            "section": "console",
            "place": "policies",
            "viewer": viewer,
            "versions": [*alive, *others],
            "rolled_back": versions.filter(
                state="retired", rolled_back_at__gt=now() - _RECENTLY
            ).order_by("-rolled_back_at"),
            "states": STATES,
            "may_admin": may_admin_policies(viewer),
        },
    )


@require_safe
@staff_only(REVIEWERS)
def policy(request: HttpRequest, viewer: Viewer, version_id: UUID) -> HttpResponse:
    """Show one version: its text, its difference, how it was tried, and its next steps."""
    version = selectors.policy_version_for(viewer, version_id)
    runs = selectors.backtest_runs(viewer, version_id=version_id).order_by("-pk")[:5]
    return render(
        request,
        "console/policy.html",
        {
            "section": "console",
            "place": "policies",
            "viewer": viewer,
            "version": version,
            "states": STATES,
            "steps": STEPS[version.state],
            "diff": selectors.difference(version),
            "totals": selectors.shadow_totals(viewer, version_id),
            "disagreements": selectors.disagreements(viewer, version_id).order_by("-pk")[:PAGE],
            "backtests": [(run, RUN_STATES[run.state], selectors.figures_of(run)) for run in runs],
            "retro_runs": [
                (run, RUN_STATES[run.state], RUN_STEPS.get(run.state, []))
                for run in selectors.retro_runs(viewer, version_id=version_id).order_by("-pk")[:5]
            ],
            "may_roll_back": version.state == PolicyVersion.State.CANARY
            or (version.state == PolicyVersion.State.ACTIVE and version.replaced_id is not None),
            "may_admin": may_admin_policies(viewer),
            "trail": audit.trail("moderation.policy_version", str(version_id)),
        },
    )


@require_POST
@staff_only(REVIEWERS)
def propose(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Keep a text as a draft."""
    made: list[PolicyVersion] = []
    form = request.POST

    def change() -> None:
        made.append(
            services.propose_policy(
                source=form.get("source", "").replace("\r\n", "\n"),
                viewer=viewer,
                reason=form.get("reason", ""),
            )
        )

    _try(request, change)
    if not made:
        return redirect("console-policies")
    return redirect("console-policy", version_id=made[0].pk)


@require_POST
@staff_only(REVIEWERS)
def move(request: HttpRequest, viewer: Viewer, version_id: UUID) -> HttpResponse:
    """Move a version on."""
    form = request.POST
    _try(
        request,
        lambda: services.move_policy(
            version_id=version_id,
            to=form.get("to", ""),
            viewer=viewer,
            reason=form.get("reason", ""),
            canary_share=_share(form.get("percent", "")),
        ),
    )
    return redirect("console-policy", version_id=version_id)


@require_POST
@staff_only(REVIEWERS)
def roll_back(request: HttpRequest, viewer: Viewer, version_id: UUID) -> HttpResponse:
    """Roll a version back."""
    reason = request.POST.get("reason", "")
    _try(
        request,
        lambda: services.roll_back_policy(version_id=version_id, viewer=viewer, reason=reason),
    )
    return redirect("console-policy", version_id=version_id)


@require_POST
@staff_only(REVIEWERS)
def backtest(request: HttpRequest, viewer: Viewer, version_id: UUID) -> HttpResponse:
    """Start a backtest."""
    form = request.POST

    def change() -> None:
        since = midnight(form.get("since", ""))
        if since is None:
            raise InvalidInput(_("Choose the first day."), code="invalid_date")
        services.start_backtest(
            version_id=version_id,
            since=since,
            until=midnight(form.get("until", "")) or now(),
            viewer=viewer,
        )

    _try(request, change)
    return redirect("console-policy", version_id=version_id)


@require_POST
@staff_only(REVIEWERS)
def preview(request: HttpRequest, viewer: Viewer, version_id: UUID) -> HttpResponse:
    """Begin the preview of a run over what is released."""
    reason = request.POST.get("reason", "")
    _try(
        request,
        lambda: services.preview_retro_run(version_id=version_id, viewer=viewer, reason=reason),
    )
    return redirect("console-policy", version_id=version_id)


@require_POST
@staff_only(REVIEWERS)
def move_run(request: HttpRequest, viewer: Viewer, run_id: UUID) -> HttpResponse:
    """Start, pause, resume or undo a run over what is released."""
    run = selectors.retro_run_for(viewer, run_id)
    form = request.POST
    _try(
        request,
        lambda: services.move_retro_run(
            run_id=run_id, to=form.get("to", ""), viewer=viewer, reason=form.get("reason", "")
        ),
    )
    return redirect("console-policy", version_id=run.policy_id)


def _try(request: HttpRequest, change: Callable[[], object]) -> None:
    try:
        change()
    except TidegateError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Done, and kept in the trail."))


def _share(percent: str) -> float | None:
    """Read a share in percent; None for no text."""
    if not percent.strip():
        return None
    try:
        share = float(percent) / 100
    except ValueError:
        share = math.nan
    if not math.isfinite(share):
        raise InvalidInput(_("The share is a number from 0 to 100."), code="invalid_number")
    return share
