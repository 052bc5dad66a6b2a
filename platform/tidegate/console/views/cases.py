"""One case: the evidence, the ruling, and on to the next."""

from collections.abc import Sequence
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from moderation.app import selectors, services
from moderation.app.models import Restriction, TakedownNotice
from moderation.app.roles import leads_reviewers, may_decide, may_restrict, reads_quality
from moderation.app.selectors import CaseEvidence, CaseSummary
from moderation.app.services.translations import Translated
from moderation.core.care import Blur
from tidegate.accounts.viewers import Viewer
from tidegate.audit import selectors as audit
from tidegate.console import items
from tidegate.console.access import AUDITORS, REVIEWERS, staff_only
from tidegate.console.conflicts import in_words
from tidegate.console.decision_form import DONE_TITLES, LAST_DECISION, choices_for, decision_in
from tidegate.console.filters import chosen_filters
from tidegate.console.manners import stills_of
from tidegate.contracts.ports import translator
from tidegate.primitives.errors import InvalidInput, NotAllowed, TidegateError

NEIGHBOURS = 100
# What a reviewer passed over, for as long as they go on from case to case.
_PASSED = "cases_passed_over"
CHIPS = (
    _("Within the policy; the score was too cautious."),
    _("Fiction or satire, aimed at nobody real."),
    _("Insults or threatens a person or a group."),
    _("Sexual content beyond what is allowed here."),
    _("Helps to do something dangerous or illegal."),
)


@require_safe
@staff_only(REVIEWERS)
def case(request: HttpRequest, viewer: Viewer, case_id: UUID) -> HttpResponse:
    """Show a case with its evidence; that it was looked at is kept."""
    evidence = items.evidence_for(viewer, case_id)
    services.note_view(case_id=case_id, viewer=viewer)
    return _page(request, viewer, evidence)


@require_POST
@staff_only(REVIEWERS)
@never_cache
def reveal(request: HttpRequest, viewer: Viewer, case_id: UUID) -> HttpResponse:
    """Show a case with the personal data in it, once; loading it again masks it again."""
    try:
        evidence = services.reveal_case(
            case_id=case_id, viewer=viewer, reason=request.POST.get("reason", "")
        )
    except InvalidInput:
        messages.error(request, gettext("Say why you have to see it."))
        return redirect("console-case", case_id=case_id)
    except NotAllowed as error:
        messages.error(request, in_words(error.code, error=error))
        return redirect("console-case", case_id=case_id)
    return _page(request, viewer, evidence)


@require_POST
@staff_only(REVIEWERS)
@never_cache
def unveil(request: HttpRequest, viewer: Viewer, case_id: UUID) -> HttpResponse:
    """Keep that the veil was lifted; without a script also show the case without it, once."""
    if request.POST.get("quiet") == "yes":
        services.unveil_case(case_id=case_id, viewer=viewer)
        return HttpResponse(status=204)
    return _page(request, viewer, items.evidence_for(viewer, case_id), is_unveiled=True)


@require_POST
@staff_only(REVIEWERS)
@never_cache
def translate(request: HttpRequest, viewer: Viewer, case_id: UUID) -> HttpResponse:
    """Show a case with a translation into the language of the page beside it, once."""
    language = "zh" if (get_language() or "").startswith("zh") else "en"
    try:
        found = services.translate_case(case_id=case_id, viewer=viewer, target=language)
    except TidegateError as error:
        messages.error(request, in_words(error.code, error=error))
        return redirect("console-case", case_id=case_id)
    return _page(request, viewer, items.evidence_for(viewer, case_id), translations=found)


@require_POST
@staff_only(REVIEWERS)
def claim(request: HttpRequest, viewer: Viewer, case_id: UUID) -> HttpResponse:
    """Claim a case and show it again."""
    try:
        items.claim(viewer, case_id)
    except TidegateError as error:
        return _refused(request, error, "console-case", case_id=case_id)
    return redirect("console-case", case_id=case_id)


@require_POST
@staff_only(REVIEWERS)
def give_back(request: HttpRequest, viewer: Viewer, case_id: UUID) -> HttpResponse:
    """Give a case back to the queue."""
    try:
        items.give_back(viewer, case_id)
    except TidegateError as error:
        messages.error(request, in_words(error.code, error=error))
    return redirect("console-queue")


@require_POST
@staff_only(REVIEWERS)
def decide(request: HttpRequest, viewer: Viewer, case_id: UUID) -> HttpResponse:
    """Rule, and go on to the next case that this reviewer may decide.

    A page that shows the next one already asks for no more than whether it was done.
    """
    is_ahead = "X-Ahead" in request.headers
    try:
        done = items.decide(viewer, case_id, decision_in(request.POST))
    except TidegateError as error:
        if is_ahead:
            return _in_words_only(error)
        return _refused(request, error, "console-case", case_id=case_id)
    if done.is_ruling:
        request.session[LAST_DECISION] = str(done.id)
        if is_ahead:
            return render(request, "console/parts/undo.html", {"undo": done})
        messages.success(request, f"{DONE_TITLES[done.action]}.")
    elif is_ahead:
        return HttpResponse(status=204)
    else:
        messages.success(request, gettext("Somebody else decides it now."))
    return _onward(request, viewer)


@require_POST
@staff_only(REVIEWERS)
def undo(request: HttpRequest, viewer: Viewer, decision_id: UUID) -> HttpResponse:
    """Take back what this reviewer decided a moment ago, and show its case again."""
    request.session.pop(LAST_DECISION, None)
    try:
        in_hand = items.undo(viewer, decision_id)
    except TidegateError as error:
        return _refused(request, error, "console-queue")
    messages.success(request, gettext("Taken back: the case is yours again."))
    return redirect("console-case", case_id=in_hand)


@require_POST
@staff_only(REVIEWERS)
def reverse_decision(request: HttpRequest, viewer: Viewer, decision_id: UUID) -> HttpResponse:
    """Take back anybody's decision; its case waits again."""
    try:
        reopened = services.reverse_decision(
            decision_id=decision_id, viewer=viewer, reason=request.POST.get("reason", "")
        )
    except TidegateError as error:
        return _refused(request, error, "console-queue")
    messages.success(request, gettext("Taken back: the case waits again."))
    return redirect("console-case", case_id=reopened.pk)


@require_POST
@staff_only(REVIEWERS)
def next_case(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Claim the next case and show it; one that is passed over goes back to the queue."""
    passed = _id(request.POST.get("besides"))
    try:
        if passed is None:
            request.session.pop(_PASSED, None)  # from the queue: all over again
        else:
            _pass_over(request, viewer, passed)
        return _onward(request, viewer)
    except TidegateError as error:
        return _refused(request, error, "console-queue")


@require_POST
@staff_only(REVIEWERS)
@never_cache
def upcoming(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Claim the case after the one that somebody is at, and give its page ahead of time.

    Whoever was given a page may have read it: that is a look as any other. 204: there is none for
    them now, or they have to rest first.
    """
    at_hand = [one for one in map(_id, request.POST.getlist("besides")) if one is not None]
    passed = _id(request.POST.get("passed"))
    chosen = chosen_filters(request.POST)
    try:
        if passed is not None:
            _pass_over(request, viewer, passed)
        besides = [UUID(one) for one in request.session.get(_PASSED, [])]
        given = services.claim_next_work(viewer=viewer, **chosen, besides=[*besides, *at_hand])
    except TidegateError:
        return HttpResponse(status=204)
    if given is None:
        return HttpResponse(status=204)
    evidence = items.evidence_for(viewer, given)
    services.note_view(case_id=given, viewer=viewer)
    page = _page(request, viewer, evidence, is_ahead=True)
    query = urlencode({name: value for name, value in chosen.items() if value})
    address = reverse("console-case", kwargs={"case_id": given})
    page.headers["X-Page"] = f"{address}?{query}" if query else address
    return page


@require_POST
@staff_only(REVIEWERS)
def renew(request: HttpRequest, viewer: Viewer, case_id: UUID) -> HttpResponse:
    """Renew the lease of an open page; 409 says in words why it is over."""
    try:
        items.claim(viewer, case_id)
    except TidegateError as error:
        return _in_words_only(error)
    return HttpResponse(status=204)


def _pass_over(request: HttpRequest, viewer: Viewer, case_id: UUID) -> None:
    """Give a case back that somebody does not want now, and do not offer it again."""
    items.give_back(viewer, case_id)
    passed = [*request.session.get(_PASSED, []), str(case_id)]
    request.session[_PASSED] = passed[-NEIGHBOURS:]


def _onward(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Go on to the next case of what this reviewer is working through, which is theirs then."""
    besides = [UUID(one) for one in request.session.get(_PASSED, [])]
    chosen = chosen_filters(request.POST)
    try:
        given = services.claim_next_work(viewer=viewer, **chosen, besides=besides)
    except TidegateError as error:
        return _refused(request, error, "console-queue")
    query = urlencode({name: value for name, value in chosen.items() if value})
    if given is None:
        messages.info(request, gettext("No case waits here."))
        page = reverse("console-queue")
    else:
        page = reverse("console-case", kwargs={"case_id": given})
    return redirect(f"{page}?{query}" if query else page)


def _in_words_only(error: TidegateError) -> HttpResponse:
    """Say why to a page that stays where it is."""
    words = in_words(error.code, error=error)
    return HttpResponse(words, status=409, content_type="text/plain")


def _refused(request: HttpRequest, error: TidegateError, page: str, **where: UUID) -> HttpResponse:
    """Say why, and send whoever has to rest to a page that says how long."""
    if error.code == "break_running":
        return redirect("console-break")
    messages.error(request, in_words(error.code, error=error))
    return redirect(reverse(page, kwargs=where))


def _id(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None


def _page(
    request: HttpRequest,
    viewer: Viewer,
    evidence: CaseEvidence,
    *,
    is_unveiled: bool = False,
    is_ahead: bool = False,
    translations: Sequence[Translated] = (),
) -> HttpResponse:
    is_unveiled = is_unveiled or evidence.manner.blur == Blur.NONE
    if is_unveiled:
        services.unveil_case(case_id=evidence.source_id, viewer=viewer)
    is_blind = evidence.stands_for is not None
    before, after = _neighbours(viewer, evidence.case.id)
    is_auditor = viewer.has_role(AUDITORS) and not is_blind
    return render(
        request,
        "console/case.html",
        {
            "section": "console",
            "place": "case",
            "viewer": viewer,
            "evidence": evidence,
            "chosen": chosen_filters(request.POST if is_ahead else request.GET),
            "is_ahead": is_ahead,
            "case": evidence.case,
            "manner": evidence.manner,
            "is_unveiled": is_unveiled,
            "translations": translations,
            "translates": translator() is not None,
            "marked": {one.surface: one.segments for one in evidence.surfaces},
            "boxes": [one for one in evidence.clauses if one.boxes],
            "record": selectors.author_record(
                viewer,
                evidence.asset.owner_id,
                besides=evidence.asset.pk if is_blind else None,
            ),
            "stills": stills_of(evidence) if evidence.asset.modality == "video" else (),
            "asset": evidence.asset,
            "refusal": in_words(evidence.refusal, case=evidence.case),
            "chips": CHIPS,
            "offers": choices_for(viewer),
            "notes": selectors.notes_of(viewer, evidence.source_id, is_blind=is_blind),
            "colleagues": selectors.colleagues(viewer, besides=evidence.asset.owner_id),
            "decisions": () if is_blind else selectors.decisions_of(viewer, evidence.case.id),
            "present": () if is_blind else selectors.present(viewer, case_id=evidence.case.id),
            "disagreement": () if is_blind else selectors.opinions_on(viewer, evidence.case.id),
            "golden": None if is_blind else selectors.golden_of(viewer, evidence.case.id),
            "may_reverse": leads_reviewers(viewer) and may_decide(viewer),
            "standing": selectors.standing_of(
                viewer, evidence.asset.owner_id, besides=evidence.stands_for
            ),
            "notices": selectors.notices_for(viewer, evidence.asset.pk),
            "may_restrict": may_restrict(viewer) and evidence.asset.owner_id != viewer.user_id,
            "may_record": may_decide(viewer),
            "kinds": Restriction.Kind.values,
            "bases": TakedownNotice.Basis.values,
            "before": before,
            "after": after,
            "trail": audit.trail("assets.asset", str(evidence.asset.pk)) if is_auditor else (),
            "is_auditor": is_auditor,
            "is_blind": is_blind,
            "reads_quality": reads_quality(viewer),
            "may_reveal": evidence.has_masked and may_decide(viewer),
        },
    )


def _waiting(viewer: Viewer) -> list[CaseSummary]:
    """Return what this reviewer could decide next, the most urgent first."""
    page = selectors.queue(viewer, state="open", limit=NEIGHBOURS)
    return [one for one in page.cases if not one.is_own_asset]


def _neighbours(viewer: Viewer, case_id: UUID) -> tuple[UUID | None, UUID | None]:
    """Return the waiting cases before and after this one; of a decided one, the first."""
    ids = [one.id for one in _waiting(viewer)]
    if case_id not in ids:
        return None, next(iter(ids), None)
    at = ids.index(case_id)
    return (ids[at - 1] if at else None), (ids[at + 1] if at + 1 < len(ids) else None)
