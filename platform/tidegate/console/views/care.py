"""Care for reviewers: what they choose, what leads set for all, what they saw, and the break."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from moderation.app import selectors, services
from moderation.app.roles import leads_reviewers, may_admin_policies, may_decide
from moderation.core.care import Blur, Manner
from tidegate.accounts.viewers import Viewer
from tidegate.console.access import REVIEWERS, staff_only
from tidegate.console.care_form import places_of, read_care, read_rules, rows_of, said
from tidegate.primitives.clock import now
from tidegate.primitives.errors import TidegateError


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(REVIEWERS)
@never_cache
def care(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Show what somebody chose and saw; take what they choose."""
    rules = selectors.care_rules()
    if request.method == "POST":
        form, opted_out = request.POST, request.POST.getlist("opted_out")
        _try(
            request,
            lambda: services.choose_care(viewer=viewer, choice=read_care(form, opted_out, rules)),
        )
        return redirect("console-care")
    chosen = selectors.chosen_by(viewer)
    is_lead = leads_reviewers(viewer)
    return render(
        request,
        "console/care.html",
        {
            "section": "console",
            "place": "care",
            "viewer": viewer,
            "chosen": chosen,
            "rows": rows_of(chosen, rules),
            "rules": rules,
            "places": places_of(rules.last),
            "blurs": [blur.value for blur in Blur],
            "offered": [blur for blur in Blur if Manner(blur).at_least(rules.floor).blur == blur],
            "seen": selectors.exposure_of(viewer),
            "reviewers": selectors.exposures(viewer) if is_lead else (),
            "without": selectors.hazards_without_reviewers(viewer) if is_lead else (),
            "is_lead": is_lead,
            "may_set": may_admin_policies(viewer),
        },
    )


@require_POST
@staff_only(REVIEWERS)
def rules(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Set what everybody has."""
    form = request.POST
    _try(
        request,
        lambda: services.set_care_rules(
            viewer=viewer, choice=read_rules(form), reason=form.get("reason", "")
        ),
    )
    return redirect("console-care")


@require_safe
@staff_only(REVIEWERS)
@never_cache
def pause(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Show how long a break still lasts; as a fragment when the page refreshes itself."""
    seen = selectors.exposure_of(viewer)
    left = (seen.due.until - now()).total_seconds() if seen.due else 0.0
    context = {
        "section": "console",
        "place": "break",
        "viewer": viewer,
        "seen": seen,
        "minutes": max(1, -(-int(left) // 60)),
        "breaks": selectors.care_rules().breaks,
        "held": selectors.queue(viewer, state="mine", limit=1).cases,
        "may_decide": may_decide(viewer),
    }
    is_fragment = bool(getattr(request, "htmx", False))
    template = "console/parts/break.html" if is_fragment else "console/break.html"
    return render(request, template, context)


def _try(request: HttpRequest, change: Callable[[], object]) -> None:
    try:
        change()
    except TidegateError as error:
        for sentence in said(error):
            messages.error(request, sentence)
    else:
        messages.success(request, _("Done, and kept in the trail."))
