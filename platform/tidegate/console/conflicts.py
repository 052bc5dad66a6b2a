"""Refusals as a colleague would say them."""

from datetime import datetime

from django.utils import timezone
from django.utils.formats import time_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from moderation.app.selectors import CaseSummary
from tidegate.primitives.errors import InvalidInput, TidegateError

_SENTENCES: dict[str, str | Promise] = {
    "case_held": gettext_lazy("%(holder)s is working on this case until %(until)s."),
    "released": gettext_lazy("%(decider)s was faster and released it."),
    "blocked": gettext_lazy("%(decider)s was faster and blocked it."),
    "own_asset": gettext_lazy("You made this yourself, so somebody else has to decide it."),
    "own_decision": gettext_lazy("You decided it before, so somebody else decides the appeal."),
    "own_appeal": gettext_lazy("You appeal yourself, so somebody else has to decide it."),
    "own_proposal": gettext_lazy("You asked for another person, who decides it now."),
    "own_appointment": gettext_lazy("Nobody appoints or dismisses themselves."),
    "role_not_yours_to_give": gettext_lazy("This role is not yours to give or take."),
    "last_policy_admin": gettext_lazy("Appoint another policy admin first."),
    "user_not_found": gettext_lazy("Nobody has an account with this address."),
    "no_translator": gettext_lazy("Nobody translates here."),
    "translator_away": gettext_lazy("The translator does not answer now."),
    "other_queue": gettext_lazy("This waits in a queue that you do not work in."),
    "other_desk": gettext_lazy("This waits at another desk."),
    "action_not_allowed": gettext_lazy("Your roles do not allow this."),
    "reason_does_not_justify": gettext_lazy("This reason does not justify that."),
    "detail_missing": gettext_lazy("Something is missing; look at the fields of the reason."),
    "unknown_detail": gettext_lazy("Choose one of what is offered."),
    "undo_too_late": gettext_lazy("It is too late to undo this."),
    "not_own_decision": gettext_lazy("Only your own decision can be undone."),
    "not_reversible": gettext_lazy("This cannot be taken back as a whole: decide it anew."),
    "moved_on": gettext_lazy("It has moved since: decide it anew."),
    "appeal_depends": gettext_lazy("Somebody appealed: decide the appeal."),
    "preview_stale": gettext_lazy("Something has changed since: look again."),
    "nothing_to_decide": gettext_lazy("None of these cases would be decided."),
    "too_many_cases": gettext_lazy("Choose some cases, and not too many."),
    "hazard_opted_out": gettext_lazy("You opted out of what this is about; others judge it."),
    "break_running": gettext_lazy("It is time for a break. What you hold you may finish."),
    "review_staff_only": gettext_lazy("You may read this case; deciding is for reviewers."),
    "senior_staff_only": gettext_lazy("Senior reviewers and policy admins do this."),
    "own_standing": gettext_lazy("Somebody else has to decide about you."),
    "restriction_in_force": gettext_lazy("This restriction is in force already."),
    "asset_pending": gettext_lazy("This is being checked; try again in a moment."),
    "claimant_invalid": gettext_lazy("Say who claims it."),
    "reason_missing": gettext_lazy("A decision needs a reason."),
}


def in_words(
    code: str, *, error: TidegateError | None = None, case: CaseSummary | None = None
) -> str:
    """Return why something was refused; empty for no refusal.

    The facts (who holds the case, what was decided) come from the error, or from the case.
    """
    extra = dict(error.extra) if error is not None and error.extra else {}
    outcome = extra.get("outcome") or (case.outcome if case else "")
    if code == "case_decided":
        code = "released" if outcome == "release" else "blocked"
    if code not in _SENTENCES and isinstance(error, InvalidInput) and error.errors:
        code = error.errors[0].code
    if code not in _SENTENCES:
        return str(error) if error is not None else code
    return str(_SENTENCES[code]) % {
        "holder": extra.get("holder") or (case.holder if case else "") or _("Somebody else"),
        "decider": extra.get("decided_by") or (case.decided_by if case else "") or "Tidegate",
        "until": _until(str(extra.get("lease_expires_at", "")), case),
    }


def _until(text: str, case: CaseSummary | None) -> str:
    moment = datetime.fromisoformat(text) if text else case.lease_expires_at if case else None
    return time_format(timezone.localtime(moment), "H:i") if moment else "–"
