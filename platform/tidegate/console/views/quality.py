"""How well people and the checks decide; known answers; thresholds that labels speak for."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from moderation.app import selectors, services
from moderation.app.configuration import quality_rules
from moderation.app.roles import leads_reviewers, may_admin_policies, reads_quality
from tidegate.accounts.viewers import Viewer
from tidegate.console.access import ADMINS, LEADS, REVIEWERS, staff_only
from tidegate.console.conflicts import in_words
from tidegate.primitives.errors import TidegateError

_SHOWN = 50


@require_safe
@staff_only(REVIEWERS)
def quality(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Show everybody what they were asked, and those who answer for it how well all decide."""
    asked = request.GET.get("days", "")
    days = int(asked) if asked.isdecimal() and int(asked) in selectors.PERIODS else 90
    sees_all = reads_quality(viewer)
    context = {
        "section": "console",
        "place": "quality",
        "viewer": viewer,
        "own": selectors.own_answers(viewer),
        "days": days,
        "periods": selectors.PERIODS,
        "seen": selectors.quality_figures(viewer, days=days) if sees_all else None,
        "calls": selectors.judged_calls(viewer) if sees_all else (),
        "wanted": quality_rules().calibration,
        "golden": selectors.golden_items(viewer)[:_SHOWN] if sees_all else (),
        "may_propose": may_admin_policies(viewer),
        "may_retire": leads_reviewers(viewer),
    }
    return render(request, "console/quality.html", context)


@require_POST
@staff_only(ADMINS)
def propose(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Make a draft of the policy with a threshold that labels speak for, and show it."""
    place = {name: request.POST.get(name, "") for name in ("surface", "detector", "hazard")}
    try:
        hold_at = float(request.POST.get("hold_at", ""))
    except ValueError:
        hold_at = 0.0
    try:
        draft = services.propose_threshold(
            **place, hold_at=hold_at, viewer=viewer, reason=request.POST.get("reason", "")
        )
    except TidegateError as error:
        messages.error(request, in_words(error.code, error=error))
        return redirect("console-quality")
    messages.success(request, _("A draft: it is tried and approved as any other."))
    return redirect("console-policy", version_id=draft.pk)


@require_POST
@staff_only(LEADS)
def golden(request: HttpRequest, viewer: Viewer, case_id: UUID) -> HttpResponse:
    """Give a decided case to reviewers as a known answer."""
    given = {name: request.POST.get(name, "") for name in ("answer", "explanation")}
    try:
        services.make_golden(case_id=case_id, viewer=viewer, **given)
    except TidegateError as error:
        messages.error(request, in_words(error.code, error=error))
    else:
        messages.success(request, _("Kept: reviewers are given it among their cases."))
    return redirect("console-case", case_id=case_id)


@require_POST
@staff_only(LEADS)
def retire(request: HttpRequest, viewer: Viewer, golden_id: UUID) -> HttpResponse:
    """Give a known answer to nobody any more."""
    services.retire_golden(golden_id=golden_id, viewer=viewer)
    messages.success(request, _("Nobody is given it any more."))
    return redirect("console-quality")
