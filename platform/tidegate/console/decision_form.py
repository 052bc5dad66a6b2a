"""The form of a decision: what the console calls its parts, and what a posted one says."""

from collections.abc import Mapping
from typing import Any, Final

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from moderation.app.configuration import house_rules
from moderation.app.models import Restriction
from moderation.app.services.actions import ACTIONS
from moderation.core.house_rules import Ground
from tidegate.accounts.viewers import Viewer

LAST_DECISION: Final = "last_decision"
ACTION_TITLES: Final[Mapping[str, str | Promise]] = {
    "release": _("Release"),
    "rate": _("Release with a rating"),
    "label": _("Release with labels"),
    "block": _("Block"),
    "remove": _("Remove for good"),
    "restrict_author": _("Block and restrict its author"),
    "second_level": _("Ask senior staff"),
    "refer_to_legal": _("Refer to legal"),
}
DONE_TITLES: Final[Mapping[str, str | Promise]] = {
    "release": _("Released"),
    "rate": _("Released with a rating"),
    "label": _("Released with labels"),
    "block": _("Blocked"),
    "remove": _("Removed for good"),
    "restrict_author": _("Blocked, and its author restricted"),
    "second_level": _("Senior staff was asked"),
    "refer_to_legal": _("Referred to legal"),
}
ROLE_TITLES: Final[Mapping[str, str | Promise]] = {
    "reviewer": _("Reviewer"),
    "senior_reviewer": _("Senior reviewer"),
    "policy_admin": _("Policy admin"),
    "auditor": _("Auditor"),
    "legal_counsel": _("Legal counsel"),
}
CALLS: Final[Mapping[str, str | Promise]] = {
    "": _("as I decide"),
    "right": _("were right"),
    "wrong": _("were wrong"),
    "unsure": _("I cannot say"),
}
RULE_TITLES: Final[Mapping[str, str | Promise]] = {
    "score_block": _("A score above what blocks"),
    "score_hold": _("A score above what holds"),
    "unknown_hazard": _("A hazard that nobody has ruled on"),
    "word_list": _("A listed word"),
    "hash_list": _("A listed fingerprint"),
    "allow_list": _("A fingerprint that is allowed"),
    "detector_missing": _("A check is missing"),
    "detector_failed": _("A check failed"),
    "label_missing": _("A check said nothing of a hazard"),
    "rule": _("A rule of the policy"),
    "rule_failed": _("A rule could give no answer"),
    "minor_and_sexual": _("Minors and sexual content together"),
    "lineage": _("Made from what was blocked"),
    "duplicate": _("The same was blocked"),
    "author_review": _("Its author is under review"),
}
DESK_TITLES: Final[Mapping[str, str | Promise]] = {
    "first": _("reviewers"),
    "senior": _("senior staff"),
    "legal": _("legal"),
}
BULK_STATES: Final[Mapping[str, str | Promise]] = {
    "running": _("under way"),
    "done": _("done"),
    "reversing": _("being taken back"),
    "reversed": _("taken back"),
}
WHY_TWO: Final[Mapping[str, str | Promise]] = {
    "action": _("Nobody does this alone."),
    "restriction": _("Nobody restricts somebody so far alone."),
    "descendants": _("It would hold many works of others."),
    "staff_author": _("Staff made it."),
}
REFUSALS: Final[Mapping[str, str | Promise]] = {
    "case_decided": _("decided already"),
    "case_held": _("a colleague works on it"),
    "appeal": _("an appeal is decided on its own"),
    "other_desk": _("it waits at another desk"),
    "own_asset": _("you made it"),
    "own_decision": _("you decided it before"),
    "own_appeal": _("you appeal"),
    "own_proposal": _("you asked for another person"),
    "second_level": _("it needs two people"),
    "moved_on": _("it has moved since"),
    "appeal_depends": _("somebody appealed"),
    "not_reversible": _("it cannot be taken back as a whole"),
    "review_staff_only": _("whoever asked has lost the role"),
    "action_not_allowed": _("whoever asked has lost the role"),
}


def decision_in(form: QueryDict) -> dict[str, Any]:
    """Return what a posted form decides, as `decide_case` takes it; fields of others are left."""
    action = form.get("action", "")
    return {
        "action": action,
        "reason": form.get("reason", ""),
        "reason_code": form.get("reason_code", ""),
        "details": {**_details_of(action, form), **_needed(form)},
        "list_hashes": form.get("list_hashes") == "on",
        "calls": form.get("calls", ""),
    }


def choices_for(viewer: Viewer) -> dict[str, Any]:
    """Return what the form offers to somebody: what their roles let them do."""
    rules = house_rules()
    offered = [action for action in ACTIONS.values() if viewer.has_role(action.may)]
    branches: dict[str, list[Ground]] = {}
    for ground in rules.grounds.values():
        branches.setdefault(ground.branch.en, []).append(ground)
    return {
        "actions": [action.name for action in offered],
        "rulings": [action.name for action in offered if action.ruling is not None],
        "branches": [(grounds[0].branch, grounds) for grounds in branches.values()],
        "ratings": rules.ratings.values(),
        "labels": rules.labels.values(),
        "restrictions": Restriction.Kind.values,
        "calls": CALLS.items(),
    }


def _details_of(action: str, form: QueryDict) -> dict[str, Any]:
    if action == "rate":
        return {"rating": form.get("rating", "")}
    if action == "label":
        return {"labels": form.getlist("labels")}
    if action == "restrict_author":
        hours = form.get("hours", "").strip()
        return {
            "kind": form.get("kind", ""),
            # What is no number is refused with the words for that, and not silently left out.
            **({"hours": int(hours) if hours.isdecimal() else hours} if hours else {}),
        }
    return {}


def _needed(form: QueryDict) -> dict[str, str]:
    ground = house_rules().grounds.get(form.get("reason_code", ""))
    if ground is None:
        return {}
    return {one.name: form.get(f"{ground.code}-{one.name}", "") for one in ground.needs}
