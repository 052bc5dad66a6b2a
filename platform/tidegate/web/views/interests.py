"""What one's feed goes by, and whom one follows or wants to see nothing of."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from moderation.app.configuration import house_rules
from recommendations.app import selectors, services
from tidegate.accounts.viewers import Viewer
from tidegate.primitives.errors import InvalidInput
from tidegate.web.viewers import signed_in

SUGGESTED = 4


@require_safe
@signed_in
def interests(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Show what the feed knows, in words, and every way to change it."""
    language = get_language() or "en"
    found = selectors.interests_of(viewer)
    strongest = max((abs(one.weight) for one in found.interests), default=1.0) or 1.0
    return render(
        request,
        "web/interests.html",
        {
            "section": "feed",
            "viewer": viewer,
            "found": found,
            "interests": [
                (one, round(100 * abs(one.weight) / strongest)) for one in found.interests
            ],
            "ratings": [
                (mark.code, mark.title.for_language(language))
                for mark in house_rules().ratings.values()
            ],
            "muted": selectors.muted(viewer),
            "following": selectors.followed_people(viewer),
        },
    )


@require_POST
@signed_in
def choose(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Change one thing of the feed, and go back to where it was changed."""
    match request.POST.get("what", ""):
        case "personal":
            services.choose(viewer=viewer, is_personal=request.POST.get("is_personal") == "yes")
        case "content":
            services.choose(
                viewer=viewer,
                rating=request.POST.get("rating", ""),
                hides_covered=request.POST.get("hides_covered") == "yes",
                languages=[one for one in request.POST.getlist("languages") if one],
            )
        case "silence":
            _silence(viewer, request.POST.get("facet", ""), is_silenced=True)
        case "unsilence":
            _silence(viewer, request.POST.get("facet", ""), is_silenced=False)
        case "reset":
            services.reset_interests(viewer=viewer)
            messages.success(request, gettext("Your feed begins anew."))
        case "erase":
            services.forget_person(viewer=viewer)
            messages.success(request, gettext("Erased: likes, history, and everything made of it."))
        case _:
            raise InvalidInput("There is no such choice.", code="unknown_choice", pointer="/what")
    return redirect("/feed" if request.POST.get("next") == "/feed" else "/interests")


@require_POST
@signed_in
def creator(request: HttpRequest, viewer: Viewer, creator_id: UUID) -> HttpResponse:
    """Follow, unfollow, mute or unmute a creator; answer with a word, or go back."""
    act = request.POST.get("act", "")
    match act:
        case "follow" | "unfollow":
            services.follow(viewer=viewer, creator_id=creator_id, is_following=act == "follow")
        case "mute" | "unmute":
            services.mute(viewer=viewer, creator_id=creator_id, is_muted=act == "mute")
        case _:
            raise InvalidInput("There is no such choice.", code="unknown_choice", pointer="/act")
    if request.headers.get("HX-Request") != "true":
        return redirect("/interests")
    said = {
        "follow": gettext("You follow them now."),
        "unfollow": gettext("You no longer follow them."),
        "mute": gettext("Nothing of theirs from now on."),
        "unmute": gettext("You may see their works again."),
    }[act]
    answer = render(
        request,
        "web/parts/following.html",
        {"creator_id": creator_id, "is_following": act == "follow", "is_muted": act == "mute"},
    )
    return trigger_client_event(answer, "tidegate:toast", {"value": said})


@require_safe
@signed_in
def people(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Show creators whom one might follow; nothing when there are none."""
    return render(
        request,
        "web/parts/people.html",
        {"suggested": selectors.suggested(viewer, limit=SUGGESTED)},
    )


def _silence(viewer: Viewer, facet: str, *, is_silenced: bool) -> None:
    known = [one for one in selectors.interests_of(viewer).choices.silenced if one != facet]
    services.choose(viewer=viewer, silenced=[*known, facet] if is_silenced else known)
